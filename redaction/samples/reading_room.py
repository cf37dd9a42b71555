"""Generating the sample reading room: documents, ground truth, the web pages that link to them, and malformed files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from redaction.dataset import Style
from redaction.errors import RedactionError
from redaction.files import new_folder
from redaction.pages.pdf import DEFAULT_DPI
from redaction.samples import malformed
from redaction.samples.pdf_pages import GroundTruthPage, write_digital_page, write_scanned_page
from redaction.samples.web_pages import REDIRECT, web_pages
from redaction.synthesis.recipes import shuffled_flags
from redaction.synthesis.sheet import new_pdf

REDACTED_SHARE = 0.72
_STYLE_WEIGHTS = {Style.BLACK: 4, Style.OUTLINED: 3, Style.GREY: 2, Style.COLOURED: 3}
_PAGE_COUNT_WEIGHTS = {1: 4, 2: 3, 3: 2, 4: 1}
SCANNED_SHARE = 0.3

MALFORMED = {
    "truncated.pdf": "truncated",
    "not-a-pdf.pdf": "an HTML page named like a PDF",
    "empty.pdf": "no bytes",
    "locked.pdf": "needs a password",
    "no-pages.pdf": "a PDF without pages",
}
"""Files that cannot be rendered, with what is wrong with each."""
BROKEN_PAGE = "broken-page.pdf"
"""The document whose second page cannot be loaded; its first and third can."""


@dataclass(frozen=True)
class ReadingRoom:
    """A generated reading room: `site` is what the web server serves, `annotations` the ground truth as an annotation export."""

    folder: Path
    documents: tuple[str, ...]
    """File names in ``site/documents`` of the documents that can be rendered, including the one with a broken page."""
    pages: int
    """Number of pages that can be rendered. All of them are in the annotations, with or without redactions."""
    boxes: int

    @property
    def site(self) -> Path:
        """The root folder of the web site."""
        return self.folder / "site"

    @property
    def annotations(self) -> Path:
        """The ground truth, as COCO."""
        return self.folder / "annotations.json"


def make_reading_room(folder: Path, seed: int = 0, documents: int = 60) -> ReadingRoom:
    """Generate a reading room in a new folder. The same seed and number give the same documents and boxes.

    Args:
        documents: number of ordinary documents, with one to four pages each; the one with a broken page is added to them.

    Raises:
        RedactionError: the folder already exists, or `documents` is less than two.
    """
    if folder.exists():
        raise RedactionError(f"{folder} already exists; choose a new folder for the sample reading room.")
    if documents < 2:
        raise RedactionError(f"A reading room needs two or more documents, not {documents}.")
    with new_folder(folder) as unfinished:
        site = unfinished / "site"
        ground_truth = _write_documents(site / "documents", seed, documents)
        _write_special_files(site, seed, sorted(ground_truth))
        names = [name for name in ground_truth if name != BROKEN_PAGE]
        for path, text in web_pages(names, [*MALFORMED, BROKEN_PAGE]).items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(text, encoding="utf-8")
        coco = _coco(ground_truth)
        (unfinished / "annotations.json").write_text(json.dumps(coco, indent=1), encoding="utf-8")
    return ReadingRoom(folder, tuple(ground_truth), len(coco["images"]), len(coco["annotations"]))


def _write_documents(folder: Path, seed: int, count: int) -> dict[str, dict[int, GroundTruthPage]]:
    """Write the PDFs; return the ground truth of their pages by file name and page index."""
    folder.mkdir(parents=True)
    rng = _random(seed, "documents")
    styles = [style for style, weight in _STYLE_WEIGHTS.items() for _ in range(weight)]
    page_counts = rng.choices(list(_PAGE_COUNT_WEIGHTS), list(_PAGE_COUNT_WEIGHTS.values()), k=count)
    redacted = shuffled_flags(rng, sum(page_counts), REDACTED_SHARE)
    ground_truth: dict[str, dict[int, GroundTruthPage]] = {}
    for number, pages in enumerate(page_counts, start=1):
        # cycling through the styles gives even a small room all of them
        style = styles[number * 5 % len(styles)]
        data, truth = _document(_random(seed, f"document {number}"), [style if redacted.pop() else None for _ in range(pages)])
        suffix = ".PDF" if number % 10 == 3 else ".pdf"
        name = f"{rng.choice(['letter', 'filing', 'memo', 'report', 'record'])}-{number:04}{suffix}"
        (folder / name).write_bytes(data)
        ground_truth[name] = dict(enumerate(truth))
    data, truth = _document(_random(seed, "broken"), [Style.BLACK, None, Style.BLACK])
    (folder / BROKEN_PAGE).write_bytes(malformed.without_second_page(data))
    ground_truth[BROKEN_PAGE] = {0: truth[0], 2: truth[2]}
    return ground_truth


def _document(rng: Random, styles: list[Style | None]) -> tuple[bytes, list[GroundTruthPage]]:
    """A PDF with one page per style, all scanned or all digital, and its ground truth."""
    pdf = new_pdf()
    write = write_scanned_page if rng.random() < SCANNED_SHARE else write_digital_page
    pages = [write(pdf, rng, style) for style in styles]
    return bytes(pdf.output()), pages


def _write_special_files(site: Path, seed: int, names: list[str]) -> None:
    """Write the malformed files, a document disallowed by robots.txt, and a copy of a document under a second URL."""
    rng = _random(seed, "trouble")
    contents = {
        "truncated.pdf": malformed.truncated(rng),
        "not-a-pdf.pdf": malformed.NOT_A_PDF,
        "empty.pdf": b"",
        "locked.pdf": malformed.encrypted(rng),
        "no-pages.pdf": malformed.NO_PAGES,
    }
    for name, data in contents.items():
        (site / "documents" / name).write_bytes(data)
    ordinary = [name for name in names if name != BROKEN_PAGE]
    private, _ = _document(rng, [Style.BLACK])
    for path, data in {"private/sealed.pdf": private, "mirror/copy.pdf": (site / "documents" / ordinary[0]).read_bytes()}.items():
        (site / path).parent.mkdir()
        (site / path).write_bytes(data)
    (site / "redirects.json").write_text(json.dumps({f"/{REDIRECT}": f"/documents/{ordinary[1]}"}), encoding="utf-8")


def _coco(ground_truth: Mapping[str, Mapping[int, GroundTruthPage]]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for name, pages in ground_truth.items():
        for index, page in pages.items():
            images.append(
                {
                    "id": len(images) + 1,
                    "file_name": f"{Path(name).stem}_p{index + 1:04}.png",
                    "pdf": name,
                    "page_index": index,
                    "width": page.width,
                    "height": page.height,
                    "dpi": DEFAULT_DPI,
                    "style": page.style.value if page.style else "none",
                }
            )
            for box in page.boxes:
                bbox = [round(value, 2) for value in (box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0)]
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": len(images),
                        "category_id": 1,
                        "bbox": bbox,
                        "area": round(bbox[2] * bbox[3], 2),
                        "iscrowd": 0,
                        "style": box.style.value,
                    }
                )
    return {
        "info": {"description": "Sample reading room: generated documents with known redactions"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "redaction"}],
    }


def _random(seed: int, part: str) -> Random:
    return Random(f"reading room {seed} {part}")  # noqa: S311 - pictures, not secrets
