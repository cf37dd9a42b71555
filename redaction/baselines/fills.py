"""Redactions that are filled: black, gray, coloured."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.baselines.marks import Mark, content_of
from redaction.detection.rectangles import Box, Mask, boxes_of
from redaction.pages.image import PageImage

BLACKEST = 110
"""What is darker in all channels counts as black."""
PAPER = 232
"""What is lighter in all channels counts as paper."""
BAR = (11, 13)
"""Width and height, in pixels at 150 dpi, that a bar has at least; strokes of text have less in one direction."""
FLAT = 12
"""Shades by which a fill may change within five pixels."""
COLOR_TOLERANCE = 16
MOST_COLORS = 8
LEAST_AREA_PX = 260
LARGEST_SHARE = 0.85
"""Of the page: above it is its ground."""
SLIMMEST = 2.2
"""Height over width of what stands upright like a stroke of large print."""
LARGE_PRINT_PX = 150
TALLEST_CODE_PX = 45
EXPLAINED = 0.9
"""Of an area, the share that its boxes must cover: a photograph falls into boxes that leave much out."""
BESIDE_PX = 16
CONTINUED_BLACK, CONTINUED = 0.6, 0.25
"""Of a strip of `BESIDE_PX` at a box's left or right, the share of fill from which it does not end there; text is black, too."""
CLUTTER = 0.3
"""Of a box's surroundings, the share that is neither paper nor black nor its fill from which it is part of a picture."""
MOST_TRIMMED_PX, EDGE_FILL = 6, 0.6
FRINGE = 0.08
"""Of the surroundings of a coloured box, the share that is black from which it is what a highlighter left around a bar."""


def filled_marks(page: PageImage, gray: Mask) -> list[Mark]:
    """Every filled box of a page (RGB and gray, uint8)."""
    red, green, blue = cv2.split(page)
    black = np.asarray(cv2.threshold(cv2.max(cv2.max(red, green), blue), BLACKEST, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    # paper is what most of a page is; that of old scans is not white
    tone = max(150.0, min(float(PAPER), float(np.median(gray[::8, ::8])) - 15))
    plain = cv2.bitwise_or(np.asarray(cv2.threshold(gray, tone, 1, cv2.THRESH_BINARY)[1], np.uint8), black)
    changing = np.asarray(cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) >= FLAT, np.uint8)
    picture = cv2.bitwise_and(changing, np.asarray(plain == 0, np.uint8))
    marks = [mark for mark in _marks_of_fill(black, CONTINUED_BLACK) if _share_around(mark, picture, 6, 14) <= CLUTTER]
    bars = np.zeros_like(black)
    for x0, y0, x1, y1, _ in marks:
        bars[y0:y1, x0:x1] = 1
    for color in _fill_colors(page, changing):
        fill = np.asarray(cv2.inRange(page, color - COLOR_TOLERANCE, color + COLOR_TOLERANCE) // 255, np.uint8)
        clutter = np.asarray(cv2.bitwise_or(plain, fill) == 0, np.uint8)
        marks.extend(
            mark
            for mark in _marks_of_fill(fill, CONTINUED)
            if _share_around(mark, bars) <= FRINGE and _share_around(mark, clutter) <= CLUTTER
        )
    return marks


def _fill_colors(page: PageImage, changing: Mask) -> Iterator[NDArray[np.int32]]:
    """The commonest colors, neither black nor paper, of places where nothing changes for some pixels around."""
    # every fourth pixel of every fourth row: a bar of the least size still has several of them
    sample = page[::4, ::4]
    flat = changing[::4, ::4] == 0
    flat &= (sample.min(axis=2) < PAPER) & (sample.max(axis=2) >= BLACKEST)
    colors = sample[flat].astype(np.int32)
    if not len(colors):
        return
    codes = (colors[:, 0] >> 4 << 8) | (colors[:, 1] >> 4 << 4) | (colors[:, 2] >> 4)
    taken = np.zeros(len(colors), bool)
    for _ in range(MOST_COLORS):
        counts = np.bincount(codes[~taken], minlength=4096)
        if counts.max() < LEAST_AREA_PX // 32:
            return
        middle = np.median(colors[(codes == counts.argmax()) & ~taken], axis=0).astype(np.int32)
        taken |= (np.abs(colors - middle) <= COLOR_TOLERANCE).all(axis=1) | (codes == counts.argmax())
        yield middle


def _marks_of_fill(mask: Mask, continued: float) -> list[Mark]:
    """The boxes in a mask of one fill; see `CONTINUED`."""
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
            mark = _judged(mask, _trimmed(mask, Mark(x + x0, y + y0, x + x1, y + y1, 0.0)), continued)
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


def _share_around(mark: Mark, mask: Mask, inner: int = 0, outer: int = 6) -> float:
    """Share of a frame around a box, `inner` to `outer` pixels away from it, that is in a mask."""
    x0, y0, x1, y1, _ = mark
    around, inside = (mask[max(0, y0 - px) : y1 + px, max(0, x0 - px) : x1 + px] for px in (outer, inner))
    return (int(around.sum()) - int(inside.sum())) / max(1, around.size - inside.size)


def _trimmed(mask: Mask, mark: Mark) -> Mark:
    """The mark without rows and columns at its edges that are hardly filled: stumps of letters that touch a bar."""
    x0, y0, x1, y1, _ = mark
    fill = mask[y0:y1, x0:x1]
    sides = []
    for edge in (fill[:MOST_TRIMMED_PX], fill[::-1][:MOST_TRIMMED_PX], fill.T[:MOST_TRIMMED_PX], fill.T[::-1][:MOST_TRIMMED_PX]):
        full = np.flatnonzero(edge.mean(axis=1) >= EDGE_FILL)
        sides.append(int(full[0]) if len(full) else 0)
    top, bottom, left, right = sides
    return Mark(x0 + left, y0 + top, x1 - right, y1 - bottom, mark.score)


def _judged(mask: Mask, mark: Mark, continued: float) -> Mark | None:
    """How sure it is: by how pure its fill is, whether it ends at its sides, and by what is written in it."""
    x0, y0, x1, y1, _ = mark
    w, h = x1 - x0, y1 - y0
    if w < BAR[0] or h < BAR[1] or (h > SLIMMEST * w and h < LARGE_PRINT_PX):
        return None
    left, right = max(0, x0 - 3 - BESIDE_PX), min(mask.shape[1], x1 + 3 + BESIDE_PX)
    sides = (mask[y0 + 2 : y1 - 2, left : x0 - 3], mask[y0 + 2 : y1 - 2, x1 + 3 : right])
    if any(side.size and side.mean() > continued for side in sides):
        return mark._replace(score=0.1)
    content = content_of(1 - mask[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2])
    if content.share > 0.02 and content.glyphs > 0 and not content.is_code:
        return mark._replace(score=max(0.02, 0.45 - content.share))
    return mark._replace(score=0.95 - min(content.share, 0.4) - (0.2 if content.is_code else 0.0))
