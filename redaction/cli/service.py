"""``redaction service``: start, stop and look after the service; and ``redaction rollback``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from redaction.errors import RedactionError
from redaction.workspace import Workspace

app = typer.Typer(help="The service that answers POST /detect: start, stop, status, logs.", no_args_is_help=True)
console = Console(soft_wrap=True, highlight=False, markup=False)


@app.command(
    epilog="Examples:  redaction service start  |  redaction service start --port 8080  |  "
    'curl -F "page=@page.png" http://127.0.0.1:3000/detect'
)
def start(
    version: Annotated[str | None, typer.Option(help="Detector version; the one in production when left out.")] = None,
    bento: Annotated[str | None, typer.Option(help="Bento tag instead of a version, as in `bentoml list`.")] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="Interface; the last service's, else 127.0.0.1. Nobody is asked for a password: think before opening it."
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port; the last service's, else 3000.")] = None,
) -> None:
    """Start the service in the background, and wait until it takes requests."""
    from serving.bento_store import NAME
    from serving.local import control
    from serving.release.release import production_tag, service_address

    workspace = Workspace.existing()
    tag = bento or (f"{NAME}:{version}" if version else production_tag(workspace))
    if tag is None:
        raise RedactionError(
            f"No detector is in production in {workspace.root}; deploy one with the ct_cd pipeline, or name a --version."
        )
    running = control.start(workspace, tag, *service_address(workspace, host, port))
    console.print(f"{running.bento_tag} takes requests on {running.url}. Try:")
    console.print(f'  curl -F "page=@page.png" {running.url}/detect')


@app.command(epilog="Example:  redaction service stop")
def stop() -> None:
    """Stop the service; requests that are under way are finished first."""
    from serving.local import control

    stopped = control.stop(Workspace.existing())
    console.print("The service has stopped." if stopped else "No service was running.")


@app.command(epilog="Example:  redaction service status || redaction service start")
def status() -> None:
    """Say what runs, since when, and whether it takes requests. Exits with 1 when it does not."""
    from serving.local import control

    workspace = Workspace.existing()
    now = control.status(workspace)
    if not now.running:
        console.print("No service is running; `redaction service start` starts the detector in production.")
        raise typer.Exit(1)
    table = Table(show_header=False, box=None)
    rows = {
        "version": now.version,
        "url": now.url,
        "ready": "yes" if now.ready else "no",
        "up for": _duration(now.uptime_s or 0),
        "restarts": now.restarts,
        "supervisor": f"process {now.pid}",
        "log": control.service_folder(workspace).log_file,
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    console.print(table)
    raise typer.Exit(0 if now.ready else 1)


@app.command(epilog="Examples:  redaction service logs -n 100  |  redaction service logs --follow")
def logs(
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come; Ctrl+C ends it.")] = False,
) -> None:
    """Show the service's log."""
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


def rollback(
    version: Annotated[str | None, typer.Argument(help="Version to bring back; the one before this when left out.")] = None,
) -> None:
    """Bring an earlier detector back into production. Example:  redaction rollback nano-1dad0c80."""
    from serving.release.release import rollback as bring_back

    outcome = bring_back(Workspace.existing(), version)
    if not outcome.served:
        raise RedactionError(f"Version {outcome.version} was not brought back: {' '.join(outcome.reasons)}")
    console.print(f"Version {outcome.version} is in production again, on {outcome.url}.")
    _promote(outcome.version)


def _promote(version: str) -> None:
    """Let ZenML's Model Control Plane say the same as the catalog."""
    from steps.model_control_plane import promote_version

    try:
        promote_version(version)
    except KeyError:
        console.print(f"ZenML's active store does not know version {version}, so its stage there was not changed.")


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = {"d": days, "h": hours, "min": minutes, "s": seconds}
    shown = [f"{value} {unit}" for unit, value in parts.items() if value]
    return " ".join(shown[:2]) or "0 s"
