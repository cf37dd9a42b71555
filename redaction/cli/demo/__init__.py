"""``redaction demo``: the whole life of a detector, on a sample reading room or on a person's own documents."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redaction.workspace import Workspace


def demo(
    documents: Annotated[Path | None, typer.Option(help="Your own folder of PDFs, instead of the sample reading room.")] = None,
    annotations: Annotated[Path | None, typer.Option(help="COCO file with the redactions on their pages.")] = None,
    folder: Annotated[Path, typer.Option(help="Where everything goes; an earlier demo there is replaced.")] = Path(
        "demo-workspace"
    ),
    config: Annotated[str, typer.Option(help="Run configuration of ct_cd.")] = "configs/ct_cd.demo.yaml",
    sample_size: Annotated[int, typer.Option(min=20, help="Documents in the sample reading room.")] = 75,
) -> None:
    """Ingest, annotate, train, deploy, serve and watch: every step by the command that you would type yourself."""
    from redaction.cli.demo import story, summary
    from redaction.doctor import check_environment, require

    if (documents is None) != (annotations is None):
        raise typer.BadParameter("--documents and --annotations go together")
    require(check_environment(Workspace.at(folder)))
    console, started = Console(), time.monotonic()
    told = story.Demo(Workspace.at(folder), console)
    story.clear(told.workspace)
    story.require_free_port(config)
    if documents and annotations:
        source, boxes = story.own_documents(documents, annotations)
        story.ingest(told, source)
    else:
        with story.sample_documents(told, sample_size) as (source, boxes):
            story.ingest(told, source)
    story.annotate(told, boxes)
    story.train_and_deploy(told, config)
    story.send_requests(told)
    story.watch(told, config)
    summary.show(told, story.timed(started))
