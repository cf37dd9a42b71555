"""Annotated pages as they pass between steps: small frozen values that refer to image files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from redaction.pages.geometry import Xyxy, as_xyxy
from redaction.values import Frozen
from redaction.workspace import Workspace


class Split(StrEnum):
    """Use of a document's pages. Fixed permanently when the document's first page is annotated."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Style(StrEnum):
    """Appearance of a redaction. `UNKNOWN` is for annotations without a style."""

    BLACK = "black"
    OUTLINED = "outlined"
    GREY = "grey"
    COLOURED = "coloured"
    UNKNOWN = "unknown"


class Box(Frozen):
    """One redaction, in page pixels (see `redaction.pages.geometry` for the convention)."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str = "redaction"
    style: Style = Style.UNKNOWN


class AnnotatedPage(Frozen):
    """A page image and the boxes on it, drawn by a person or, if `synthetic`, by the synthesis."""

    page: str
    """Name of the page, unique in its dataset: ``<document>/<four-digit page index>``."""
    document: str
    """SHA-256 of the document's bytes, or of the recipe of a synthetic page."""
    image: str
    """The image file, relative to the dataset's root."""
    sha256: str
    """SHA-256 of the image file's bytes."""
    width: int
    height: int
    split: Split
    synthetic: bool = False
    boxes: tuple[Box, ...] = ()

    @property
    def xyxy(self) -> Xyxy:
        """The boxes as an array of shape (n, 4), in page pixels."""
        return as_xyxy([(b.x0, b.y0, b.x1, b.y1) for b in self.boxes])


class Dataset(Frozen):
    """Annotated pages under one root folder."""

    root: str
    revision: str | None = None
    """Git revision of the workspace checkpoint that holds these files; None for synthetic pages."""
    unjudged: str | None = None
    """Digest of the checkpoint's files until they are validated: the validation runs again if a file has changed."""
    pages: tuple[AnnotatedPage, ...]

    def image_path(self, page: AnnotatedPage) -> Path:
        """Path of the page's image.

        Raises:
            RedactionError: the path leads out of the root.
        """
        return Workspace.at(self.root).inside(page.image)

    def where(self, keep: Callable[[AnnotatedPage], bool]) -> Dataset:
        """The dataset reduced to the pages for which `keep` is true."""
        return self.model_copy(update={"pages": tuple(page for page in self.pages if keep(page))})

    def of_split(self, split: Split) -> Dataset:
        """The dataset reduced to one split."""
        return self.where(lambda page: page.split == split)

    @property
    def digest(self) -> str:
        """SHA-256 over the content and boxes of all pages. Independent of image paths."""
        lines = sorted(page.model_dump_json(exclude={"image"}) for page in self.pages)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def concatenate(*datasets: Dataset) -> Dataset:
    """One dataset with the pages of all `datasets`, with absolute image paths and the revision of the first."""
    pages = (page.model_copy(update={"image": str(dataset.image_path(page))}) for dataset in datasets for page in dataset.pages)
    return Dataset(root="/", revision=datasets[0].revision, pages=tuple(pages))


class SyntheticDataset(Dataset):
    """Synthetic pages. Stored together with their images, because no checkpoint holds them."""
