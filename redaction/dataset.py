"""Annotated pages as they flow between steps: small frozen values that point at images, never the images themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from redaction.pages.geometry import Xyxy, as_xyxy
from redaction.values import Frozen


class Split(StrEnum):
    """What a document's pages are for. A property of the document, fixed for ever when its first page is annotated."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Style(StrEnum):
    """How a redaction looks. `UNKNOWN` is for annotations whose author did not say."""

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
    """A page image and the boxes a person (or the synthesis, which then says so) put on it."""

    page: str
    """Name of the page, unique in its dataset: ``<document>/<four-digit page index>``."""
    document: str
    """SHA-256 of the document's bytes; for a synthetic page, of its recipe."""
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
    """Annotated pages under one root folder, and the checkpoint they were read from (none for synthetic pages)."""

    root: str
    revision: str | None = None
    """Git revision of the workspace checkpoint that holds these very bytes."""
    unjudged: str | None = None
    """Digest of that checkpoint's files, until they were held against what is said of them here: see `validate`."""
    pages: tuple[AnnotatedPage, ...]

    def image_path(self, page: AnnotatedPage) -> Path:
        """Where the page's image lies."""
        return Path(self.root) / page.image

    def where(self, keep: Callable[[AnnotatedPage], bool]) -> Dataset:
        """The same dataset with only the pages that `keep` accepts."""
        return self.model_copy(update={"pages": tuple(page for page in self.pages if keep(page))})

    def of_split(self, split: Split) -> Dataset:
        """Only the pages of one split."""
        return self.where(lambda page: page.split == split)

    @property
    def digest(self) -> str:
        """SHA-256 over every page's content and boxes, wherever its image lies."""
        lines = sorted(page.model_dump_json(exclude={"image"}) for page in self.pages)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def together(*datasets: Dataset) -> Dataset:
    """The pages of all of them as one dataset, whatever their roots; the revision is that of the first."""
    pages = (page.model_copy(update={"image": str(dataset.image_path(page))}) for dataset in datasets for page in dataset.pages)
    return Dataset(root="/", revision=datasets[0].revision, pages=tuple(pages))


class SyntheticDataset(Dataset):
    """Made pages, which travel with their images: no checkpoint holds these."""
