"""The regions of one annotation in Label Studio's JSON export. They are in percent of the image's sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field, FiniteFloat, ValidationError

from redaction.annotations.records import PERCENT, ParsedBox, RefusedRow, parse_style
from redaction.annotations.tools.rows import Corners, Row, bounding_box, check_upright, corners, refusal

STYLE_CONTROL = "style"
"""Name of the control with the style of a region in the labeling configuration; controls of other names mean something else."""

CONTROLS = (
    "chatmessage",
    "choices",
    "datetime",
    "number",
    "pairwise",
    "ranker",
    "rating",
    "reactcode",
    "relation",
    "taxonomy",
    "textarea",
)
"""Types of results that describe a region, the page or the task, and draw nothing."""

LABELS_ALONE = "labels"
"""Type of a result that names the label of a region, where the labeling configuration has labels and shapes in two controls."""


class _Value(Row):
    x: FiniteFloat | None = None
    y: FiniteFloat | None = None
    width: FiniteFloat | None = None
    height: FiniteFloat | None = None
    rotation: FiniteFloat = 0
    points: tuple[tuple[FiniteFloat, FiniteFloat], ...] = ()
    rectanglelabels: tuple[str, ...] = ()
    polygonlabels: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        return next(iter((*self.rectanglelabels, *self.polygonlabels, *self.labels)), None)


class _Region(Row):
    id: str | None = None
    type: str
    original_width: FiniteFloat | None = None
    original_height: FiniteFloat | None = None
    image_rotation: FiniteFloat = 0
    value: _Value

    @property
    def size(self) -> tuple[float, float] | None:
        width, height = self.original_width or 0, self.original_height or 0
        return (width, height) if width > 0 and height > 0 else None


class _Choices(Row):
    choices: list[str] = Field(min_length=1)


class _Choice(Row):
    id: str
    value: _Choices


class ParsedRegions(NamedTuple):
    """The boxes of an annotation, and its regions that give none."""

    boxes: tuple[ParsedBox, ...]
    size: tuple[float, float] | None
    """Width and height of the annotated image in pixels; None if the file does not say, and then the boxes are in percent."""
    refused: tuple[RefusedRow, ...]


def parse_regions(row: str, results: Sequence[Any]) -> ParsedRegions:
    """Parse the results of an annotation.

    Args:
        row: the annotation's place in the file, for messages.
        results: regions, and what describes them.
    """
    regions, refused = _read_regions(row, results)
    size = next((region.size for _, region in regions if region.size), None)
    styles, labels = dict(_styles(results)), {region.id: region.value.label for _, region in regions if _is_label_alone(region)}
    shapes = {region.id for _, region in regions if region.id and not _is_label_alone(region)}
    boxes = []
    for region_row, region in regions:
        if _is_label_alone(region) and region.id in shapes:
            continue
        try:
            x0, y0, x1, y1 = _corners(region, size or (PERCENT, PERCENT))
            label = region.value.label or _label(region, labels)
        except ValueError as error:
            refused.append(refusal(region_row, error))
        else:
            style = parse_style(styles.get(region.id)) if region.id else parse_style(None)
            boxes.append(ParsedBox(row=region_row, x0=x0, y0=y0, x1=x1, y1=y1, label=label, style=style))
    return ParsedRegions(tuple(boxes), size, tuple(refused))


def _read_regions(row: str, results: Sequence[Any]) -> tuple[list[tuple[str, _Region]], list[RefusedRow]]:
    regions, refused = [], []
    for number, content in enumerate(filter(_is_region, results), start=1):
        region_row = f"{row}, region {content.get('id', number) if isinstance(content, dict) else number}"
        try:
            regions.append((region_row, _Region.model_validate(content)))
        except ValidationError as error:
            refused.append(refusal(region_row, error))
    return regions, refused


def _is_region(result: Any) -> bool:
    """Whether a result draws something, as far as we know: one of an unknown type must not be lost.

    Results of controls repeat the geometry of the region that they describe.
    """
    return not isinstance(result, dict) or str(result.get("type")) not in CONTROLS


def _is_label_alone(region: _Region) -> bool:
    return region.type == LABELS_ALONE


def _styles(results: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for content in results:
        if not isinstance(content, dict) or content.get("type") != "choices" or content.get("from_name") != STYLE_CONTROL:
            continue
        try:
            choice = _Choice.model_validate(content)
        except ValidationError:
            continue  # the style stays unknown; the box is not affected
        yield choice.id, choice.value.choices[0]


def _label(region: _Region, labels: Mapping[str | None, str | None]) -> str:
    label = labels.get(region.id) if region.id else None
    if not label:
        raise ValueError("the region has no label")
    return label


def _corners(region: _Region, size: tuple[float, float]) -> Corners:
    """The corners on an image of this size."""
    value = region.value
    check_upright(value.rotation)
    check_upright(region.image_rotation)
    if region.type.startswith("polygon"):
        x0, y0, x1, y1 = bounding_box(value.points)
    elif value.x is None or value.y is None or value.width is None or value.height is None:
        raise ValueError(f"a region of the type {region.type:.100} is neither a rectangle nor a polygon")
    else:
        x0, y0, x1, y1 = corners(value.x, value.y, value.width, value.height)
    width, height = size
    return x0 / PERCENT * width, y0 / PERCENT * height, x1 / PERCENT * width, y1 / PERCENT * height
