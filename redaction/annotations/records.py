"""What an annotation file says, page by page, in one form for every tool and before anything of it is believed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from redaction.dataset import Style
from redaction.values import Frozen


class ParsedBox(Frozen):
    """One box as a file tells it: ``xyxy`` in pixels of the image that the annotator saw."""

    row: str
    """Where in the file it stands, for people."""
    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    style: Style = Style.UNKNOWN


class ParsedPage(Frozen):
    """One annotated page as a file tells it: every way in which the file names the page, and the boxes."""

    row: str
    paths: tuple[str, ...] = ()
    """File names or paths of the page's image."""
    sha256: str | None = None
    """SHA-256 of the image's bytes."""
    document: str | None = None
    """SHA-256 of the document's bytes."""
    pdf: str | None = None
    """File name of the document."""
    page_index: int | None = None
    """Counts from 0."""
    width: float | None = None
    height: float | None = None
    annotator: str | None = None
    annotated_at: datetime | None = None
    boxes: tuple[ParsedBox, ...] = ()


class RefusalReason(StrEnum):
    """Why a row of an annotation file was refused."""

    MALFORMED = "malformed"
    NOT_ACCEPTED = "not accepted by the annotator"
    UNKNOWN_PAGE = "unknown page"
    AMBIGUOUS_PAGE = "ambiguous page"
    UNRENDERED_PAGE = "page without an image"
    OTHER_SHAPE = "image of another shape"
    DUPLICATE_PAGE = "duplicate page"
    UNKNOWN_LABEL = "unknown label"
    EMPTY_BOX = "empty box"
    OUTSIDE_PAGE = "outside the page"
    DUPLICATE_BOX = "duplicate box"
    NO_BOX_LEFT = "no box left"


class RefusedRow(Frozen):
    """A row that was not taken, and why."""

    row: str
    reason: RefusalReason
    detail: str


class ParsedFile(Frozen):
    """Everything that a file says, and the rows that could not be read at all."""

    pages: tuple[ParsedPage, ...]
    refused: tuple[RefusedRow, ...] = ()


_STYLES = {
    "black": Style.BLACK,
    "white": Style.OUTLINED,
    "outline": Style.OUTLINED,
    "outlined": Style.OUTLINED,
    "grey": Style.GREY,
    "gray": Style.GREY,
    "colour": Style.COLOURED,
    "color": Style.COLOURED,
    "coloured": Style.COLOURED,
    "colored": Style.COLOURED,
}


def style_named(name: object) -> Style:
    """The style that an annotator's word means; a word that means none of ours is an unknown style."""
    return _STYLES.get(str(name).strip().lower(), Style.UNKNOWN)


def as_number(value: float) -> float | int:
    """The number as people would write it: without a decimal part where there is none."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded
