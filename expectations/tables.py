"""Annotated pages as the two tables that the suites check: one row per page, one row per box."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image, UnidentifiedImageError

from redaction.dataset import AnnotatedPage, Dataset
from redaction.errors import RedactionError
from redaction.files import sha256_of_file

PAGE_COLUMNS = {
    "page": "object",
    "document": "object",
    "image": "object",
    "sha256": "object",
    "size": "object",
    "split": "object",
    "synthetic": "bool",
    "image_found": "bool",
    "image_sha256": "object",
    "image_size": "object",
}
BOX_COLUMNS = {
    "page": "object",
    "box": "int64",
    "synthetic": "bool",
    "label": "object",
    "style": "object",
    "x0": "float64",
    "y0": "float64",
    "x1": "float64",
    "y1": "float64",
    "box_width": "float64",
    "box_height": "float64",
    "area_share": "float64",
    "page_width": "int64",
    "page_height": "int64",
}

UNREADABLE = "unreadable"

HASHING_THREADS = 4
"""Reading waits for the disk and hashing releases the interpreter lock, so a few threads help even on few cores."""


@dataclass(frozen=True)
class _ImageFile:
    found: bool
    sha256: str | None = None
    size: str | None = None


def page_table(dataset: Dataset) -> pd.DataFrame:
    """One row per page: its entry in the dataset, and the properties of its image file.

    Sizes are strings such as ``1275x1650``. ``image_sha256`` is the digest of the file as it is now, ``image_size`` is read from
    the image header (``unreadable`` if it is not an image); both are missing if there is no file. Files outside the dataset's
    root are never read and count as not found.
    """
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        files = list(pool.map(lambda page: _image_file(dataset, page), dataset.pages))
    rows = [
        (
            page.page,
            page.document,
            page.image,
            page.sha256,
            f"{page.width}x{page.height}",
            page.split.value,
            page.synthetic,
            file.found,
            file.sha256,
            file.size,
        )
        for page, file in zip(dataset.pages, files, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(PAGE_COLUMNS)).astype(PAGE_COLUMNS)


def box_table(dataset: Dataset) -> pd.DataFrame:
    """One row per box, in page pixels; ``box`` starts at 0 on each page, ``area_share`` is the box's share of the page area."""
    rows = [
        (
            page.page,
            number,
            page.synthetic,
            box.label,
            box.style.value,
            box.x0,
            box.y0,
            box.x1,
            box.y1,
            box.x1 - box.x0,
            box.y1 - box.y0,
            (box.x1 - box.x0) * (box.y1 - box.y0) / max(page.width * page.height, 1),
            page.width,
            page.height,
        )
        for page in dataset.pages
        for number, box in enumerate(page.boxes)
    ]
    return pd.DataFrame(rows, columns=list(BOX_COLUMNS)).astype(BOX_COLUMNS)


def _image_file(dataset: Dataset, page: AnnotatedPage) -> _ImageFile:
    try:
        path = dataset.image_path(page)
    except RedactionError:  # it leads out of the root
        path = None
    if path is None or not path.is_file():
        return _ImageFile(found=False)
    return _ImageFile(found=True, sha256=sha256_of_file(path), size=_size_from_header(path))


def _size_from_header(path: Path) -> str:
    try:
        with Image.open(path) as image:
            return f"{image.width}x{image.height}"
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return UNREADABLE
