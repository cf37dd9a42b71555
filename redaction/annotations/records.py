"""The parsed content of an annotation file, page by page: the same classes for every format, before any check."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from redaction.dataset import Style
from redaction.values import Frozen


class ParsedBox(Frozen):
    """One box of an annotation file: ``xyxy`` in pixels of the annotated image."""

    row: str
    """Its place in the file, for messages."""
    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    style: Style = Style.UNKNOWN


class ParsedPage(Frozen):
    """One annotated page of an annotation file: every key that identifies the page, and its boxes."""

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
    """A refused row of an annotation file, and the reason."""

    row: str
    reason: RefusalReason
    detail: str


class ParsedFile(Frozen):
    """The pages of an annotation file, and the rows that could not be parsed."""

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


def malformed(row: str, error: ValueError) -> RefusedRow:
    """The refusal of a row that could not be parsed. Of pydantic's errors it names the first and quotes no content of the row."""
    detail = _first_error(error) if isinstance(error, ValidationError) else str(error)
    return RefusedRow(row=row, reason=RefusalReason.MALFORMED, detail=detail)


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "model_type":
        return "it is not an object with named fields"
    location = ".".join(str(part) for part in first["loc"])
    return f"{location}: {first['msg']}" if location else first["msg"]


def compact_number(value: float) -> float | int:
    """The number rounded to hundredths; an int if it is whole."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded
