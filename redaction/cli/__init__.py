"""The ``redaction`` command: what people do by hand.

Each group lives in a module of its own and imports what is heavy only when it runs, so that ``redaction --help`` is quick and
nothing but training ever loads torch.
"""

# no `from __future__ import annotations` here: it would put a name in the place of the module `annotations` of this package
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from redaction.errors import RedactionError

HELP = """Keep a redaction detector alive: find documents, annotate, train, deploy, watch.

The two pipelines run with ZenML's own command:

  zenml pipeline run pipelines.annotation_ingestion.annotation_ingestion -c configs/annotation_ingestion.yaml

  zenml pipeline run pipelines.ct_cd.ct_cd -c configs/ct_cd.yaml
"""


def build() -> typer.Typer:
    """The whole command, put together."""
    from redaction.cli import (
        annotations,
        checkpoints,
        configs,
        dashboard,
        demo,
        detector,
        doctor,
        documents,
        evaluate,
        samples,
        scheduler,
        service,
        stack,
        starter,
        synth,
    )

    app = typer.Typer(name="redaction", no_args_is_help=True, pretty_exceptions_enable=False, help=HELP)
    app.callback()(_use_workspace)
    groups = (documents, annotations, checkpoints, synth, service, stack, configs, samples)
    for group in groups:
        app.add_typer(group.app, name=group.__name__.rpartition(".")[2])
    commands = (
        detector.detect,
        evaluate.evaluate,
        service.rollback,
        doctor.doctor,
        scheduler.scheduler,
        dashboard.dashboard,
        demo.demo,
        starter.starter,
    )
    for command in commands:
        app.command()(command)
    return app


def main() -> None:
    """Run the command; a fault that a person can put right is one sentence and exit status 1."""
    try:
        build()()
    except RedactionError as error:
        # what is wrong may quote a file or a name that was chosen by a stranger: nothing in it may be taken for markup
        Console(stderr=True).print(f"[red]redaction:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)


def _use_workspace(
    workspace: Annotated[
        Path | None, typer.Option(help="The workspace's folder; else REDACTION_WORKSPACE, else ./workspace.", show_default=False)
    ] = None,
) -> None:
    if workspace is not None:
        os.environ["REDACTION_WORKSPACE"] = str(workspace)
