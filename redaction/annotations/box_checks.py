"""Checks of one page's boxes: in page pixels, inside the page, not empty, not duplicated, with a known label."""

from __future__ import annotations

from collections.abc import Iterable

from redaction.annotations.records import ParsedBox, ParsedPage, RefusalReason, RefusedRow
from redaction.catalog.tables import Page
from redaction.dataset import Box
from redaction.pages.geometry import as_xyxy, iou_matrix
from redaction.values import Frozen

KNOWN_LABELS = frozenset({"redaction"})
"""Accepted labels, in lower case; Prodigy's users write labels in capitals."""

MAX_OVERHANG_PX = 2.0
"""A box that extends beyond the page by at most this much is clipped; tools round, and drawing by hand is imprecise."""

MAX_ASPECT_DIFFERENCE_SHARE = 0.01
"""Largest relative difference between the aspect ratios of the annotated image and of the page."""

MIN_BOX_SIDE_PX = 1.0
"""A narrower box is an accidental click."""

MIN_DUPLICATE_IOU = 0.95
"""Two boxes whose intersection over union is at least this are one redaction, drawn twice."""


class CheckedBoxes(Frozen):
    """The accepted boxes of one page, and the refused rows."""

    boxes: tuple[Box, ...] = ()
    rescaled: bool = False
    clipped: int = 0
    refused: tuple[RefusedRow, ...] = ()
    page_refused: bool = False
    """Nothing may be stored for the page, not even an annotation without boxes."""


def check_boxes(parsed: ParsedPage, page: Page) -> CheckedBoxes:
    """Check the parsed boxes of a page that is in the catalog and has an image.

    Boxes drawn at another resolution are scaled to the page. A page whose boxes are all refused is refused itself: stored without
    boxes, it would claim that the annotator saw no redaction on it.
    """
    width, height = float(page.width or 0), float(page.height or 0)
    annotated_width, annotated_height = parsed.width or width, parsed.height or height
    scale_x, scale_y = width / annotated_width, height / annotated_height
    if abs(scale_x / scale_y - 1) > MAX_ASPECT_DIFFERENCE_SHARE:
        detail = (
            f"annotated on {annotated_width:g} x {annotated_height:g} pixels, but the page has {width:g} x {height:g}: "
            "the aspect ratios differ"
        )
        return CheckedBoxes(
            page_refused=True, refused=(RefusedRow(row=parsed.row, reason=RefusalReason.OTHER_SHAPE, detail=detail),)
        )
    boxes: list[Box] = []
    refused: list[RefusedRow] = []
    clipped_count = 0
    for parsed_box in parsed.boxes:
        box = _scale(parsed_box, scale_x, scale_y)
        clipped = _clip(box, width, height)
        problem = _find_problem(parsed_box, box, clipped, boxes, width, height)
        if problem:
            refused.append(RefusedRow(row=parsed_box.row, reason=problem[0], detail=problem[1]))
            continue
        boxes.append(clipped)
        clipped_count += clipped != box
    if parsed.boxes and not boxes:
        detail = f"all of its {len(parsed.boxes)} boxes were refused, which does not make it a page without redactions"
        refused.append(RefusedRow(row=parsed.row, reason=RefusalReason.NO_BOX_LEFT, detail=detail))
    return CheckedBoxes(
        boxes=tuple(sorted(boxes, key=lambda box: (box.y0, box.x0, box.y1, box.x1))),
        rescaled=(scale_x, scale_y) != (1, 1),
        clipped=clipped_count,
        refused=tuple(refused),
        page_refused=bool(parsed.boxes) and not boxes,
    )


def _find_problem(
    parsed_box: ParsedBox, box: Box, clipped: Box, accepted: Iterable[Box], width: float, height: float
) -> tuple[RefusalReason, str] | None:
    if box.label not in KNOWN_LABELS:
        return RefusalReason.UNKNOWN_LABEL, f"the label is {parsed_box.label!r:.100}; known: {', '.join(sorted(KNOWN_LABELS))}"
    if _is_too_small(box):
        return RefusalReason.EMPTY_BOX, f"{box.x1 - box.x0:g} x {box.y1 - box.y0:g} pixels is too small"
    overhang = max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)
    if overhang > MAX_OVERHANG_PX:
        return RefusalReason.OUTSIDE_PAGE, f"it extends beyond the page ({width:g} x {height:g} pixels) by {overhang:g} pixels"
    if _is_too_small(clipped):
        return RefusalReason.OUTSIDE_PAGE, "no part of it is inside the page"
    if any(_are_duplicates(clipped, other) for other in accepted):
        return RefusalReason.DUPLICATE_BOX, "the page already has a box in this place"
    return None


def _scale(parsed_box: ParsedBox, scale_x: float, scale_y: float) -> Box:
    # A hundredth of a pixel is finer than any annotation, and coarse enough for exact round trips through percents or x + width.
    x0, x1 = (round(x * scale_x, 2) for x in (parsed_box.x0, parsed_box.x1))
    y0, y1 = (round(y * scale_y, 2) for y in (parsed_box.y0, parsed_box.y1))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1, label=parsed_box.label.strip().lower(), style=parsed_box.style)


def _clip(box: Box, width: float, height: float) -> Box:
    x0, x1 = (min(max(x, 0.0), width) for x in (box.x0, box.x1))
    y0, y1 = (min(max(y, 0.0), height) for y in (box.y0, box.y1))
    return box.model_copy(update={"x0": x0, "y0": y0, "x1": x1, "y1": y1})


def _is_too_small(box: Box) -> bool:
    return box.x1 - box.x0 < MIN_BOX_SIDE_PX or box.y1 - box.y0 < MIN_BOX_SIDE_PX


def _are_duplicates(a: Box, b: Box) -> bool:
    xyxy = as_xyxy([(box.x0, box.y0, box.x1, box.y1) for box in (a, b)])
    return bool(iou_matrix(xyxy[:1], xyxy[1:])[0, 0] >= MIN_DUPLICATE_IOU)
