"""``redaction synth``: look at what the synthesis makes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from redaction.synthesis.looks import LookName

app = typer.Typer(no_args_is_help=True, help="Synthetic pages with drawn redactions.")


@app.callback()
def _group() -> None:
    """Synthetic pages with drawn redactions."""


@app.command()
def preview(
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("synthesis.png"),
    seed: Annotated[int, typer.Option(help="Another seed, other pages.")] = 0,
    pages: Annotated[int, typer.Option(min=1, max=200, help="How many pages to make.")] = 20,
    looks: Annotated[str | None, typer.Option(help="Only these, such as marker,tape; all, as configured, if left out.")] = None,
) -> None:
    """Write a contact sheet of generated pages, each redaction framed in its style's color."""
    from redaction.contact_sheet import contact_sheet_png
    from redaction.files import write_bytes
    from redaction.synthesis import SynthesisConfig, synthesize

    config = SynthesisConfig(seed=seed, pages=pages, workers=1)
    if looks is not None:
        config = config.model_copy(update={"looks": _weights(looks), "share_without_redactions": 0.0})
    with tempfile.TemporaryDirectory() as folder:
        dataset = synthesize(config, None, Path(folder) / "pages")
        write_bytes(out, contact_sheet_png(dataset, page_width_px=420, limit=pages))
    boxes = sum(len(page.boxes) for page in dataset.pages)
    Console().print(f"{out} (pages: {len(dataset.pages)}, redactions: {boxes})", markup=False, highlight=False, soft_wrap=True)


def _weights(looks: str) -> dict[LookName, float]:
    """The looks named, all equally often.

    Raises:
        RedactionError: one of them is no look.
    """
    from redaction.errors import RedactionError
    from redaction.synthesis.looks import LookName

    names = [name.strip() for name in looks.split(",") if name.strip()]
    unknown = sorted(set(names) - set(LookName))
    if unknown or not names:
        raise RedactionError(f"--looks {looks}: {', '.join(unknown) or 'nothing'} is no look; choose from {', '.join(LookName)}.")
    return {LookName(name): 1.0 for name in names}
