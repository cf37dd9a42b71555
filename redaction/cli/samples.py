"""``redaction samples``: make and serve a sample reading room."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Make and serve a sample reading room: documents with known redactions.")


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Folder to create; it must not exist.")],
    seed: Annotated[int, typer.Option(help="Seed; another seed makes other documents.")] = 0,
    documents: Annotated[int, typer.Option(min=2, max=5000, help="How many documents to make, of one to four pages each.")] = 60,
) -> None:
    """Make documents with known redactions, and a web site that lists them.

    The redactions are in annotations.json, as COCO.

    Example: redaction samples make room --documents 20
    """
    from redaction.samples import make_reading_room

    room = make_reading_room(folder, seed, documents)
    counts = f"documents: {len(room.documents)}, pages: {room.pages}, redactions: {room.boxes}"
    typer.echo(f"{room.site}, {room.annotations} ({counts})")


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder made by `redaction samples make`.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 chooses a free one.")] = 8090,
) -> None:
    """Serve a reading room on 127.0.0.1 until Ctrl+C.

    Example: redaction samples serve room
    """
    from redaction.samples import serve_reading_room

    with serve_reading_room(folder, port) as server:
        typer.echo(f"Serving {folder} at {server.url} (Ctrl+C stops it)")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            typer.echo("Stopped.")
