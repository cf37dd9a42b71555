"""``redaction samples``: a reading room to try everything on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="A sample reading room: documents with known redactions, and a web server for them.")


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Folder to make; must not exist.")],
    seed: Annotated[int, typer.Option(help="Another seed, other documents.")] = 0,
    documents: Annotated[int, typer.Option(min=2, max=5000, help="How many documents, of one to four pages each.")] = 60,
) -> None:
    """Make PDFs, their known redactions (annotations.json, COCO) and the web pages that link to them."""
    from redaction.samples import make_reading_room

    room = make_reading_room(folder, seed, documents)
    counts = f"documents: {len(room.documents)}, pages: {room.pages}, redactions: {room.boxes}"
    text = f"{room.site}, {room.annotations} ({counts})"
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="A folder that `redaction samples make` made.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8090,
) -> None:
    """Serve the reading room on loopback until Ctrl-C."""
    from redaction.samples import serve_reading_room

    console = Console()
    with serve_reading_room(folder, port) as server:
        console.print(f"Serving {folder} at {server.url} (Ctrl-C ends it)", markup=False, highlight=False, soft_wrap=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            console.print("Stopped.")
