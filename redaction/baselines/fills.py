"""Redactions that are filled: black, grey, coloured."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.baselines.bands import Box, boxes_of
from redaction.baselines.marks import Mark, Mask, content_of
from redaction.detector.preprocessing import Page

BLACKEST = 110
"""What is darker in all channels counts as black."""
PAPER = 232
"""What is lighter in all channels counts as paper."""
BAR = (11, 13)
"""Width and height, in pixels at 150 dpi, that a bar has at least; strokes of text have less in one direction."""
COLOUR_TOLERANCE = 16
MOST_COLOURS = 8
LEAST_AREA_PX = 260
LARGEST_SHARE = 0.85
"""Of the page: above it is its ground."""
SLIMMEST = 2.2
"""Height over width of what stands upright like a stroke of large print."""
LARGE_PRINT_PX = 150
TALLEST_CODE_PX = 45
EXPLAINED = 0.9
"""Of an area, the share that its boxes must cover: a photograph falls into boxes that leave much out."""
CONTINUED = 0.35
"""Of a box's left or right side, the share beyond which the fill goes on, so that it does not end there."""
FRINGE = 0.08
"""Of the surroundings of a coloured box, the share that is black from which it is what a highlighter left around a bar."""


def filled_marks(page: Page, grey: Mask) -> list[Mark]:
    """Every filled box of a page (RGB and grey, uint8)."""
    red, green, blue = cv2.split(page)
    black = np.asarray(cv2.threshold(cv2.max(cv2.max(red, green), blue), BLACKEST, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    marks = list(_marks_of_fill(black))
    bars = np.zeros_like(black)
    for x0, y0, x1, y1, _ in marks:
        bars[y0:y1, x0:x1] = 1
    for colour in _fill_colours(page, grey):
        fill = np.asarray(cv2.inRange(page, colour - COLOUR_TOLERANCE, colour + COLOUR_TOLERANCE) // 255, np.uint8)
        marks.extend(mark for mark in _marks_of_fill(fill) if not _is_fringe(mark, bars))
    return marks


def _fill_colours(page: Page, grey: Mask) -> Iterator[NDArray[np.int32]]:
    """The commonest colours, neither black nor paper, of places where nothing changes for some pixels around."""
    # every fourth pixel of every fourth row: a bar of the least size still has several of them
    sample = page[::4, ::4]
    flat = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))[::4, ::4] < 12
    flat &= (sample.min(axis=2) < PAPER) & (sample.max(axis=2) >= BLACKEST)
    colours = sample[flat].astype(np.int32)
    if not len(colours):
        return
    codes = (colours[:, 0] >> 4 << 8) | (colours[:, 1] >> 4 << 4) | (colours[:, 2] >> 4)
    taken = np.zeros(len(colours), bool)
    for _ in range(MOST_COLOURS):
        counts = np.bincount(codes[~taken], minlength=4096)
        if counts.max() < LEAST_AREA_PX // 32:
            return
        middle = np.median(colours[(codes == counts.argmax()) & ~taken], axis=0).astype(np.int32)
        taken |= (np.abs(colours - middle) <= COLOUR_TOLERANCE).all(axis=1) | (codes == counts.argmax())
        yield middle


def _marks_of_fill(mask: Mask) -> list[Mark]:
    """The boxes in a mask of one fill."""
    # white specks of a scan, and codes written into the bar, are closed before thin strokes are taken away
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    bars = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones(BAR[::-1], np.uint8)), np.uint8)
    if not bars.any():
        return []
    _fill_codes(bars)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bars, connectivity=4)
    marks, grounds = [], []
    for label, (x, y, w, h, area) in enumerate(stats[1:].tolist(), start=1):
        if area < LEAST_AREA_PX:
            continue
        if _is_ground_or_border((x, y, x + w, y + h), mask):
            grounds.append((x, y, x + w, y + h))
            continue
        part = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
        for x0, y0, x1, y1 in _boxes_of_bars(part, area):
            mark = _judged(mask, Mark(x + x0, y + y0, x + x1, y + y1, 0.0))
            if mark is not None:
                marks.append(mark)
    return [mark for mark in marks if not any(_is_within(mark, ground) for ground in grounds)]


def _fill_codes(bars: Mask) -> None:
    """Fill up the holes that the letters of a code leave in a bar, in place."""
    contours, hierarchy = cv2.findContours(bars, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0], strict=True):
        if parent >= 0 and cv2.boundingRect(contour)[3] <= TALLEST_CODE_PX:
            cv2.drawContours(bars, [contour], -1, 1, cv2.FILLED)


def _boxes_of_bars(part: Mask, area: int) -> list[Box]:
    """The boxes of one area; none where it is not made of boxes, or is a letter of large print."""
    boxes = list(boxes_of(part))
    if len(boxes) == 1:
        return boxes
    height, width = part.shape
    covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes)
    is_letter = height < LARGE_PRINT_PX and width < LARGE_PRINT_PX
    return [] if is_letter or covered < EXPLAINED * area else boxes


def _is_ground_or_border(box: Box, mask: Mask) -> bool:
    """Whether an area is the page's ground, a photocopy's black margin, or a band of a title page."""
    (x0, y0, x1, y1), (height, width) = box, mask.shape
    if (x1 - x0) * (y1 - y0) > LARGEST_SHARE * width * height:
        return True
    touches = (x0 <= 2) + (y0 <= 2) + (x1 >= width - 2) + (y1 >= height - 2)
    return touches >= 2 or bool(touches and (x1 - x0 > 0.9 * width or y1 - y0 > 0.25 * height or min(x1 - x0, y1 - y0) < 20))


def _is_within(mark: Mark, box: Box) -> bool:
    """Whether most of a mark lies where an area of the same fill that is no redaction spreads."""
    width = min(mark.x1, box[2]) - max(mark.x0, box[0])
    height = min(mark.y1, box[3]) - max(mark.y0, box[1])
    is_thin = min(box[2] - box[0], box[3] - box[1]) < 20
    return not is_thin and width > 0 and height > 0 and width * height > 0.8 * (mark.x1 - mark.x0) * (mark.y1 - mark.y0)


def _is_fringe(mark: Mark, bars: Mask) -> bool:
    """Whether black bars surround a coloured box."""
    x0, y0, x1, y1, _ = mark
    around = bars[max(0, y0 - 6) : y1 + 6, max(0, x0 - 6) : x1 + 6]
    inside = bars[y0:y1, x0:x1]
    ring = around.size - inside.size
    return bool(int(around.sum()) - int(inside.sum()) > FRINGE * ring)


def _judged(mask: Mask, mark: Mark) -> Mark | None:
    """How sure it is: by how pure its fill is, whether it ends at its sides, and by what is written in it."""
    x0, y0, x1, y1, _ = mark
    w, h = x1 - x0, y1 - y0
    if w < BAR[0] or h < BAR[1] or (h > SLIMMEST * w and h < LARGE_PRINT_PX):
        return None
    sides = [mask[y0 + 2 : y1 - 2, x] for x in (x0 - 4, x1 + 3) if 0 <= x < mask.shape[1]]
    if any(side.mean() > CONTINUED for side in sides):
        return mark._replace(score=0.1)
    content = content_of(1 - mask[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2])
    if content.share > 0.02 and content.glyphs > 0 and not content.is_code:
        return mark._replace(score=max(0.02, 0.45 - content.share))
    return mark._replace(score=0.95 - min(content.share, 0.4) - (0.2 if content.is_code else 0.0))
