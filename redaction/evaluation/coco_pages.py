"""Annotated pages from a COCO file and the documents, or page images, that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redaction.annotations.records import ParsedPage, style_named
from redaction.annotations.tools.coco import read_coco
from redaction.dataset import Style
from redaction.errors import RedactionError
from redaction.evaluation.judging import shared_style
from redaction.files import sha256_of_bytes
from redaction.pages.geometry import Xyxy, as_xyxy
from redaction.pages.image import PageImage, page_from_file
from redaction.pages.pdf import MAX_PAGE_WIDTH_PX, PAGE_DPI, Pdf

LABEL = "redaction"


@dataclass(frozen=True)
class ListedPage:
    """One page of a COCO file."""

    image_id: int | str
    name: str
    document: str
    """Its document's name, or its own where the file names none."""
    width: int
    height: int
    truth: Xyxy
    styles: tuple[str, ...]
    """Of each box: ours where the word is known, else the file's own word."""
    record: ParsedPage = field(repr=False)

    @property
    def style(self) -> str:
        """See `redaction.evaluation.page_style`."""
        return shared_style(self.styles)


@dataclass(frozen=True)
class PageList:
    """The pages of a COCO file, in its order, and where their images come from."""

    digest: str
    """SHA-256 of the file."""
    pages: tuple[ListedPage, ...]
    folder: Path
    from_pdfs: bool

    def images(self, pages: Sequence[ListedPage] | None = None) -> Iterator[tuple[ListedPage, PageImage]]:
        """The pages with their images (RGB, uint8, (height, width, 3)), opened or rendered one by one.

        Raises:
            RedactionError: a file is missing or cannot be read, or the image is not of the size that was annotated.
        """
        opened = _Documents()
        with opened:
            for page in self.pages if pages is None else pages:
                yield page, _sized(opened.render(self.folder, page) if self.from_pdfs else _image(self.folder, page), page)


def read_pages(coco: Path, *, pdfs: Path | None = None, images: Path | None = None) -> PageList:
    """Read a COCO file; the images stay where they are.

    Args:
        coco: the file.
        pdfs: folder of the documents, for a file whose images say ``pdf`` and ``page_index``; or
        images: folder of the page images, by ``file_name``.

    Raises:
        RedactionError: neither or both folders are given, or the file is empty, not COCO, names unknown pages or other
            categories, or holds no page or no box; or a page or its document is missing.
    """
    folder = pdfs or images
    if folder is None or (pdfs and images):
        raise RedactionError("give either --pdfs DIR, the documents to render, or --images DIR, the images of their pages.")
    data = coco.read_bytes()
    content = _content(data, coco)
    parsed = read_coco(content)
    if parsed.refused:
        first = parsed.refused[0]
        more = f" (and {len(parsed.refused) - 1} more)" if len(parsed.refused) > 1 else ""
        raise RedactionError(f"{coco}: {first.row} is wrong: {first.reason}, {first.detail}{more}; correct the file.")
    pages = tuple(_listed(record, image, content, coco) for record, image in zip(parsed.pages, content["images"], strict=True))
    _check(pages, coco)
    for page in pages:
        _place(folder, page, bool(pdfs))
    return PageList(sha256_of_bytes(data), pages, folder, bool(pdfs))


def _content(data: bytes, coco: Path) -> dict[str, Any]:
    if not data.strip():
        raise RedactionError(f"{coco} is empty; give a COCO file with images, annotations and categories.")
    try:
        content = json.loads(data)
    except ValueError as fault:
        raise RedactionError(f"{coco} is not JSON ({fault}); give a COCO file.") from fault
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in ("images", "annotations")):
        raise RedactionError(f"{coco} is not a COCO file: it needs the lists images and annotations.")
    return content


