"""``redaction demo``: the whole life of a detector, on a sample reading room or on the user's own documents."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from redaction.cli.missing_extra import require
from redaction.workspace import Workspace


def demo(
    documents: Annotated[
        Path | None, typer.Option(help="Folder of your own PDFs, instead of the sample reading room.", show_default=False)
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="COCO file with the redactions in your own PDFs.", show_default=False)
    ] = None,
    folder: Annotated[Path, typer.Option(help="Folder for all results; an earlier demo there is replaced.")] = Path(
        "demo-workspace"
    ),
    config: Annotated[str, typer.Option(help="Run configuration of ct_cd.")] = "configs/ct_cd.demo.yaml",
    sample_size: Annotated[int, typer.Option(min=20, help="Number of documents in the sample reading room.")] = 75,
) -> None:
    """Ingest, serve, annotate, train, decide and monitor on sample data.

    Every step is shown as the command that you would type yourself.

    Example: redaction demo --documents my-pdfs --annotations my-boxes.json
    """
    require("torch")
    from rich.console import Console

    from redaction.cli.demo import story, summary
    from redaction.doctor import check_environment, require_ready

    if (documents is None) != (annotations is None):
        raise typer.BadParameter("--documents and --annotations must be given together")
    require_ready(check_environment(Workspace.at(folder)))
    started = time.monotonic()
    this = story.Demo(Workspace.at(folder), Console(markup=False, emoji=False, highlight=False))
    story.clear(this.workspace)
    story.require_free_port(config)
    if documents and annotations:
        source, boxes = story.own_documents(documents, annotations)
        story.ingest(this, source)
    else:
        with story.sample_documents(this, sample_size) as (source, boxes):
            story.ingest(this, source)
    story.serve_starter(this, config)
    story.annotate(this, boxes)
    story.train(this, config)
    story.send_requests(this)
    story.monitor(this, config)
    summary.show(this, story.elapsed(started))
