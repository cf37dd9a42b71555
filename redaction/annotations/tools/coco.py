"""Read and write COCO object detection files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, FiniteFloat, TypeAdapter, ValidationError

from redaction.annotations.records import (
    ParsedBox,
    ParsedFile,
    ParsedPage,
    RefusalReason,
    RefusedRow,
    compact_number,
    parse_style,
)
from redaction.annotations.tools.rows import Corners, Row, UtcTime, bounding_box, check_upright, corners, refusal

_WHOLE_NUMBER = re.compile(r"(0|-?[1-9]\d*)\.0+")


def _id_text(number: Any) -> Any:
    if isinstance(number, bool) or not isinstance(number, int | float | str):
        return number
    text = str(int(number)) if isinstance(number, float) and number.is_integer() else str(number).strip()
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole.group(1) if whole else text


Id = Annotated[str, BeforeValidator(_id_text)]
"""Some tools write ids as numbers, others as text, and those that hold them in a table with gaps as 8.0: all are one id."""

XYWH_NUMBERS = 4
_Polygons = TypeAdapter(list[list[FiniteFloat]])


class _Image(Row):
    id: Id
    file_name: str | None = None
    width: FiniteFloat | None = Field(default=None, gt=0)
    height: FiniteFloat | None = Field(default=None, gt=0)
    sha256: str | None = None
    document: str | None = None
    pdf: str | None = None
    page_index: int | None = Field(default=None, ge=0)
    style: Any = None
    annotator: str | None = None
    annotated_at: UtcTime | None = None
    extra: Any = None

    @property
    def paths(self) -> tuple[str, ...]:
        # Roboflow's extra.name is the name of the file that was uploaded
        uploaded = self.extra.get("name") if isinstance(self.extra, dict) else None
        return tuple(dict.fromkeys(name for name in (self.file_name, uploaded) if name and isinstance(name, str)))


class _Category(Row):
    id: Id
    name: str


class _Reference(Row):
    image_id: Id


class _Annotation(Row):
    category_id: Id
    bbox: tuple[FiniteFloat, ...] = ()
    segmentation: Any = None
    style: Any = None
    rotation: Any = None
    attributes: Any = None

    def attribute(self, name: str) -> Any:
        return self.attributes.get(name) if isinstance(self.attributes, dict) else None


RowType = TypeVar("RowType", bound=Row)


def read_coco(content: dict[str, Any]) -> ParsedFile:
    """Parse the pages and boxes of a COCO file. An image without annotations is a page on which the annotator saw no redaction.

    The style of a box is its own ``style`` or ``attributes.style``, otherwise its image's.
    """
    refused: list[RefusedRow] = []
    images = _with_unique_ids(list(_valid_rows(_Image, content["images"], "image", refused)), refused)
    categories = content.get("categories") if isinstance(content.get("categories"), list) else []
    labels = {category.id: category.name for _, category in _valid_rows(_Category, categories, "category", refused)}
    images_by_id = {image.id: image for _, image in images}
    boxes: dict[str, list[ParsedBox]] = defaultdict(list)
    refused_boxes: dict[str, list[RefusedRow]] = defaultdict(list)
    for position, annotation in enumerate(content["annotations"], start=1):
        row = _row_name("annotation", position, annotation)
        image = _image_of(row, annotation, images_by_id)
        if isinstance(image, RefusedRow):
            refused.append(image)
            continue
        box = _box(row, annotation, labels, image)
        if isinstance(box, ParsedBox):
            boxes[image.id].append(box)
        else:
            refused_boxes[image.id].append(box)
    pages = tuple(_page(row, image, boxes[image.id], refused_boxes[image.id]) for row, image in images)
    return ParsedFile(pages=pages, refused=tuple(refused))


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


def _valid_rows(model: type[RowType], rows: Any, kind: str, refused: list[RefusedRow]) -> Iterator[tuple[str, RowType]]:
    for position, content in enumerate(rows, start=1):
        row = _row_name(kind, position, content)
        try:
            valid = model.model_validate(content)
        except ValidationError as error:
            refused.append(refusal(row, error))
        else:
            yield row, valid


def _row_name(kind: str, position: int, content: Any) -> str:
    number = content.get("id") if isinstance(content, dict) else None
    return f"{kind} at position {position}" if number is None or isinstance(number, list | dict) else f"{kind} {_id_text(number)}"


def _image_of(row: str, annotation: Any, images: Mapping[str, _Image]) -> _Image | RefusedRow:
    try:
        number = _Reference.model_validate(annotation).image_id
    except ValidationError as error:
        return refusal(row, error)
    detail = f"the file has no image {number}"
    return images.get(number) or RefusedRow(row=row, reason=RefusalReason.UNKNOWN_PAGE, detail=detail)


def _box(row: str, content: Any, labels: Mapping[str, str], image: _Image) -> ParsedBox | RefusedRow:
    try:
        annotation = _Annotation.model_validate(content)
        _check_rotation(annotation)
        x0, y0, x1, y1 = _corners(annotation)
    except ValueError as error:
        return refusal(row, error)
    label = labels.get(annotation.category_id)
    if label is None:
        detail = f"the file names no category {annotation.category_id}; add it to 'categories'"
        return RefusedRow(row=row, reason=RefusalReason.UNKNOWN_LABEL, detail=detail)
    words = (_style_name(style) for style in (annotation.style, annotation.attribute("style"), image.style))
    style_name = next((word for word in words if word), None)
    return ParsedBox(row=row, x0=x0, y0=y0, x1=x1, y1=y1, label=label, style=parse_style(style_name), style_name=style_name)


def _check_rotation(annotation: _Annotation) -> None:
    for rotation in (annotation.rotation, annotation.attribute("rotation")):
        try:
            degrees = float(rotation or 0)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError("its rotation is not a number") from error
        check_upright(degrees)


def _corners(annotation: _Annotation) -> Corners:
    """The corners of the ``bbox``; without one, or if it has no area, those around the polygons of the segmentation."""
    polygons = annotation.segmentation if isinstance(annotation.segmentation, list) else []
    if not annotation.bbox and not polygons:
        mask = ", only a mask" if isinstance(annotation.segmentation, dict) else ""
        raise ValueError(f"it has neither a bbox nor polygons{mask}; export boxes")
    if annotation.bbox and len(annotation.bbox) != XYWH_NUMBERS:
        raise ValueError("its bbox needs four numbers: x, y, width and height")
    if annotation.bbox and (all(annotation.bbox[2:]) or not polygons):
        x, y, width, height = annotation.bbox
        return corners(x, y, width, height)
    # a single polygon is sometimes written without the list around it
    lists = _Polygons.validate_python(polygons if isinstance(polygons[0], list) else [polygons])
    if any(len(polygon) % 2 for polygon in lists):
        raise ValueError("a polygon has an x without a y")
    return bounding_box(point for polygon in lists for point in zip(polygon[::2], polygon[1::2], strict=True))


def _style_name(style: Any) -> str | None:
    """The file's word for a style; a number is a word, too, but a tool's check box is not."""
    return str(style).strip() if isinstance(style, str | int | float) and not isinstance(style, bool) else None


def _page(row: str, image: _Image, boxes: list[ParsedBox], refused: list[RefusedRow]) -> ParsedPage:
    return ParsedPage(
        row=row,
        paths=image.paths,
        boxes=tuple(boxes),
        refused=tuple(refused),
        **image.model_dump(exclude={"id", "file_name", "style", "extra"}),
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
