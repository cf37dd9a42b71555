"""The boxes of one page, checked: in its pixels, inside it, with an area, each only once, of a kind that we know."""

from __future__ import annotations

from collections.abc import Iterable

from redaction.annotations.records import ParsedBox, ParsedPage, RefusalReason, RefusedRow
from redaction.catalog.tables import Page
from redaction.dataset import Box
from redaction.pages.geometry import as_xyxy, iou_matrix
from redaction.values import Frozen

LABELS = frozenset({"redaction"})
"""What a box may be called, in lower case; Prodigy's users write labels in capitals."""

CLIP_PIXELS = 2.0
"""A box may stick out of its page by so much, and is cut there: tools round, and hands slip."""

SAME_SHAPE = 0.01
"""How far the sides' ratio of the image that was annotated may be from the page's."""

SMALLEST_SIDE = 1.0
"""A box narrower than this many pixels is a slip of the mouse."""

SAME_PLACE = 0.95
"""Two boxes whose intersection over union is at least this are one redaction, drawn twice."""


class CheckedBoxes(Frozen):
    """The boxes of one page that passed, and what was said against the others."""

    boxes: tuple[Box, ...] = ()
    rescaled: bool = False
    clipped: int = 0
    refused: tuple[RefusedRow, ...] = ()
    page_refused: bool = False
    """Nothing may be stored for the page: not even that it holds no redaction."""


def check_boxes(record: ParsedPage, page: Page) -> CheckedBoxes:
    """Check the boxes that a file has for a page that was found in the catalog and has an image.

    An annotation made at another resolution is scaled to the page's. A page of which every box is refused is refused itself:
    stored without boxes, it would claim that somebody saw no redaction on it.
    """
    width, height = float(page.width or 0), float(page.height or 0)
    seen_width, seen_height = record.width or width, record.height or height
    scale_x, scale_y = width / seen_width, height / seen_height
    if abs(scale_x / scale_y - 1) > SAME_SHAPE:
        detail = f"annotated on {seen_width:g} x {seen_height:g} pixels, but the page has {width:g} x {height:g}: another shape"
        return CheckedBoxes(
            page_refused=True, refused=(RefusedRow(row=record.row, reason=RefusalReason.OTHER_SHAPE, detail=detail),)
        )
    boxes: list[Box] = []
    refused: list[RefusedRow] = []
    clipped = 0
    for row in record.boxes:
        box = _scaled(row, scale_x, scale_y)
        inside = _clip(box, width, height)
        fault = _fault_of(row, box, inside, boxes, width, height)
        if fault:
            refused.append(RefusedRow(row=row.row, reason=fault[0], detail=fault[1]))
            continue
        boxes.append(inside)
        clipped += inside != box
    if record.boxes and not boxes:
        detail = f"all of its {len(record.boxes)} boxes were refused, which does not make it a page without redactions"
        refused.append(RefusedRow(row=record.row, reason=RefusalReason.NO_BOX_LEFT, detail=detail))
    return CheckedBoxes(
        boxes=tuple(sorted(boxes, key=lambda box: (box.y0, box.x0, box.y1, box.x1))),
        rescaled=(scale_x, scale_y) != (1, 1),
        clipped=clipped,
        refused=tuple(refused),
        page_refused=bool(record.boxes) and not boxes,
    )


def _fault_of(
    row: ParsedBox, box: Box, inside: Box, accepted: Iterable[Box], width: float, height: float
) -> tuple[RefusalReason, str] | None:
    if box.label not in LABELS:
        return RefusalReason.UNKNOWN_LABEL, f"the label is {row.label!r:.100}; known: {', '.join(sorted(LABELS))}"
    if box.x1 - box.x0 < SMALLEST_SIDE or box.y1 - box.y0 < SMALLEST_SIDE:
        return RefusalReason.EMPTY_BOX, f"{box.x1 - box.x0:g} x {box.y1 - box.y0:g} pixels is no area"
    beyond = max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)
    if beyond > CLIP_PIXELS:
        return RefusalReason.OUTSIDE_PAGE, f"it sticks out of the page ({width:g} x {height:g} pixels) by {beyond:g} pixels"
    if inside.x1 - inside.x0 < SMALLEST_SIDE or inside.y1 - inside.y0 < SMALLEST_SIDE:
        return RefusalReason.OUTSIDE_PAGE, "nothing of it is left inside the page"
    if any(_same_place(inside, other) for other in accepted):
        return RefusalReason.DUPLICATE_BOX, "another box of the page is in the same place"
    return None


def _scaled(row: ParsedBox, scale_x: float, scale_y: float) -> Box:
    # A hundredth of a pixel: finer than any annotation, coarse enough that a way through percents or x + width and back is exact.
    x0, x1 = (round(x * scale_x, 2) for x in (row.x0, row.x1))
    y0, y1 = (round(y * scale_y, 2) for y in (row.y0, row.y1))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1, label=row.label.strip().lower(), style=row.style)


def _clip(box: Box, width: float, height: float) -> Box:
    x0, x1 = (min(max(x, 0.0), width) for x in (box.x0, box.x1))
    y0, y1 = (min(max(y, 0.0), height) for y in (box.y0, box.y1))
    return box.model_copy(update={"x0": x0, "y0": y0, "x1": x1, "y1": y1})


def _same_place(a: Box, b: Box) -> bool:
    corners = as_xyxy([(box.x0, box.y0, box.x1, box.y1) for box in (a, b)])
    return bool(iou_matrix(corners[:1], corners[1:])[0, 0] >= SAME_PLACE)
