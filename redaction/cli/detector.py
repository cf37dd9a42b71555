"""``redaction detect``: find the redactions in one PDF or page image, with a detector's folder and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from redaction.detector.preprocessing import Page
    from redaction.geometry import Detections

PAGE_DPI, MAX_PAGE_WIDTH_PX = 150, 1275
"""Pages are rendered as for training: 150 dpi, at most as wide as US Letter is then."""


def detect(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A PDF, or the image of one page.")],
    detector: Annotated[Path, typer.Option(exists=True, file_okay=False, help="The detector's folder.")],
    out: Annotated[Path | None, typer.Option("--json", help="Write the boxes to this file, too.", show_default=False)] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Lowest score that counts; else the detector's own.", show_default=False)
    ] = None,
) -> None:
    """Find the redactions on every page of a file, and how much of each page they cover."""
    from redaction.detector.artifact import Detector
    from redaction.detector.inference import Predictor
    from redaction.files import write_text

    loaded = Detector.load(detector)
    predictor = Predictor(loaded)
    lowest = loaded.operating_point if threshold is None else threshold
    pages = [
        _findings(number, page, predictor.predict(page).at_least(lowest)) for number, page in enumerate(_pages(file), start=1)
    ]
    console = Console()
    console.print(_summary(file.name, pages), markup=False, highlight=False, soft_wrap=True)
    console.print(_table(pages))
    if out is not None:
        found = {"file": file.name, "detector": loaded.version, "digest": loaded.digest, "threshold": lowest, "pages": pages}
        write_text(out, json.dumps(found, indent=1) + "\n")


def _pages(file: Path) -> Iterator[Page]:
    """The pages of a file, one after the other; RGB, uint8, (height, width, 3)."""
    from redaction.detector.preprocessing import page_from_file

    with file.open("rb") as opened:
        is_pdf = b"%PDF-" in opened.read(1024)
    if is_pdf:
        yield from _pdf_pages(file)
    else:
        yield page_from_file(file)


def _pdf_pages(file: Path) -> Iterator[Page]:
    import pypdfium2

    from redaction.detector.preprocessing import MAX_PIXELS
    from redaction.errors import RedactionError

    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as fault:
        raise RedactionError(f"{file} cannot be opened as a PDF ({fault}); is it damaged, or encrypted?") from fault
    with document:
        for number in range(len(document)):
            page = document[number]
            width, height = page.get_size()
            scale = min(PAGE_DPI / 72, MAX_PAGE_WIDTH_PX / max(width, 1))
            if not 1 <= width * height * scale**2 <= MAX_PIXELS:
                raise RedactionError(f"page {number + 1} of {file} cannot be rendered: it is {width:.0f} x {height:.0f} points.")
            yield page.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3]


def _findings(number: int, page: Page, detections: Detections) -> dict[str, Any]:
    from redaction.geometry import covered_share

    height, width = page.shape[:2]
    return {
        "page": number,
        "width": width,
        "height": height,
        "covered_share": round(covered_share(detections.xyxy, width, height), 6),
        "redactions": [
            {"xyxy": [round(side, 1) for side in xyxy], "score": round(score, 4)}
            for xyxy, score in zip(detections.xyxy.tolist(), detections.scores.tolist(), strict=True)
        ],
    }


def _summary(name: str, pages: list[dict[str, Any]]) -> str:
    found = sum(len(page["redactions"]) for page in pages)
    redacted = sum(bool(page["redactions"]) for page in pages)
    return f"Redactions in {name}: {found} (pages with any: {redacted} of {len(pages)})"


def _table(pages: list[dict[str, Any]]) -> Table:
    table = Table()
    for heading in ("page", "redactions", "covered", "best score"):
        table.add_column(heading, justify="right")
    for page in pages:
        best = max((box["score"] for box in page["redactions"]), default=None)
        cells = (len(page["redactions"]), f"{page['covered_share']:.1%}", "" if best is None else f"{best:.2f}")
        table.add_row(str(page["page"]), *map(str, cells))
    return table
