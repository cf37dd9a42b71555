"""The parsed content of an annotation file, page by page: the same classes for every format, before any check."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from redaction.dataset import Style
from redaction.values import Frozen

PERCENT = 100.0


class ParsedBox(Frozen):
    """One box of an annotation file: ``xyxy`` in pixels of the annotated image, or in percent if its page says so."""

    row: str
    """Its place in the file, for messages."""
    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    style: Style = Style.UNKNOWN
    style_name: str | None = None
    """The file's own word for the style."""


class RefusalReason(StrEnum):
    """Why a row of an annotation file was refused."""

    MALFORMED = "malformed"
    NOT_ACCEPTED = "not accepted by the annotator"
    UNKNOWN_PAGE = "unknown page"
    AMBIGUOUS_PAGE = "ambiguous page"
    UNRENDERED_PAGE = "page without an image"
    OTHER_SHAPE = "image of another shape"
    UNKNOWN_LABEL = "unknown label"
    ROTATED_BOX = "rotated box"
    EMPTY_BOX = "empty box"
    OUTSIDE_PAGE = "outside the page"


class RefusedRow(Frozen):
    """A refused row of an annotation file, and the reason."""

    row: str
    reason: RefusalReason
    detail: str


class ParsedPage(Frozen):
    """One answer for a page in an annotation file: every key that identifies the page, and its boxes."""

    row: str
    """Its place in the file, for messages."""
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
    """Width of the annotated image in pixels."""
    height: float | None = None
    annotator: str | None = None
    annotated_at: datetime | None = None
    is_ground_truth: bool = False
    """Marked as the one right answer, in a tool that can do so."""
    boxes: tuple[ParsedBox, ...] = ()
    in_percent: bool = False
    """The boxes are in percent of the image's sides, because the file gives no size of the image."""
    refused: tuple[RefusedRow, ...] = ()
    """Why the answer is incomplete: its boxes that could not be read, or that the annotator did not accept the page."""
    superseded: int = 0
    """Number of other answers for the page over which this one was chosen; see `redaction.annotations.answers`."""


class ParsedFile(Frozen):
    """The answers of an annotation file, and the rows that belong to none of its pages."""

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


def parse_style(name: object) -> Style:
    """The style that an annotation file's word stands for; `Style.UNKNOWN` for any other word."""
    return _STYLES.get(str(name).strip().lower(), Style.UNKNOWN)


def compact_number(value: float) -> float | int:
    """The number rounded to hundredths; an int if it is whole."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded
