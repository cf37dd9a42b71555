"""``redaction synth``: look at what the synthesis makes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="Synthetic pages with drawn redactions.")


@app.callback()
def _group() -> None:
    """Synthetic pages with drawn redactions."""


@app.command()
def preview(
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("synthesis.png"),
    seed: Annotated[int, typer.Option(help="Another seed, other pages.")] = 0,
    pages: Annotated[int, typer.Option(min=1, max=200, help="How many pages to make.")] = 20,
) -> None:
    """Write a contact sheet of generated pages, each redaction framed in its style's colour."""
    from redaction.contact_sheet import contact_sheet_png
    from redaction.files import write_bytes
    from redaction.synthesis import SynthesisConfig, synthesize

    with tempfile.TemporaryDirectory() as folder:
        dataset = synthesize(SynthesisConfig(seed=seed, pages=pages, workers=1), None, Path(folder) / "pages")
        write_bytes(out, contact_sheet_png(dataset, page_width_px=420, limit=pages))
    boxes = sum(len(page.boxes) for page in dataset.pages)
    Console().print(f"{out} (pages: {len(dataset.pages)}, redactions: {boxes})", highlight=False, soft_wrap=True)
