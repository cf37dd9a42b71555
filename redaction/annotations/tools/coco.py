"""Read and write COCO object detection files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, FiniteFloat, ValidationError

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
from redaction.dataset import Style

Id = Annotated[str, BeforeValidator(lambda number: str(number) if isinstance(number, int) else number)]
"""Some tools write ids as numbers, others as text."""

Xywh = Annotated[list[FiniteFloat], Field(min_length=4, max_length=4)]


class _Image(BaseModel):
    id: Id
    file_name: str | None = None
    width: FiniteFloat | None = Field(default=None, gt=0)
    height: FiniteFloat | None = Field(default=None, gt=0)
    sha256: str | None = None
    document: str | None = None
    pdf: str | None = None
    page_index: int | None = Field(default=None, ge=0)
    style: str | None = None
    annotator: str | None = None
    annotated_at: datetime | None = None


class _Category(BaseModel):
    id: Id
    name: str


class _Annotation(BaseModel):
    id: Id | None = None
    image_id: Id
    category_id: Id
    bbox: Xywh
    style: str | None = None
    attributes: dict[str, Any] | None = None


def read_coco(content: dict[str, Any]) -> ParsedFile:
    """Parse the pages and boxes of a COCO file. An image without annotations is a page on which the annotator saw no redaction.

    The style of a box is its own ``style`` or ``attributes.style``, otherwise its image's.
    """
    refused: list[RefusedRow] = []
    images = _with_unique_ids(_validate(_Image, content["images"], "image", refused), refused)
    categories = content.get("categories") if isinstance(content.get("categories"), list) else []
    labels = {category.id: category.name for _, category in _validate(_Category, categories, "category", refused)}
    boxes: dict[str, list[ParsedBox]] = defaultdict(list)
    styles = {image.id: image.style for _, image in images}
    for row, annotation in _validate(_Annotation, content["annotations"], "annotation", refused):
        if annotation.image_id not in styles:
            refused.append(
                RefusedRow(row=row, reason=RefusalReason.UNKNOWN_PAGE, detail=f"the file has no image {annotation.image_id}")
            )
            continue
        style = annotation.style or (annotation.attributes or {}).get("style") or styles[annotation.image_id]
        label = labels.get(annotation.category_id, f"category {annotation.category_id}")
        boxes[annotation.image_id].append(_box(row, annotation.bbox, label, parse_style(style)))
    images_with_refused_boxes = _images_of_refused(content["annotations"], refused)
    pages = []
    for row, image in images:
        if image.id in images_with_refused_boxes and not boxes[image.id]:
            refused.append(
                RefusedRow(row=row, reason=RefusalReason.NO_BOX_LEFT, detail="none of the image's annotations could be parsed")
            )
        else:
            pages.append(_page(row, image, boxes[image.id]))
    return ParsedFile(pages=tuple(pages), refused=tuple(refused))


def write_coco(pages: Sequence[ParsedPage]) -> dict[str, Any]:
    """Format the pages as a COCO file; the origin of each page is in extra fields, which other readers ignore."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, page in enumerate(pages, start=1):
        images.append(_image_row(image_id, page))
        for box in page.boxes:
            annotations.append(_annotation_row(len(annotations) + 1, image_id, box))
    return {
        "info": {"description": "Redactions on document pages"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "redaction"}],
    }


def _with_unique_ids(images: list[tuple[str, _Image]], refused: list[RefusedRow]) -> list[tuple[str, _Image]]:
    # Two images with the same id would each get the boxes of both.
    counts = Counter(image.id for _, image in images)
    for row, image in images:
        if counts[image.id] > 1:
            detail = "another image of the file has the same id"
            refused.append(RefusedRow(row=row, reason=RefusalReason.MALFORMED, detail=detail))
    return [(row, image) for row, image in images if counts[image.id] == 1]


def _validate(model: type[Any], rows: Any, kind: str, refused: list[RefusedRow]) -> list[tuple[str, Any]]:
    valid = []
    for position, content in enumerate(rows, start=1):
        row = _row_name(kind, position, content)
        try:
            valid.append((row, model.model_validate(content)))
        except ValidationError as error:
            refused.append(malformed(row, error))
    return valid


def _images_of_refused(rows: Any, refused: list[RefusedRow]) -> set[str]:
    malformed_rows = {refusal.row for refusal in refused if refusal.reason is RefusalReason.MALFORMED}
    rows_by_name = {
        _row_name("annotation", position, row): row for position, row in enumerate(rows, start=1) if isinstance(row, dict)
    }
    return {str(row.get("image_id")) for name, row in rows_by_name.items() if name in malformed_rows}


def _row_name(kind: str, position: int, content: Any) -> str:
    has_id = isinstance(content, dict) and isinstance(content.get("id"), int | str)
    return f"{kind} {content['id']}" if has_id else f"{kind} at position {position}"


def _box(row: str, xywh: list[float], label: str, style: Style) -> ParsedBox:
    x, y, width, height = xywh
    return ParsedBox(row=row, x0=x, y0=y, x1=x + width, y1=y + height, label=label, style=style)


def _page(row: str, image: _Image, boxes: list[ParsedBox]) -> ParsedPage:
    return ParsedPage(
        row=row,
        paths=(image.file_name,) if image.file_name else (),
        boxes=tuple(boxes),
        **image.model_dump(exclude={"id", "file_name", "style"}),
    )


def _image_row(image_id: int, page: ParsedPage) -> dict[str, Any]:
    origin = {
        "sha256": page.sha256,
        "document": page.document,
        "pdf": page.pdf,
        "page_index": page.page_index,
        "annotator": page.annotator,
        "annotated_at": page.annotated_at.isoformat() if page.annotated_at else None,
    }
    size = {key: compact_number(value) for key, value in (("width", page.width), ("height", page.height)) if value is not None}
    known_origin = {key: value for key, value in origin.items() if value is not None}
    return {"id": image_id, "file_name": page.paths[0], **size, **known_origin}


def _annotation_row(annotation_id: int, image_id: int, box: ParsedBox) -> dict[str, Any]:
    width, height = box.x1 - box.x0, box.y1 - box.y0
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [compact_number(value) for value in (box.x0, box.y0, width, height)],
        "area": compact_number(width * height),
        "iscrowd": 0,
        "style": box.style.value,
    }
