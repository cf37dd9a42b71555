"""Read and write the JSON lines of Prodigy's ``image.manual`` recipe."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from redaction.annotations.records import (
    ParsedBox,
    ParsedFile,
    ParsedPage,
    RefusalReason,
    RefusedRow,
    compact_number,
    malformed,
    parse_style,
)
from redaction.files import sha256_of_bytes


class _Span(BaseModel):
    label: str
    type: str = "rect"
    x: FiniteFloat | None = None
    y: FiniteFloat | None = None
    width: FiniteFloat | None = None
    height: FiniteFloat | None = None
    points: list[tuple[FiniteFloat, FiniteFloat]] = []
    style: str | None = None


class _Task(BaseModel):
    image: str = ""
    path: str | None = None
    text: str | None = None
    width: FiniteFloat | None = Field(default=None, gt=0)
    height: FiniteFloat | None = Field(default=None, gt=0)
    spans: list[dict[str, Any]] = []
    answer: str = "accept"
    meta: dict[str, Any] = {}
    annotator: str | None = Field(default=None, alias="_annotator_id")
    timestamp: float | None = Field(default=None, alias="_timestamp")


class _Meta(BaseModel):
    """The fields of ``meta`` that identify the page; our own export writes them, and a recipe may."""

    sha256: str | None = None
    document: str | None = None
    pdf: str | None = None
    page_index: int | None = Field(default=None, ge=0)


def read_prodigy(lines: Iterable[tuple[str, Any]]) -> ParsedFile:
    """Parse the pages and boxes of (row name, JSON) pairs. Tasks answered with reject or ignore are refused."""
    pages, refused = [], []
    for row, content in lines:
        try:
            task = _Task.model_validate(content)
            meta = _Meta.model_validate(task.meta)
        except ValidationError as error:
            refused.append(malformed(row, error))
            continue
        if task.answer != "accept":
            detail = f"the annotator's answer is {task.answer!r}"
            refused.append(RefusedRow(row=row, reason=RefusalReason.NOT_ACCEPTED, detail=detail))
            continue
        boxes = _boxes(row, task.spans, refused)
        if task.spans and not boxes:
            refused.append(
                RefusedRow(row=row, reason=RefusalReason.NO_BOX_LEFT, detail="none of the task's spans could be parsed")
            )
            continue
        pages.append(_page(row, task, meta, boxes))
    return ParsedFile(pages=tuple(pages), refused=tuple(refused))


def write_prodigy(pages: Sequence[ParsedPage]) -> list[dict[str, Any]]:
    """Format the pages as Prodigy's tasks, one per line of a JSONL file."""
    return [_task_row(page) for page in pages]


def _boxes(row: str, spans: list[dict[str, Any]], refused: list[RefusedRow]) -> list[ParsedBox]:
    boxes = []
    for number, content in enumerate(spans, start=1):
        span_row = f"{row}, span {number}"
        try:
            span = _Span.model_validate(content)
            x0, y0, x1, y1 = _xyxy(span)
        except ValueError as error:
            refused.append(malformed(span_row, error))
        else:
            boxes.append(ParsedBox(row=span_row, x0=x0, y0=y0, x1=x1, y1=y1, label=span.label, style=parse_style(span.style)))
    return boxes


def _xyxy(span: _Span) -> tuple[float, float, float, float]:
    if span.type != "rect":
        raise ValueError(f"a {span.type} is not a rectangle")
    if None not in (span.x, span.y, span.width, span.height):
        x, y = span.x or 0.0, span.y or 0.0
        return x, y, x + (span.width or 0.0), y + (span.height or 0.0)
    # Prodigy before 1.10 wrote only the corners of a rectangle.
    if len(span.points) < 4:
        raise ValueError("the span has neither x, y, width and height nor four points")
    xs, ys = [point[0] for point in span.points], [point[1] for point in span.points]
    return min(xs), min(ys), max(xs), max(ys)


def _page(row: str, task: _Task, meta: _Meta, boxes: list[ParsedBox]) -> ParsedPage:
    inline = task.image.startswith("data:")
    names = (task.path, None if inline else task.image, task.text)
    return ParsedPage(
        row=row,
        paths=tuple(dict.fromkeys(name for name in names if name)),
        sha256=meta.sha256 or (_sha256_of_data_uri(task.image) if inline else None),
        document=meta.document,
        pdf=meta.pdf,
        page_index=meta.page_index,
        width=task.width,
        height=task.height,
        annotator=task.annotator,
        annotated_at=_time(task.timestamp),
        boxes=tuple(boxes),
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
