"""Read annotated pages from a COCO file, with the PDFs or page images that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from redaction.annotations.box_checks import Size
from redaction.annotations.records import ParsedBox, ParsedPage
from redaction.annotations.tools.coco import read_coco
from redaction.dataset import Style
from redaction.errors import RedactionError
from redaction.evaluation.predicting import shared_style
from redaction.files import sha256_of_bytes
from redaction.pages.document import open_document
from redaction.pages.geometry import Xyxy, as_xyxy
from redaction.pages.image import PageImage
from redaction.pages.opened import OpenDocument
from redaction.pages.pdf import DEFAULT_DPI, MAX_WIDTH_PX

LABEL = "redaction"

SUFFIXES_OF_SEVERAL_PAGES = (".pdf", ".tif", ".tiff")
"""Of files that may hold several pages."""


@dataclass(frozen=True)
class ListedPage:
    """One page of a COCO file."""

    image_id: int | str
    name: str
    document: str
    """Name of its document, or of the page itself if the file names no document."""
    width: int
    """In pixels, as is the truth: of the annotated image, until `PageList.images` gives both for the page's own image."""
    height: int
    truth: Xyxy
    styles: tuple[str, ...]
    """Of each box: one of our styles, or the file's own word if it is not one of them."""
    record: ParsedPage = field(repr=False)
    scale: tuple[float, float] = (1.0, 1.0)
    """Pixels of the page's image per pixel of the annotated image, across and down."""

    @property
    def style(self) -> str:
        """See `redaction.evaluation.page_style`."""
        return shared_style(self.styles)

    def scaled_to(self, image: PageImage) -> ListedPage:
        """The page in pixels of this image, which may have another resolution than the annotated one.

        Raises:
            RedactionError: the image has another shape.
        """
        height, width = image.shape[:2]
        annotated, own = Size(self.width, self.height), Size(width, height)
        if annotated == own:
            return self
        if not annotated.has_shape_of(own):
            raise RedactionError(
                f"{self.name} has {own} pixels, but was annotated at {annotated}: another shape, so the boxes do not fit; "
                f"annotate it as documents are rendered, at {DEFAULT_DPI:g} dpi and at most {MAX_WIDTH_PX} pixels wide."
            )
        scale = width / self.width, height / self.height
        return replace(self, width=width, height=height, scale=scale, truth=as_xyxy(self.truth * np.array(scale * 2)))


@dataclass(frozen=True)
class PageList:
    """The pages of a COCO file, in its order, and the source of their images."""

    digest: str
    """SHA-256 of the file."""
    pages: tuple[ListedPage, ...]
    folder: Path
    from_pdfs: bool

    def images(self, pages: Sequence[ListedPage] | None = None) -> Iterator[tuple[ListedPage, PageImage]]:
        """Yield pages, scaled to their images, with these images (RGB, uint8, (height, width, 3)), opened one by one.

        Args:
            pages: some of the pages; None for all.

        Raises:
            RedactionError: a file is missing or cannot be read, or the image has another shape than the annotated one.
        """
        with _PageOpener() as opener:
            for page in self.pages if pages is None else pages:
                image = opener.open(_find_file(self.folder, page, self.from_pdfs), page, self.from_pdfs)
                yield page.scaled_to(image), image


def read_pages(coco: Path, *, pdfs: Path | None = None, images: Path | None = None) -> PageList:
    """Read a COCO file and check it; images are opened later, by `PageList.images`.

    Args:
        coco: the file.
        pdfs: folder of the documents, for a file whose images have ``pdf`` and ``page_index``; or
        images: folder of the page images, found by ``file_name``; and by ``page_index``, if a file holds several.

    Raises:
        RedactionError: neither or both folders are given; the file is empty, is not COCO, names unknown pages or other
            categories, or holds no page or no box; or the file of a page or document is missing.
    """
    folder = pdfs or images
    if folder is None or (pdfs and images):
        raise RedactionError("Give either --pdfs DIR, the documents to render, or --images DIR, the page images.")
    data = coco.read_bytes()
    content = _parse(data, coco)
    parsed = read_coco(content)
    refused = [*parsed.refused, *(row for page in parsed.pages for row in page.refused)]
    if refused:
        first = refused[0]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise RedactionError(f"{coco}: {first.row} is invalid: {first.reason}, {first.detail}{more}; correct the file.")
    pages = tuple(_listed_page(record, image["id"], coco) for record, image in zip(parsed.pages, content["images"], strict=True))
    _check_pages(pages, coco)
    for page in pages:
        _find_file(folder, page, bool(pdfs))
    return PageList(sha256_of_bytes(data), pages, folder, bool(pdfs))


