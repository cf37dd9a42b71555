"""Read annotated pages from a COCO file, with the PDFs or page images that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redaction.annotations.records import ParsedPage, parse_style
from redaction.annotations.tools.coco import read_coco
from redaction.dataset import Style
from redaction.errors import RedactionError
from redaction.evaluation.predicting import shared_style
from redaction.files import sha256_of_bytes
from redaction.pages.geometry import Xyxy, as_xyxy
from redaction.pages.image import PageImage, page_from_file
from redaction.pages.pdf import DEFAULT_DPI, MAX_WIDTH_PX, Pdf

LABEL = "redaction"


@dataclass(frozen=True)
class ListedPage:
    """One page of a COCO file."""

    image_id: int | str
    name: str
    document: str
    """Name of its document, or of the page itself if the file names no document."""
    width: int
    height: int
    truth: Xyxy
    styles: tuple[str, ...]
    """Of each box: one of our styles, or the file's own word if it is not one of them."""
    record: ParsedPage = field(repr=False)

    @property
    def style(self) -> str:
        """See `redaction.evaluation.page_style`."""
        return shared_style(self.styles)


@dataclass(frozen=True)
class PageList:
    """The pages of a COCO file, in its order, and the source of their images."""

    digest: str
    """SHA-256 of the file."""
    pages: tuple[ListedPage, ...]
    folder: Path
    from_pdfs: bool

    def images(self, pages: Sequence[ListedPage] | None = None) -> Iterator[tuple[ListedPage, PageImage]]:
        """Yield pages with their images (RGB, uint8, (height, width, 3)), opened or rendered one by one.

        Args:
            pages: some of the pages; None for all.

        Raises:
            RedactionError: a file is missing or cannot be read, or the image does not have the annotated size.
        """
        with _PageRenderer() as renderer:
            for page in self.pages if pages is None else pages:
                path = _find_file(self.folder, page, self.from_pdfs)
                image = renderer.render(path, page) if self.from_pdfs else page_from_file(path)
                _check_size(image, page)
                yield page, image


def read_pages(coco: Path, *, pdfs: Path | None = None, images: Path | None = None) -> PageList:
    """Read a COCO file and check it; images are opened later, by `PageList.images`.

    Args:
        coco: the file.
        pdfs: folder of the documents, for a file whose images have ``pdf`` and ``page_index``; or
        images: folder of the page images, found by ``file_name``.

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
    if parsed.refused:
        first = parsed.refused[0]
        more = f" (and {len(parsed.refused) - 1} more)" if len(parsed.refused) > 1 else ""
        raise RedactionError(f"{coco}: {first.row} is invalid: {first.reason}, {first.detail}{more}; correct the file.")
    pages = tuple(
        _listed_page(record, image, content, coco) for record, image in zip(parsed.pages, content["images"], strict=True)
    )
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


def _listed_page(record: ParsedPage, image: dict[str, Any], content: dict[str, Any], coco: Path) -> ListedPage:
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
    except ValueError as error:
        raise RedactionError(f"{coco}: {record.row} has an invalid box ({error}); correct it.") from error
    annotations = [row for row in content["annotations"] if row["image_id"] == image["id"]]
    styles = [row.get("style") or (row.get("attributes") or {}).get("style") or image.get("style") for row in annotations]
    return ListedPage(
        image["id"],
        name,
        record.document or record.pdf or name,
        int(record.width),
        int(record.height),
        truth,
        tuple(_style(style) for style in styles),
        record,
    )


def _style(name: str | None) -> str:
    known = parse_style(name)
    return name.strip().lower() if name and known is Style.UNKNOWN else known.value


def _check_pages(pages: Sequence[ListedPage], coco: Path) -> None:
    if not pages:
        raise RedactionError(f"{coco} lists no image, so there is nothing to evaluate.")
    if not any(len(page.truth) for page in pages):
        raise RedactionError(f"{coco} has no annotation, so there is nothing to find; add pages with redactions.")
    ids = [page.image_id for page in pages]
    duplicate = next((number for number in ids if ids.count(number) > 1), None)
    if duplicate is not None:
        raise RedactionError(f"{coco} has two images with the id {duplicate!r}; give each its own.")


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


def _check_size(image: PageImage, page: ListedPage) -> None:
    height, width = image.shape[:2]
    if (width, height) != (page.width, page.height):
        raise RedactionError(
            f"{page.name} has {width} x {height} pixels, but was annotated at {page.width} x {page.height}, so the boxes "
            f"do not fit; annotate it at {DEFAULT_DPI:g} dpi and at most {MAX_WIDTH_PX} pixels wide, as documents are rendered."
        )


class _PageRenderer:
    """Renders pages and keeps the last document open, because a file lists pages document by document."""

    def __init__(self) -> None:
        self._pdf: Pdf | None = None

    def __enter__(self) -> _PageRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def render(self, path: Path, page: ListedPage) -> PageImage:
        """Render a page of the document at `path`."""
        index = page.record.page_index or 0
        if self._pdf is None or path != self._pdf.path:
            self._close()
            self._pdf = Pdf(path)
        if index >= len(self._pdf):
            raise RedactionError(f"{path} has {len(self._pdf)} pages, so page_index {index} of {page.name} is wrong; correct it.")
        return self._pdf.page(index)

    def _close(self) -> None:
        if self._pdf is not None:
            self._pdf.close()
        self._pdf = None
