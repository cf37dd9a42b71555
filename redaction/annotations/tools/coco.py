"""COCO object detection files, read and written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, FiniteFloat, ValidationError

from redaction.annotations.records import ParsedBox, ParsedFile, ParsedPage, RefusalReason, RefusedRow, as_number, style_named
from redaction.dataset import Style

Id = Annotated[str, BeforeValidator(lambda number: str(number) if isinstance(number, int) else number)]
"""Some tools write numbers, others the same numbers as text."""

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
    """The pages and boxes of a COCO file. An image without annotations is a page on which the annotator saw no redaction.

    The style of a box is its own ``style`` (or ``attributes.style``), else its image's.
    """
    refused: list[RefusedRow] = []
    images = _told_apart(_valid(_Image, content["images"], "image", refused), refused)
    categories = content.get("categories") if isinstance(content.get("categories"), list) else []
    labels = {category.id: category.name for _, category in _valid(_Category, categories, "category", refused)}
    boxes: dict[str, list[ParsedBox]] = defaultdict(list)
    styles = {image.id: image.style for _, image in images}
    for row, annotation in _valid(_Annotation, content["annotations"], "annotation", refused):
        if annotation.image_id not in styles:
            refused.append(
                RefusedRow(row=row, reason=RefusalReason.UNKNOWN_PAGE, detail=f"the file has no image {annotation.image_id}")
            )
            continue
        style = annotation.style or (annotation.attributes or {}).get("style") or styles[annotation.image_id]
        label = labels.get(annotation.category_id, f"category {annotation.category_id}")
        boxes[annotation.image_id].append(_box(row, annotation.bbox, label, style_named(style)))
    touched = _images_of_refused(content["annotations"], refused)
    pages = []
    for row, image in images:
        if image.id in touched and not boxes[image.id]:
            refused.append(
                RefusedRow(row=row, reason=RefusalReason.NO_BOX_LEFT, detail="none of the image's annotations could be read")
            )
        else:
            pages.append(_page(row, image, boxes[image.id]))
    return ParsedFile(pages=tuple(pages), refused=tuple(refused))


def write_coco(pages: Sequence[ParsedPage]) -> dict[str, Any]:
    """The pages as a COCO file, with where each page comes from in fields of our own that other readers skip."""
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


def _told_apart(images: list[tuple[str, _Image]], refused: list[RefusedRow]) -> list[tuple[str, _Image]]:
    """The images whose boxes can be told: two under one id would each get the boxes of both."""
    counts = Counter(image.id for _, image in images)
    for row, image in images:
        if counts[image.id] > 1:
            refused.append(
                RefusedRow(row=row, reason=RefusalReason.MALFORMED, detail="another image of the file has the same id")
            )
    return [(row, image) for row, image in images if counts[image.id] == 1]


def _valid(model: type[Any], rows: Any, kind: str, refused: list[RefusedRow]) -> list[tuple[str, Any]]:
    valid = []
    for position, content in enumerate(rows, start=1):
        row = _row_name(kind, position, content)
        try:
            valid.append((row, model.model_validate(content)))
        except ValidationError as error:
            refused.append(RefusedRow(row=row, reason=RefusalReason.MALFORMED, detail=first_fault(error)))
    return valid


def first_fault(error: ValidationError) -> str:
    """The first thing that is wrong with a row, in a few words that quote nothing of it."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "model_type":
        return "it is not an object with named fields"
    return f"{where}: {fault['msg']}" if where else fault["msg"]


def _images_of_refused(rows: Any, refused: list[RefusedRow]) -> set[str]:
    malformed = {refusal.row for refusal in refused if refusal.reason is RefusalReason.MALFORMED}
    named = {_row_name("annotation", position, row): row for position, row in enumerate(rows, start=1) if isinstance(row, dict)}
    return {str(row.get("image_id")) for name, row in named.items() if name in malformed}


def _row_name(kind: str, position: int, content: Any) -> str:
    named = isinstance(content, dict) and isinstance(content.get("id"), int | str)
    return f"{kind} {content['id']}" if named else f"{kind} at position {position}"


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
    size = {key: as_number(value) for key, value in (("width", page.width), ("height", page.height)) if value is not None}
    known = {key: value for key, value in origin.items() if value is not None}
    return {"id": image_id, "file_name": page.paths[0], **size, **known}


def _annotation_row(annotation_id: int, image_id: int, box: ParsedBox) -> dict[str, Any]:
    width, height = box.x1 - box.x0, box.y1 - box.y0
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [as_number(number) for number in (box.x0, box.y0, width, height)],
        "area": as_number(width * height),
        "iscrowd": 0,
        "style": box.style.value,
    }
