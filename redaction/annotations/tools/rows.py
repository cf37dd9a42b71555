"""What the readers of all formats have in common: rows whose null means absent, boxes from corners, and refusals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from math import isnan
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from redaction.annotations.records import RefusalReason, RefusedRow

Corners = tuple[float, float, float, float]
"""Left, upper, right and lower side of a box."""

MIN_POLYGON_POINTS = 3


class Row(BaseModel):
    """An object of an annotation file. A null or NaN is an absent field; a number is its text where text is expected."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None and not _is_nan(value)}


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error


UtcTime = Annotated[datetime, AfterValidator(_in_utc)]
"""A time; UTC if the file does not say otherwise."""


class RotatedError(ValueError):
    """A box is rotated, so its sides are not those of an upright rectangle."""

    def __init__(self, degrees: float) -> None:
        super().__init__(f"the box is rotated by {degrees:g} degrees; draw it upright")


def check_upright(degrees: float) -> None:
    """Raise `RotatedError` unless the rotation is a number of full turns."""
    if degrees % 360 != 0:
        raise RotatedError(degrees)


def corners(x: float, y: float, width: float, height: float) -> Corners:
    """The corners of a box, which may have been drawn from any of them: a negative width or height extends to the left or up."""
    return min(x, x + width), min(y, y + height), max(x, x + width), max(y, y + height)


def bounding_box(points: Iterable[tuple[float, float]]) -> Corners:
    """The corners of the smallest box around the points of a polygon.

    Raises:
        ValueError: there are fewer than `MIN_POLYGON_POINTS`.
    """
    all_points = list(points)
    if len(all_points) < MIN_POLYGON_POINTS:
        raise ValueError(f"a polygon needs {MIN_POLYGON_POINTS} points or more")
    xs, ys = zip(*all_points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def refusal(row: str, error: ValueError) -> RefusedRow:
    """The refusal of a row that could not be read. Of pydantic's errors it names the first and quotes no content of the row."""
    reason = RefusalReason.ROTATED_BOX if isinstance(error, RotatedError) else RefusalReason.MALFORMED
    detail = _first_error(error) if isinstance(error, ValidationError) else str(error)
    return RefusedRow(row=row, reason=reason, detail=detail)


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] in ("model_type", "model_attributes_type"):
        return "it is not an object with named fields"
    location = ".".join(str(part) for part in first["loc"])
    return f"{location}: {first['msg']}" if location else first["msg"]
