"""The ``redaction`` command.

Each command has its own module and imports heavy packages only when it runs, so ``redaction --help`` is quick and only training
loads torch.
"""

# Without `from __future__ import annotations`, which would shadow the submodule `annotations` of this package.
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from redaction.errors import RedactionError

HELP = """Keep a redaction detector up to date: find documents, annotate, train, deploy, monitor.

There are two pipelines: 'redaction run annotation_ingestion' and 'redaction run ct_cd'.
"""

DISTRIBUTION = "redaction-detector"
EXIT_CODES = "Exit codes: 0 success; 1 findings or failure; 2 usage error; 130 interrupted."

FIRST_STEPS = """\
What people do first:

  Look for redactions in a document
    redaction detect report.pdf

  See the whole life of a detector on sample data (a few minutes)
    redaction demo          (or: make demo)

  Ingest documents and annotate their pages
    redaction run annotation_ingestion
    redaction annotations queue --copy-to upload
    redaction annotations import my-boxes.json

  Train a detector, and deploy it if it is better
    redaction run ct_cd
    redaction runs show

  Serve the detector that ships, and look after the service
    redaction deploy starter
    redaction service status

All commands: redaction --help
"""

DETECTION, DATA, OPERATION = "Detection", "Data and evaluation", "Operation"
SAMPLES = "Samples and the starter detector"


def build() -> typer.Typer:
    """Assemble the command and its groups."""
    from redaction.cli import (
        annotations,
        checkpoints,
        configs,
        dashboard,
        demo,
        deploy,
        detector,
        doctor,
        documents,
        evaluate,
        run,
        runs,
        samples,
        scheduler,
        service,
        stack,
        starter,
        synth,
    )
    from redaction.cli.console import former_names
    from redaction.cli.help import HELP_OPTIONS, Group, name_flags_alone

    app = typer.Typer(
        name="redaction",
        cls=Group,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        help=HELP,
        epilog=EXIT_CODES,
        context_settings=HELP_OPTIONS,
    )
    app.callback()(_start)
    app.command(rich_help_panel=DETECTION)(detector.detect)
    app.command(rich_help_panel=DATA, context_settings=former_names(report="output"))(evaluate.evaluate)
    app.add_typer(documents.app, name="documents", rich_help_panel=DATA)
    app.add_typer(annotations.app, name="annotations", rich_help_panel=DATA)
    app.add_typer(checkpoints.app, name="checkpoints", rich_help_panel=DATA)
    app.command(rich_help_panel=OPERATION)(run.run)
    app.add_typer(runs.app, name="runs", rich_help_panel=OPERATION)
    app.command(rich_help_panel=OPERATION)(doctor.doctor)
    app.command(rich_help_panel=OPERATION)(deploy.deploy)
    app.add_typer(service.app, name="service", rich_help_panel=OPERATION)
    app.command("rollback", hidden=True)(service.rollback)  # the former name of `service rollback`
    app.command(rich_help_panel=OPERATION)(scheduler.scheduler)
    app.command(rich_help_panel=OPERATION)(dashboard.dashboard)
    app.add_typer(stack.app, name="stack", rich_help_panel=OPERATION)
    app.add_typer(configs.app, name="configs", rich_help_panel=OPERATION)
    app.command(rich_help_panel=SAMPLES)(demo.demo)
    app.command(rich_help_panel=SAMPLES)(starter.starter)
    app.add_typer(synth.app, name="synth", rich_help_panel=SAMPLES)
    app.add_typer(samples.app, name="samples", rich_help_panel=SAMPLES)
    name_flags_alone(app)
    return app


def main() -> None:
    """Run the command; print an error that the user can fix as one sentence, with exit status 1."""
    from redaction.files import storage_errors

    try:
        with storage_errors():
            build()()
    except RedactionError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        from importlib.metadata import distribution

        from redaction.cli.missing_extra import missing_extra

        sentence = missing_extra(error, distribution(DISTRIBUTION))
        if sentence is None:
            raise
        _fail(sentence)


def _fail(sentence: str) -> NoReturn:
    from rich.text import Text

    from redaction.cli.console import open_console

    open_console(stderr=True).print(Text.assemble(("redaction:", "red"), f" {sentence}"), soft_wrap=True)
    sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"redaction {version(DISTRIBUTION)}")
        raise typer.Exit


def _start(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(help="Folder of the workspace; by default REDACTION_WORKSPACE, or else ./workspace.", show_default=False),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    if workspace is not None:
        os.environ["REDACTION_WORKSPACE"] = str(workspace)
    if context.invoked_subcommand is None:
        typer.echo(FIRST_STEPS, nl=False)
