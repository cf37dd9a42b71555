"""``redaction detect``: find the redactions in one PDF or page image; needs no workspace and no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from redaction.errors import RedactionError

if TYPE_CHECKING:
    from redaction.lifecycle.detectors import LoadedDetector
    from redaction.pages.geometry import Detections
    from redaction.pages.image import PageImage


def detect(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A PDF, or the image of one page.")],
    detector: Annotated[
        str | None,
        typer.Option(
            help="A detector's folder, a version in the workspace, or 'starter', which ships with the program; when left out the "
            "workspace's champion, else the starter.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the boxes to this file, too.", show_default=False)] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Lowest score that counts; else the detector's own.", show_default=False)
    ] = None,
) -> None:
    """Find the redactions on every page of a file, and how much of each page they cover.

    Example: redaction detect report.pdf --json found.json
    """
    from redaction.files import write_text
    from redaction.lifecycle.detectors import load_detector
    from redaction.workspace import Workspace

    loaded = load_detector(detector, Workspace.at())
    lowest = loaded.operating_point if threshold is None else threshold
    console = Console()
    pages = list(_found(file, loaded, lowest, console))
    console.print(_summary(file.name, pages), markup=False, highlight=False, soft_wrap=True)
    console.print(_table(pages))
    if out is not None:
        found = {"file": file.name, "detector": loaded.version, "digest": loaded.digest, "threshold": lowest, "pages": pages}
        write_text(out, json.dumps(found, indent=1) + "\n")
    if any("fault" in page for page in pages):
        raise typer.Exit(1)


def _found(file: Path, detector: LoadedDetector, threshold: float, console: Console) -> Iterator[dict[str, Any]]:
    """What is found on each page; a page that cannot be rendered says why, and costs the others nothing."""
    from redaction.pages.image import page_from_file
    from redaction.pages.pdf import Pdf

    def look_at(number: int, page: PageImage) -> dict[str, Any]:
        return _findings(number, page, detector.predictor.predict(page).at_least(threshold))

    with file.open("rb") as opened:
        is_pdf = b"%PDF-" in opened.read(1024)
    if not is_pdf:
        yield look_at(1, page_from_file(file))
        return
    with Pdf(file) as pdf:
        rendered = track(pdf.pages(), "pages", len(pdf), console=console, transient=True, disable=not console.is_terminal)
        for number, page in enumerate(rendered, 1):
            if isinstance(page, RedactionError):
                yield {"page": number, "fault": str(page), "redactions": []}
            else:
                yield look_at(number, page)


def _findings(number: int, page: PageImage, detections: Detections) -> dict[str, Any]:
    from redaction.pages.geometry import covered_share

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
        if "fault" in page:
            table.add_row(str(page["page"]), escape(page["fault"]))
            continue
        best = max((box["score"] for box in page["redactions"]), default=None)
        cells = (len(page["redactions"]), f"{page['covered_share']:.1%}", "" if best is None else f"{best:.2f}")
        table.add_row(str(page["page"]), *map(str, cells))
    return table
