"""Read and write the JSON lines of Prodigy's ``image.manual`` recipe."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, FiniteFloat, ValidationError

from redaction.annotations.records import (
    ParsedBox,
    ParsedFile,
    ParsedPage,
    RefusalReason,
    RefusedRow,
    compact_number,
    parse_style,
)
from redaction.annotations.tools.rows import Corners, Row, bounding_box, corners, refusal
from redaction.files import sha256_of_bytes

ACCEPT, IGNORE = "accept", "ignore"
POLYGONS = ("polygon", "freehand")
RECTANGLE_POINTS = 4


class _Span(Row):
    label: str
    type: str = "rect"
    x: FiniteFloat | None = None
    y: FiniteFloat | None = None
    width: FiniteFloat | None = None
    height: FiniteFloat | None = None
    points: tuple[tuple[FiniteFloat, FiniteFloat], ...] = ()
    style: Any = None


class _Meta(Row):
    """The fields of ``meta`` that identify the page; our own export writes them, and a recipe may."""

    sha256: str | None = None
    document: str | None = None
    pdf: str | None = None
    page_index: int | None = Field(default=None, ge=0)


class _Identity(Row):
    """The fields of a task that identify its page."""

    image: str = ""
    path: str | None = None
    text: str | None = None
    meta: _Meta = _Meta()


class _Answer(Row):
    answer: str = ACCEPT
    width: FiniteFloat | None = Field(default=None, gt=0)
    height: FiniteFloat | None = Field(default=None, gt=0)
    spans: tuple[Any, ...] = ()
    label: Any = None
    options: Any = None
    annotator: str | None = Field(default=None, alias="_annotator_id")
    timestamp: float | None = Field(default=None, alias="_timestamp")


def read_prodigy(lines: Iterable[tuple[str, Any]]) -> ParsedFile:
    """Parse the answers of (row name, JSON) pairs. A rejected task is an answer that does not accept its page; an ignored one is
    no answer."""
    pages, refused = [], []
    for row, content in lines:
        try:
            identity = _Identity.model_validate(content)
        except ValidationError as error:
            refused.append(refusal(row, error))
            continue
        try:
            answer = _Answer.model_validate(content)
        except ValidationError as error:
            pages.append(_page(row, identity, _Answer(), [], [refusal(row, error)]))
            continue
        if answer.answer == IGNORE:
            refused.append(_not_accepted(row, answer))
            continue
        boxes, problems = _boxes(row, answer.spans)
        if answer.answer != ACCEPT:
            problems = [_not_accepted(row, answer)]
        elif not answer.spans and (answer.label or answer.options):
            detail = "it answers another question than where the redactions are; export the answers of image.manual"
            problems = [RefusedRow(row=row, reason=RefusalReason.MALFORMED, detail=detail)]
        pages.append(_page(row, identity, answer, boxes, problems))
    return ParsedFile(pages=tuple(pages), refused=tuple(refused))


def write_prodigy(pages: Sequence[ParsedPage]) -> list[dict[str, Any]]:
    """Format the pages as Prodigy's tasks, one per line of a JSONL file."""
    return [_task_row(page) for page in pages]


def _not_accepted(row: str, answer: _Answer) -> RefusedRow:
    detail = f"the annotator's answer is {answer.answer!r:.100}"
    return RefusedRow(row=row, reason=RefusalReason.NOT_ACCEPTED, detail=detail)


def _boxes(row: str, spans: Sequence[Any]) -> tuple[list[ParsedBox], list[RefusedRow]]:
    boxes, refused = [], []
    for number, content in enumerate(spans, start=1):
        span_row = f"{row}, span {number}"
        try:
            span = _Span.model_validate(content)
            x0, y0, x1, y1 = _corners(span)
        except ValueError as error:
            refused.append(refusal(span_row, error))
        else:
            boxes.append(ParsedBox(row=span_row, x0=x0, y0=y0, x1=x1, y1=y1, label=span.label, style=parse_style(span.style)))
    return boxes, refused


def _corners(span: _Span) -> Corners:
    if span.type in POLYGONS:
        return bounding_box(span.points)
    if span.type != "rect":
        raise ValueError(f"a {span.type:.100} is neither a rectangle nor a polygon")
    if span.x is not None and span.y is not None and span.width is not None and span.height is not None:
        return corners(span.x, span.y, span.width, span.height)
    # Prodigy before 1.10 wrote only the corners of a rectangle.
    if len(span.points) < RECTANGLE_POINTS:
        raise ValueError("the span has neither x, y, width and height nor four points")
    return bounding_box(span.points)


def _page(row: str, task: _Identity, answer: _Answer, boxes: list[ParsedBox], refused: list[RefusedRow]) -> ParsedPage:
    inline = task.image.startswith("data:")
    names = (task.path, None if inline else task.image, task.text)
    return ParsedPage(
        row=row,
        paths=tuple(dict.fromkeys(name for name in names if name)),
        sha256=task.meta.sha256 or (_sha256_of_data_uri(task.image) if inline else None),
        document=task.meta.document,
        pdf=task.meta.pdf,
        page_index=task.meta.page_index,
        width=answer.width,
        height=answer.height,
        annotator=answer.annotator,
        annotated_at=_time(answer.timestamp),
        boxes=tuple(boxes),
        refused=tuple(refused),
    )


def _time(timestamp: float | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(timestamp, UTC) if timestamp else None
    except (ValueError, OverflowError, OSError):
        return None  # not a valid time: treat it as missing


def _sha256_of_data_uri(uri: str) -> str | None:
    try:
        return sha256_of_bytes(base64.b64decode(uri.partition(",")[2], validate=True))
    except ValueError:
        return None  # another key of the task may still identify the page; otherwise the row is refused


def _task_row(page: ParsedPage) -> dict[str, Any]:
    meta = {"sha256": page.sha256, "document": page.document, "pdf": page.pdf, "page_index": page.page_index}
    row: dict[str, Any] = {
        "image": page.paths[-1],
        "path": page.paths[0],
        "width": compact_number(page.width or 0),
        "height": compact_number(page.height or 0),
        "spans": [_span_row(box) for box in page.boxes],
        "answer": "accept",
        "meta": {key: value for key, value in meta.items() if value is not None},
    }
    if page.annotator:
        row["_annotator_id"] = page.annotator
    if page.annotated_at:
        row["_timestamp"] = page.annotated_at.timestamp()
    return row


def _span_row(box: ParsedBox) -> dict[str, Any]:
    x0, y0, x1, y1 = (compact_number(value) for value in (box.x0, box.y0, box.x1, box.y1))
    return {
        "label": box.label.upper(),
        "type": "rect",
        "x": x0,
        "y": y0,
        "width": compact_number(box.x1 - box.x0),
        "height": compact_number(box.y1 - box.y0),
        "points": [[x0, y0], [x0, y1], [x1, y1], [x1, y0]],
        "style": box.style.value,
    }
