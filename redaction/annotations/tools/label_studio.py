"""Read and write Label Studio's JSON export. Its boxes are in percent of the image's sides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pydantic import Field, ValidationError, model_validator

from redaction.annotations.answers import last_word
from redaction.annotations.records import PERCENT, ParsedBox, ParsedFile, ParsedPage, RefusalReason, RefusedRow, compact_number
from redaction.annotations.tools.label_studio_regions import STYLE_CONTROL, parse_regions
from redaction.annotations.tools.rows import Row, UtcTime, refusal
from redaction.dataset import Style

LOCAL_FILES = "/data/local-files/?d="
"""Followed by a path: the address of a file on Label Studio's own machine."""

_IMAGE_ADDRESS = re.compile(r"(?i)\.(png|jpe?g|webp|tiff?|bmp)($|\?)")


class _Annotation(Row):
    result: tuple[Any, ...] = ()
    completed_by: int | str | dict[str, Any] | None = None
    was_cancelled: bool = False
    ground_truth: bool = False
    created_at: UtcTime | None = None
    updated_at: UtcTime | None = None


class _Data(Row):
    """The data of a task. The image is what the labeling configuration calls so, or else its only image under another name."""

    image: str = ""
    file_name: str | None = None
    sha256: str | None = None
    document: str | None = None
    pdf: str | None = None
    page_index: int | None = Field(default=None, ge=0)
    annotator: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _image_under_another_name(cls, content: Any) -> Any:
        if not isinstance(content, dict) or content.get("image"):
            return content
        images = [value for value in content.values() if isinstance(value, str) and _IMAGE_ADDRESS.search(value)]
        return content | {"image": images[0]} if len(images) == 1 else content


class _Task(Row):
    data: _Data
    annotations: tuple[_Annotation, ...] = ()


def read_label_studio(tasks: Sequence[Any]) -> ParsedFile:
    """Parse the pages and boxes of exported tasks. Of a task's annotations that were not cancelled, `last_word` chooses one."""
    pages, refused = [], []
    for position, content in enumerate(tasks, start=1):
        row = f"task {content.get('id', position)}" if isinstance(content, dict) else f"task at position {position}"
        try:
            task = _Task.model_validate(content)
        except ValidationError as error:
            refused.append(refusal(row, error))
            continue
        answers = [_page(row, task.data, annotation) for annotation in task.annotations if not annotation.was_cancelled]
        if answers:
            pages.append(last_word(answers))
        else:
            detail = "the task has no finished annotation"
            refused.append(RefusedRow(row=row, reason=RefusalReason.NOT_ACCEPTED, detail=detail))
    return ParsedFile(pages=tuple(pages), refused=tuple(refused))


def is_json_min(content: Any) -> bool:
    """Whether it is the short export: tasks without a list of annotations, the answers of each in fields of its own."""
    return isinstance(content, list) and any(isinstance(task, dict) and "annotation_id" in task for task in content)


def write_label_studio(pages: Sequence[ParsedPage]) -> list[dict[str, Any]]:
    """Format the pages as Label Studio's tasks: each box is a rectangle, its style a per-region choice."""
    return [_task_row(number, page) for number, page in enumerate(pages, start=1)]


def _page(row: str, data: _Data, annotation: _Annotation) -> ParsedPage:
    regions = parse_regions(row, annotation.result)
    width, height = regions.size or (None, None)
    return ParsedPage(
        row=row,
        paths=tuple(dict.fromkeys(name for name in (data.file_name, data.image) if name)),
        width=width,
        height=height,
        annotator=_annotator(annotation.completed_by) or data.annotator,
        annotated_at=annotation.updated_at or annotation.created_at,
        is_ground_truth=annotation.ground_truth,
        boxes=regions.boxes,
        in_percent=regions.size is None,
        refused=regions.refused,
        **data.model_dump(exclude={"image", "file_name", "annotator"}),
    )


def _annotator(completed_by: int | str | dict[str, Any] | None) -> str | None:
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return None if completed_by is None else str(completed_by)


def _task_row(number: int, page: ParsedPage) -> dict[str, Any]:
    data = {
        "image": LOCAL_FILES + quote(page.paths[-1]),
        "file_name": page.paths[0],
        "sha256": page.sha256,
        "document": page.document,
        "pdf": page.pdf,
        "page_index": page.page_index,
        # not completed_by, which Label Studio refuses unless it is one of its own users
        "annotator": page.annotator,
    }
    time = page.annotated_at.isoformat() if page.annotated_at else None
    result = [row for box_number, box in enumerate(page.boxes, start=1) for row in _result_rows(f"box{box_number}", page, box)]
    annotation = {"was_cancelled": False, "ground_truth": False, "created_at": time, "updated_at": time, "result": result}
    return {"id": number, "data": {key: value for key, value in data.items() if value is not None}, "annotations": [annotation]}


def _result_rows(region: str, page: ParsedPage, box: ParsedBox) -> list[dict[str, Any]]:
    if page.width is None or page.height is None:
        raise ValueError(f"{page.row} has boxes but no size, so they cannot be converted to percent")
    position = {
        "x": PERCENT * box.x0 / page.width,
        "y": PERCENT * box.y0 / page.height,
        "width": PERCENT * (box.x1 - box.x0) / page.width,
        "height": PERCENT * (box.y1 - box.y0) / page.height,
        "rotation": 0,
    }
    common = {
        "id": region,
        "to_name": "image",
        "original_width": compact_number(page.width),
        "original_height": compact_number(page.height),
        "image_rotation": 0,
    }
    shape = {**common, "from_name": "label", "type": "rectanglelabels", "value": {**position, "rectanglelabels": [box.label]}}
    if box.style is Style.UNKNOWN:
        return [shape]
    choice = {**common, "from_name": STYLE_CONTROL, "type": "choices", "value": {**position, "choices": [box.style.value]}}
    return [shape, choice]