def _parse(data: bytes, coco: Path) -> dict[str, Any]:
    if not data.strip():
        raise RedactionError(f"{coco} is empty; give a COCO file with images, annotations and categories.")
    try:
        content = json.loads(data)
    except ValueError as error:
        raise RedactionError(f"{coco} is not JSON ({error}); give a COCO file.") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in ("images", "annotations")):
        raise RedactionError(f"{coco} is not a COCO file: it needs the lists 'images' and 'annotations'.")
    return content


def _listed_page(record: ParsedPage, image_id: int | str, coco: Path) -> ListedPage:
    other = {box.label for box in record.boxes if box.label.strip().casefold() != LABEL}
    if other:
        raise RedactionError(
            f"{coco} has annotations of the category {sorted(other)[0]!r}; only {LABEL!r} is evaluated: remove the others."
        )
    if not record.width or not record.height:
        raise RedactionError(f"{coco}: {record.row} has no width and height; add them.")
    try:
        truth = as_xyxy([(box.x0, box.y0, box.x1, box.y1) for box in record.boxes])
    except ValueError as error:
        raise RedactionError(f"{coco}: {record.row} has an invalid box ({error}); correct it.") from error
    return ListedPage(
        image_id,
        _name(record),
        record.document or record.pdf or _file(record),
        round(record.width),
        round(record.height),
        truth,
        tuple(_style(box) for box in record.boxes),
        record,
    )


def _file(record: ParsedPage) -> str:
    return record.paths[0] if record.paths else str(record.pdf)


def _name(record: ParsedPage) -> str:
    is_page_of_file = not record.paths or Path(record.paths[0]).suffix.lower() in SUFFIXES_OF_SEVERAL_PAGES
    number = f" page {record.page_index + 1}" if is_page_of_file and record.page_index is not None else ""
    return f"{_file(record)}{number}"


def _style(box: ParsedBox) -> str:
    return box.style_name.lower() if box.style_name and box.style is Style.UNKNOWN else box.style.value


def _check_pages(pages: Sequence[ListedPage], coco: Path) -> None:
    if not pages:
        raise RedactionError(f"{coco} lists no image, so there is nothing to evaluate.")
    if not any(len(page.truth) for page in pages):
        raise RedactionError(f"{coco} has no annotation, so there is nothing to find; add pages with redactions.")


def _find_file(folder: Path, page: ListedPage, from_pdfs: bool) -> Path:
    """The path of a page's document or image."""
    record = page.record
    if from_pdfs and (record.pdf is None or record.page_index is None):
        raise RedactionError(f"{page.name} has no pdf and page_index; use --images with the folder of its image.")
    if not from_pdfs and not record.paths:
        raise RedactionError(f"{page.name} has no file_name; use --pdfs with the folder of its document.")
    name = str(record.pdf) if from_pdfs else record.paths[0]
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise RedactionError(f"{name!r} is outside the folder {folder}; move the file into it.")
    if not path.is_file():
        raise RedactionError(f"{folder} does not contain {name}, which the COCO file names; give the right folder.")
    return path


class _PageOpener:
    """Opens pages and keeps the last document open, because a file lists pages document by document."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._document: OpenDocument | None = None

    def __enter__(self) -> _PageOpener:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def open(self, path: Path, page: ListedPage, from_pdfs: bool) -> PageImage:
        """The image of a page of the document at `path`.

        An image is a document of one page; its ``page_index`` may be that of the document it was made from.
        """
        if self._document is None or path != self._path:
            self._close()
            self._document, self._path = open_document(path), path
        count, index = len(self._document), page.record.page_index
        if count == 1 and not from_pdfs:
            index = 0
        if index is None:
            raise RedactionError(f"{path} has {count} pages; say by page_index (from 0) which of them {page.record.row} is.")
        if index >= count:
            raise RedactionError(f"{path} has {count} pages, so page_index {index} of {page.name} is wrong; correct it.")
        return self._document.page(index)

    def _close(self) -> None:
        if self._document is not None:
            self._document.close()
        self._document = None
