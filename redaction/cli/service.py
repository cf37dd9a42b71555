"""``redaction service``: start, stop, watch and roll back the detection service."""

from __future__ import annotations

from typing import Annotated

import typer

from redaction.cli.console import JsonFlag, print_json
from redaction.cli.missing_extra import require
from redaction.errors import RedactionError
from redaction.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Start, stop, watch and roll back the service that answers POST /detect.")


@app.command()
def start(
    version: Annotated[
        str | None, typer.Option(help="Detector version; by default the one in production.", show_default=False)
    ] = None,
    bento: Annotated[
        str | None, typer.Option(help="Bento tag instead of a version, as listed by `bentoml list`.", show_default=False)
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on; by default that of the last service, or else 127.0.0.1. The service asks for no "
            "password: think before you open it to a network.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port; by default that of the last service, or else 3000.", show_default=False),
    ] = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay in the foreground until Ctrl+C or SIGTERM; for systemd.")
    ] = False,
) -> None:
    """Start the service in the background, and wait until it accepts requests.

    Example: redaction service start --port 8080

    Example: redaction service start --foreground

    Example: curl -F "page=@page.png" http://127.0.0.1:3000/detect
    """
    require("bentoml")
    from serving.app.names import SERVICE_NAME
    from serving.local import control
    from serving.release.release import production_tag, service_address

    workspace = Workspace.existing()
    tag = bento or (f"{SERVICE_NAME}:{version}" if version else production_tag(workspace))
    if tag is None:
        raise RedactionError(
            f"No detector is in production in {workspace.root}; deploy one (`redaction deploy starter`), or name a --version."
        )
    address = service_address(workspace, host, port)
    if foreground:
        log = control.service_folder(workspace).log_file
        typer.echo(f"{tag} is being started on port {address[1]}; its log is {log}.", err=True)
        control.run(workspace, tag, *address)
        return
    running = control.start(workspace, tag, *address)
    typer.echo(f"{running.bento_tag} accepts requests on {running.url}. Try:")
    typer.echo(f'  curl -F "page=@page.png" {running.url}/detect')


@app.command()
def stop() -> None:
    """Stop the service, after the requests in progress.

    Example: redaction service stop
    """
    require("bentoml")
    from serving.local import control

    stopped = control.stop(Workspace.existing())
    typer.echo("The service has stopped." if stopped else "No service was running.")


@app.command()
def status(as_json: JsonFlag = False) -> None:
    """Show what is running, for how long, and whether it accepts requests.

    Exit status 1 when it does not.

    Example: redaction service status || redaction service start
    """
    require("bentoml")
    from redaction.progress import format_duration
    from serving.local import control

    workspace = Workspace.existing()
    service = control.status(workspace)
    if as_json:
        print_json(service)
    elif not service.running:
        typer.echo("No service is running; `redaction service start` starts the detector in production.")
    else:
        for name, value in (
            ("version", service.version),
            ("url", service.url),
            ("ready", "yes" if service.ready else "no"),
            ("uptime", format_duration(service.uptime_s or 0)),
            ("restarts", service.restarts),
            ("supervisor", f"process {service.pid}"),
            ("log", control.service_folder(workspace).log_file),
        ):
            typer.echo(f"{name:<12}{value}")
    raise typer.Exit(0 if service.ready else 1)


@app.command()
def logs(
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last lines to show.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep showing new lines; Ctrl+C stops it.")] = False,
) -> None:
    """Show the log of the service.

    Example: redaction service logs -n 100 --follow
    """
    require("bentoml")
    from serving.local import control

    workspace = Workspace.existing()
    log = control.service_folder(workspace).log_file
    if not log.exists():
        typer.echo(f"There is no {log} yet: no service was started in this workspace.", err=True)
    for line in control.log_lines(workspace, lines):
        typer.echo(line)
    if follow:
        for line in control.follow_log(workspace):
            typer.echo(line)


@app.command()
def rollback(
    version: Annotated[
        str | None, typer.Argument(help="Version to put back; by default the one before the present one.", show_default=False)
    ] = None,
) -> None:
    """Put an earlier detector back into production.

    Example: redaction service rollback nano-1dad0c80
    """
    require("zenml")
    from redaction.cli.deploy import promote
    from serving.release.release import rollback as roll_back

    outcome = roll_back(Workspace.existing(), version)
    if not outcome.served:
        raise RedactionError(f"Version {outcome.version} was not put back: {' '.join(outcome.reasons)}")
    typer.echo(f"Version {outcome.version} is in production, on {outcome.url}.")
    promote(outcome.version)
