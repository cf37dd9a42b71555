"""Checks of one page's boxes: in page pixels, inside the page, not empty, with a known label, each only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from redaction.annotations.records import PERCENT, ParsedBox, ParsedPage, RefusalReason, RefusedRow
from redaction.dataset import Box
from redaction.pages.geometry import as_xyxy, iou_matrix
from redaction.values import Frozen

if TYPE_CHECKING:
    from redaction.catalog.tables import Page

KNOWN_LABELS = frozenset({"redaction"})
"""Accepted labels, in lower case; Prodigy's users write labels in capitals."""

MAX_OVERHANG_PX = 2.0
"""A box that extends beyond the page by at most this much is clipped; tools round, and drawing by hand is imprecise."""

MAX_ASPECT_DIFFERENCE_SHARE = 0.01
"""Largest relative difference between the aspect ratios of the annotated image and of the page."""

MAX_ROUNDING_PX = 1.0
"""Images whose sides differ by at most this much have the same resolution: their sizes were rounded in different ways."""

MIN_BOX_SIDE_PX = 1.0
"""A narrower box is an accidental click."""

MIN_DUPLICATE_IOU = 0.95
"""Two boxes whose intersection over union is at least this are one redaction, drawn twice."""


class CheckedBoxes(Frozen):
    """The boxes of one page in page pixels, and the refused rows."""

    boxes: tuple[Box, ...] = ()
    rescaled: bool = False
    clipped: int = 0
    duplicates: int = 0
    """Boxes that are left out because another one is in the same place."""
    refused: tuple[RefusedRow, ...] = ()
    """If there are any, nothing may be stored for the page: a redaction without its box would be learnt as background."""


class Size(NamedTuple):
    """Size of an image in pixels."""

    width: float
    height: float

    def __str__(self) -> str:
        return f"{self.width:g} x {self.height:g}"

    def is_nearly(self, other: Size) -> bool:
        """Whether the sizes differ by rounding alone."""
        return max(abs(self.width - other.width), abs(self.height - other.height)) <= MAX_ROUNDING_PX

    def has_shape_of(self, other: Size) -> bool:
        """Whether the aspect ratios are the same, up to `MAX_ASPECT_DIFFERENCE_SHARE`."""
        ratio = (self.width / other.width) / (self.height / other.height)
        return self.is_nearly(other) or abs(ratio - 1) <= MAX_ASPECT_DIFFERENCE_SHARE


def check_boxes(parsed: ParsedPage, page: Page) -> CheckedBoxes:
    """Check the parsed boxes of a page that is in the catalog and has an image, and scale them to the page."""
    size = Size(float(page.width or 0), float(page.height or 0))
    annotated = _annotated_size(parsed, size)
    refused = list(parsed.refused)
    if not annotated.has_shape_of(size):
        detail = f"annotated on {annotated} pixels, but the page has {size}: the aspect ratios differ"
        refused.append(RefusedRow(row=parsed.row, reason=RefusalReason.OTHER_SHAPE, detail=detail))
        return CheckedBoxes(refused=tuple(refused))
    unit = Size(PERCENT, PERCENT) if parsed.in_percent else annotated
    boxes: list[Box] = []
    clipped_count = duplicates = 0
    for parsed_box in parsed.boxes:
        box = _scale(parsed_box, size.width / unit.width, size.height / unit.height)
        clipped = _clip(box, size)
        problem = _find_problem(parsed_box, box, clipped, size)
        if problem:
            refused.append(RefusedRow(row=parsed_box.row, reason=problem[0], detail=problem[1]))
        elif any(_are_duplicates(clipped, other) for other in boxes):
            duplicates += 1
        else:
            boxes.append(clipped)
            clipped_count += clipped != box
    return CheckedBoxes(
        boxes=tuple(sorted(boxes, key=lambda box: (box.y0, box.x0, box.y1, box.x1))),
        rescaled=not annotated.is_nearly(size),
        clipped=clipped_count,
        duplicates=duplicates,
        refused=tuple(refused),
    )


def _annotated_size(parsed: ParsedPage, page: Size) -> Size:
    """Size of the annotated image; a side that the file does not give follows from the other one, or from the page."""
    if parsed.width and parsed.height:
        return Size(parsed.width, parsed.height)
    if parsed.width:
        return Size(parsed.width, parsed.width * page.height / page.width)
    if parsed.height:
        return Size(parsed.height * page.width / page.height, parsed.height)
    return page


def _find_problem(parsed_box: ParsedBox, box: Box, clipped: Box, page: Size) -> tuple[RefusalReason, str] | None:
    if box.label not in KNOWN_LABELS:
        return RefusalReason.UNKNOWN_LABEL, f"the label is {parsed_box.label!r:.100}; known: {', '.join(sorted(KNOWN_LABELS))}"
    if _is_too_small(box):
        return RefusalReason.EMPTY_BOX, f"{box.x1 - box.x0:g} x {box.y1 - box.y0:g} pixels is too small"
    overhang = max(-box.x0, -box.y0, box.x1 - page.width, box.y1 - page.height)
    if overhang > MAX_OVERHANG_PX:
        return RefusalReason.OUTSIDE_PAGE, f"it extends beyond the page ({page} pixels) by {overhang:g} pixels"
    if _is_too_small(clipped):
        return RefusalReason.OUTSIDE_PAGE, "no part of it is inside the page"
    return None


def _scale(parsed_box: ParsedBox, scale_x: float, scale_y: float) -> Box:
    # A hundredth of a pixel is finer than any annotation, and coarse enough for exact round trips through percents or x + width.
    x0, x1 = (round(x * scale_x, 2) for x in (parsed_box.x0, parsed_box.x1))
    y0, y1 = (round(y * scale_y, 2) for y in (parsed_box.y0, parsed_box.y1))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1, label=parsed_box.label.strip().lower(), style=parsed_box.style)


def _clip(box: Box, page: Size) -> Box:
    x0, x1 = (min(max(x, 0.0), page.width) for x in (box.x0, box.x1))
    y0, y1 = (min(max(y, 0.0), page.height) for y in (box.y0, box.y1))
    return box.model_copy(update={"x0": x0, "y0": y0, "x1": x1, "y1": y1})


def _is_too_small(box: Box) -> bool:
    return box.x1 - box.x0 < MIN_BOX_SIDE_PX or box.y1 - box.y0 < MIN_BOX_SIDE_PX


def _are_duplicates(a: Box, b: Box) -> bool:
    xyxy = as_xyxy([(box.x0, box.y0, box.x1, box.y1) for box in (a, b)])
    return bool(iou_matrix(xyxy[:1], xyxy[1:])[0, 0] >= MIN_DUPLICATE_IOU)
