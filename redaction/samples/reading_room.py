"""Making the sample reading room: documents, their known redactions, the pages that link to them, and some trouble."""

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
from redaction.samples import malformed
from redaction.samples.pdf_pages import DPI, KnownPage, write_digital_page, write_scanned_page
from redaction.samples.web_pages import REDIRECT, web_pages
from redaction.synthesis.sheet import new_pdf

SHARE_REDACTED = 0.72
_STYLES = {Style.BLACK: 4, Style.OUTLINED: 3, Style.GREY: 2, Style.COLOURED: 3}
_PAGE_COUNTS = {1: 4, 2: 3, 3: 2, 4: 1}
_SHARE_SCANNED = 0.3

MALFORMED = {
    "truncated.pdf": "cut off in the middle",
    "not-a-pdf.pdf": "an HTML page under a PDF's name",
    "empty.pdf": "no bytes at all",
    "locked.pdf": "opens with a password only",
    "no-pages.pdf": "a PDF without a page",
}
"""Files of the reading room that nothing can be rendered from, and what is wrong with each."""
BROKEN_PAGE = "broken-page.pdf"
"""The document whose second page cannot be loaded, while its first and third can."""


@dataclass(frozen=True)
class ReadingRoom:
    """A made reading room. `site` is what the web server shows; `annotations` is what an annotator would hand in."""

    folder: Path
    documents: tuple[str, ...]
    """File names, in ``site/documents``, of the documents that can be rendered (the one with a broken page among them)."""
    pages: int
    """Pages that can be rendered, over all documents; all of them are in the annotations, with or without redactions."""
    boxes: int

    @property
    def site(self) -> Path:
        """The folder that is served."""
        return self.folder / "site"

    @property
    def annotations(self) -> Path:
        """The known redactions, as COCO."""
        return self.folder / "annotations.json"


def make_reading_room(folder: Path, seed: int = 0, documents: int = 60) -> ReadingRoom:
    """Make a reading room in a new folder: the same seed and number give the same documents and boxes.

    Args:
        documents: how many ordinary documents, of one to four pages each; the one with a broken page comes on top.

    Raises:
        RedactionError: the folder is there already, or fewer than two documents are asked for.
    """
    if folder.exists():
        raise RedactionError(f"{folder} is there already; name a folder that does not exist for the sample reading room.")
    if documents < 2:
        raise RedactionError(f"A reading room of {documents} documents cannot be made; ask for two or more.")
    with new_folder(folder) as unfinished:
        site = unfinished / "site"
        known = _write_documents(site / "documents", seed, documents)
        _write_trouble(site, seed, sorted(known))
        names = [name for name in known if name != BROKEN_PAGE]
        for path, text in web_pages(names, [*MALFORMED, BROKEN_PAGE]).items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(text, encoding="utf-8")
        coco = _coco(known)
        (unfinished / "annotations.json").write_text(json.dumps(coco, indent=1), encoding="utf-8")
    return ReadingRoom(folder, tuple(known), len(coco["images"]), len(coco["annotations"]))


def _write_documents(folder: Path, seed: int, count: int) -> dict[str, dict[int, KnownPage]]:
    """Write the PDFs and return what is known of each one's pages, by file name and page index."""
    folder.mkdir(parents=True)
    rng = _random(seed, "documents")
    styles = [style for style, weight in _STYLES.items() for _ in range(weight)]
    page_counts = rng.choices(list(_PAGE_COUNTS), list(_PAGE_COUNTS.values()), k=count)
    redacted = _flags(rng, sum(page_counts))
    known: dict[str, dict[int, KnownPage]] = {}
    for number, pages in enumerate(page_counts, start=1):
        # each style comes up in turn, so that a small room has all of them
        style = styles[number * 5 % len(styles)]
        data, known_pages = _document(
            _random(seed, f"document {number}"), [style if redacted.pop() else None for _ in range(pages)]
        )
        suffix = ".PDF" if number % 10 == 3 else ".pdf"
        name = f"{rng.choice(['letter', 'filing', 'memo', 'report', 'record'])}-{number:04}{suffix}"
        (folder / name).write_bytes(data)
        known[name] = dict(enumerate(known_pages))
    data, known_pages = _document(_random(seed, "broken"), [Style.BLACK, None, Style.BLACK])
    (folder / BROKEN_PAGE).write_bytes(malformed.without_second_page(data))
    known[BROKEN_PAGE] = {0: known_pages[0], 2: known_pages[2]}
    return known


def _flags(rng: Random, pages: int) -> list[bool]:
    """For each page whether it is redacted: the share is met exactly, so that a small room has it too."""
    flags = [index < round(SHARE_REDACTED * pages) for index in range(pages)]
    rng.shuffle(flags)
    return flags


def _document(rng: Random, styles: list[Style | None]) -> tuple[bytes, list[KnownPage]]:
    """A PDF with a page for each entry, all of them scanned or none, and what is known of them."""
    pdf = new_pdf()
    write = write_scanned_page if rng.random() < _SHARE_SCANNED else write_digital_page
    pages = [write(pdf, rng, style) for style in styles]
    return bytes(pdf.output()), pages


def _write_trouble(site: Path, seed: int, names: list[str]) -> None:
    """The malformed files, a document that robots may not fetch, and the same document under a second URL."""
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


def _coco(known: Mapping[str, Mapping[int, KnownPage]]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for name, pages in known.items():
        for index, page in pages.items():
            images.append(
                {
                    "id": len(images) + 1,
                    "file_name": f"{Path(name).stem}_p{index + 1:04}.png",
                    "pdf": name,
                    "page_index": index,
                    "width": page.width,
                    "height": page.height,
                    "dpi": DPI,
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
        "info": {"description": "Sample reading room: documents made on the spot, redactions known from their making"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "redaction"}],
    }


def _random(seed: int, part: str) -> Random:
    return Random(f"reading room {seed} {part}")  # noqa: S311 - pictures, not secrets
