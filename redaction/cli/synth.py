"""``redaction synth``: preview synthetic pages."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import former_names

if TYPE_CHECKING:
    from redaction.synthesis.appearances import AppearanceName

app = typer.Typer(no_args_is_help=True, help="Preview synthetic pages with drawn redactions.")


@app.callback()
def _group() -> None:
    """Keep this a group although it has only one command."""


@app.command(context_settings=former_names(out="output", looks="appearances"))
def preview(
    output: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("synthesis.png"),
    seed: Annotated[int, typer.Option(help="Seed; another seed makes other pages.")] = 0,
    pages: Annotated[int, typer.Option(min=1, max=200, help="How many pages to make.")] = 20,
    appearances: Annotated[
        str | None,
        typer.Option(help="Draw only these, such as marker,tape; by default all, as in the configuration.", show_default=False),
    ] = None,
) -> None:
    """Write a contact sheet of synthetic pages with their redactions framed.

    The color of a frame shows the redaction's style.

    Example: redaction synth preview --pages 8 --appearances marker,tape --output tape.png
    """
    from redaction.contact_sheet import contact_sheet_png
    from redaction.files import write_bytes
    from redaction.synthesis import SynthesisConfig, synthesize

    config = SynthesisConfig(seed=seed, pages=pages, workers=1)
    if appearances is not None:
        config = config.model_copy(update={"appearances": _equal_weights(appearances), "share_without_redactions": 0.0})
    with tempfile.TemporaryDirectory() as folder:
        dataset = synthesize(config, None, Path(folder) / "pages")
        write_bytes(output, contact_sheet_png(dataset, page_width_px=420, limit=pages), private=False)
    boxes = sum(len(page.boxes) for page in dataset.pages)
    typer.echo(f"{output} (pages: {len(dataset.pages)}, redactions: {boxes})")


def _equal_weights(names: str) -> dict[AppearanceName, float]:
    """The same weight for each appearance in a comma-separated list.

    Raises:
        RedactionError: the list is empty, or a name is unknown.
    """
    from redaction.errors import RedactionError
    from redaction.synthesis.appearances import AppearanceName

    given = [name.strip() for name in names.split(",") if name.strip()]
    unknown = sorted(set(given) - set(AppearanceName))
    if unknown or not given:
        problem = f"{', '.join(unknown)} is unknown" if unknown else "no appearance is named"
        raise RedactionError(f"--appearances {names}: {problem}; choose from {', '.join(AppearanceName)}.")
    return {AppearanceName(name): 1.0 for name in given}