def _listed(record: ParsedPage, image: dict[str, Any], content: dict[str, Any], coco: Path) -> ListedPage:
    other = {box.label for box in record.boxes if box.label.casefold() != LABEL}
    if other:
        raise RedactionError(
            f"{coco} has annotations of the category {sorted(other)[0]!r}; only {LABEL!r} is evaluated: remove the others."
        )
    name = record.paths[0] if record.paths else f"{record.pdf} page {(record.page_index or 0) + 1}"
    if not record.width or not record.height:
        raise RedactionError(f"{coco}: {record.row} has no width and height; add them.")
    try:
        truth = as_xyxy([(box.x0, box.y0, box.x1, box.y1) for box in record.boxes])
    except ValueError as fault:
        raise RedactionError(f"{coco}: {record.row} has a box that is none ({fault}); correct it.") from fault
    rows = [row for row in content["annotations"] if row["image_id"] == image["id"]]
    words = [row.get("style") or (row.get("attributes") or {}).get("style") or image.get("style") for row in rows]
    return ListedPage(
        image["id"],
        name,
        record.document or record.pdf or name,
        int(record.width),
        int(record.height),
        truth,
        tuple(_style(word) for word in words),
        record,
    )


def _style(word: str | None) -> str:
    known = style_named(word)
    return word.strip().lower() if word and known is Style.UNKNOWN else known.value


def _check(pages: Sequence[ListedPage], coco: Path) -> None:
    if not pages:
        raise RedactionError(f"{coco} lists no image, so there is nothing to evaluate.")
    if not any(len(page.truth) for page in pages):
        raise RedactionError(f"{coco} has no annotation, so there is nothing to find; give pages of which some hold redactions.")
    ids = [page.image_id for page in pages]
    twice = next((number for number in ids if ids.count(number) > 1), None)
    if twice is not None:
        raise RedactionError(f"{coco} has two images with the id {twice!r}; give each its own.")


def _place(folder: Path, page: ListedPage, from_pdfs: bool) -> Path:
    """Where a page's document or image lies."""
    record = page.record
    if from_pdfs and (record.pdf is None or record.page_index is None):
        raise RedactionError(f"{page.name} does not say its pdf and page_index; use --images with the folder of its image.")
    if not from_pdfs and not record.paths:
        raise RedactionError(f"{page.name} has no file_name; use --pdfs with the folder of its document.")
    name = str(record.pdf) if from_pdfs else record.paths[0]
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise RedactionError(f"{name!r} leads out of the folder {folder}; refusing to open it.")
    if not path.is_file():
        raise RedactionError(f"{folder} holds no {name}, which the COCO file names; give the right folder.")
    return path


def _image(folder: Path, page: ListedPage) -> PageImage:
    return page_from_file(_place(folder, page, from_pdfs=False))


def _sized(image: PageImage, page: ListedPage) -> PageImage:
    height, width = image.shape[:2]
    if (width, height) != (page.width, page.height):
        raise RedactionError(
            f"{page.name} has {width} x {height} pixels, but was annotated at {page.width} x {page.height}: "
            f"the boxes would not fit; documents are rendered at {PAGE_DPI} dpi, at most {MAX_PAGE_WIDTH_PX} pixels wide."
        )
    return image


class _Documents:
    """Renders pages, and keeps the last document open: a file lists pages document by document."""

    def __init__(self) -> None:
        self._pdf: Pdf | None = None

    def __enter__(self) -> _Documents:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def render(self, folder: Path, page: ListedPage) -> PageImage:
        """The image of a page of its document."""
        path, index = _place(folder, page, from_pdfs=True), page.record.page_index or 0
        if self._pdf is None or path != self._pdf.path:
            self._close()
            self._pdf = Pdf(path)
        if index >= len(self._pdf):
            raise RedactionError(f"{path} has {len(self._pdf)} pages, so page_index {index} of {page.name} is wrong.")
        return self._pdf.page(index)

    def _close(self) -> None:
        if self._pdf is not None:
            self._pdf.close()
        self._pdf = None
