"""Read and write Label Studio's JSON export. Its boxes are in percent of the image's sides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

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

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""The prefix that Label Studio adds to the name of an uploaded file."""


class _Value(BaseModel):
    x: FiniteFloat
    y: FiniteFloat
    width: FiniteFloat
    height: FiniteFloat
    rotation: float = 0
    rectanglelabels: list[str] = Field(min_length=1)


class _Region(BaseModel):
    id: str | None = None
    original_width: FiniteFloat = Field(gt=0)
    original_height: FiniteFloat = Field(gt=0)
    image_rotation: float = 0
    value: _Value


class _Choices(BaseModel):
    choices: list[str] = Field(min_length=1)


class _Choice(BaseModel):
    id: str | None = None
    value: _Choices


class _Annotation(BaseModel):
    result: list[dict[str, Any]] = []
    completed_by: int | str | dict[str, Any] | None = None
    was_cancelled: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def time(self) -> datetime:
        time = self.updated_at or self.created_at or datetime.min
        return time if time.tzinfo else time.replace(tzinfo=UTC)


class _Data(BaseModel):
    image: str = ""
    file_name: str | None = None
    sha256: str | None = None
    document: str | None = None
    pdf: str | None = None
    page_index: int | None = Field(default=None, ge=0)


class _Task(BaseModel):
    data: _Data
    annotations: list[_Annotation]


def read_label_studio(tasks: Sequence[Any]) -> ParsedFile:
    """Parse the pages and boxes of exported tasks. The latest annotation of a task that was not cancelled counts."""
    pages, refused = [], []
    for position, content in enumerate(tasks, start=1):
        row = f"task {content.get('id', position)}" if isinstance(content, dict) else f"task at position {position}"
        try:
            task = _Task.model_validate(content)
        except ValidationError as error:
            refused.append(malformed(row, error))
            continue
        finished = [annotation for annotation in task.annotations if not annotation.was_cancelled]
        if not finished:
            detail = "the task has no finished annotation"
            refused.append(RefusedRow(row=row, reason=RefusalReason.NOT_ACCEPTED, detail=detail))
            continue
        page = _page(row, task.data, max(finished, key=lambda annotation: annotation.time), refused)
        if page:
            pages.append(page)
    return ParsedFile(pages=tuple(pages), refused=tuple(refused))


def write_label_studio(pages: Sequence[ParsedPage]) -> list[dict[str, Any]]:
    """Format the pages as Label Studio's tasks: each box is a rectangle, its style a per-region choice."""
    return [_task_row(number, page) for number, page in enumerate(pages, start=1)]


def _page(row: str, data: _Data, annotation: _Annotation, refused: list[RefusedRow]) -> ParsedPage | None:
    styles = _styles(annotation)
    rectangles = [result for result in annotation.result if result.get("type") != "choices"]
    regions, boxes = [], []
    for number, content in enumerate(rectangles, start=1):
        region_row = f"{row}, region {content.get('id', number)}"
        try:
            region = _Region.model_validate(content)
            boxes.append(_box(region_row, region, styles.get(region.id)))
            regions.append(region)
        except ValueError as error:
            refused.append(malformed(region_row, error))
    if rectangles and not regions:
        refused.append(RefusedRow(row=row, reason=RefusalReason.NO_BOX_LEFT, detail="none of the task's regions could be parsed"))
        return None
    return ParsedPage(
        row=row,
        paths=_paths(data),
        width=regions[0].original_width if regions else None,
        height=regions[0].original_height if regions else None,
        annotator=_annotator(annotation.completed_by),
        annotated_at=annotation.time if annotation.time.year > 1 else None,
        boxes=tuple(boxes),
        **data.model_dump(exclude={"image", "file_name"}),
    )


def _styles(annotation: _Annotation) -> dict[str | None, str]:
    styles = {}
    for content in annotation.result:
        if content.get("type") == "choices":
            try:
                choice = _Choice.model_validate(content)
            except ValidationError:
                continue  # the style stays unknown; the box is not affected
            styles[choice.id] = choice.value.choices[0]
    return styles


def _box(row: str, region: _Region, style: object) -> ParsedBox:
    value = region.value
    if value.rotation or region.image_rotation:
        raise ValueError("the region is rotated; redactions are axis-aligned boxes")
    x, y = value.x / 100 * region.original_width, value.y / 100 * region.original_height
    width, height = value.width / 100 * region.original_width, value.height / 100 * region.original_height
    return ParsedBox(row=row, x0=x, y0=y, x1=x + width, y1=y + height, label=value.rectanglelabels[0], style=parse_style(style))


def _paths(data: _Data) -> tuple[str, ...]:
    try:
        address = urlsplit(data.image)
        local = parse_qs(address.query).get("d", [""])[0]  # /data/local-files/?d=folder/name.png
        path = local or unquote(address.path)
    except ValueError:
        path = data.image  # not a URL, so possibly a file name
    folder, _, name = path.rpartition("/")
    unprefixed = f"{folder}/{_UPLOAD_PREFIX.sub('', name)}" if _UPLOAD_PREFIX.match(name) else None
    return tuple(dict.fromkeys(name for name in (data.file_name, path, unprefixed) if name))


def _annotator(completed_by: int | str | dict[str, Any] | None) -> str | None:
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return None if completed_by is None else str(completed_by)


def _task_row(number: int, page: ParsedPage) -> dict[str, Any]:
    data = {
        "image": page.paths[-1],
        "file_name": page.paths[0],
        "sha256": page.sha256,
        "document": page.document,
        "pdf": page.pdf,
        "page_index": page.page_index,
    }
    time = page.annotated_at.isoformat() if page.annotated_at else None
    result = [row for box_number, box in enumerate(page.boxes, start=1) for row in _result_rows(f"box{box_number}", page, box)]
    annotation = {
        "id": number,
        "completed_by": page.annotator,
        "was_cancelled": False,
        "created_at": time,
        "updated_at": time,
        "result": result,
    }
    return {"id": number, "data": {key: value for key, value in data.items() if value is not None}, "annotations": [annotation]}


def _result_rows(region: str, page: ParsedPage, box: ParsedBox) -> list[dict[str, Any]]:
    if page.width is None or page.height is None:
        raise ValueError(f"{page.row} has boxes but no size, so they cannot be converted to percent")
    position = {
        "x": 100 * box.x0 / page.width,
        "y": 100 * box.y0 / page.height,
        "width": 100 * (box.x1 - box.x0) / page.width,
        "height": 100 * (box.y1 - box.y0) / page.height,
        "rotation": 0,
    }
    common = {
        "id": region,
        "to_name": "image",
        "original_width": compact_number(page.width),
        "original_height": compact_number(page.height),
        "image_rotation": 0,
    }
    return [
        {**common, "from_name": "label", "type": "rectanglelabels", "value": {**position, "rectanglelabels": [box.label]}},
        {**common, "from_name": "style", "type": "choices", "value": {**position, "choices": [box.style.value]}},
    ]
