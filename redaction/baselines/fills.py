"""Find filled redactions: black, gray, colored."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.baselines.scored_boxes import ScoredBox, measure_content
from redaction.detection.rectangles import Mask, Rectangle
from redaction.detection.regions import MAX_LETTER_PX, MAX_REGION_PAGE_SHARE, bars_of_region, fill_code_holes
from redaction.pages.image import PageImage

MAX_DARK_LEVEL = 110
"""A pixel that is not lighter in any channel is black."""
MIN_WHITE_LEVEL, MIN_OLD_PAPER_LEVEL, PAPER_MARGIN = 232, 150, 15
"""A pixel is paper if it is lighter than the page's median minus the margin, within the two levels: old scans are not white."""
MIN_FILLED_WIDTH_PX, MIN_FILLED_HEIGHT_PX = 11, 13
"""At 150 dpi; strokes of text are smaller in one direction."""
MIN_CHANGE_LEVELS = 12
"""Range of gray levels in a neighborhood of 5 x 5 pixels from which it is not a flat fill."""
COLOR_TOLERANCE = 16
MAX_FILL_COLORS = 8
MIN_FILL_AREA_PX = 260
MAX_HEIGHT_TO_WIDTH = 2.2
"""A taller box is a stroke of a large letter."""
SIDE_STRIP_PX = 16
MAX_BLACK_BESIDE_SHARE, MAX_COLOR_BESIDE_SHARE = 0.6, 0.25
"""Share of a strip of `SIDE_STRIP_PX` left or right of a box that has its fill; with more, the box does not end there. The share
is larger for black, because text is black, too."""
MAX_CLUTTER_SHARE = 0.3
"""Share of a box's surroundings that is neither paper nor black nor its fill; with more, the box is part of a picture."""
MAX_TRIM_PX = 6
MIN_EDGE_FILL_SHARE = 0.6
"""Rows and columns at the edges of a box that are filled less are trimmed."""
MAX_BARS_AROUND_SHARE = 0.08
"""Share of a colored box's surroundings that lies in black bars; with more, it is what a highlighter left around a bar."""
MAX_MARGIN_PX = 20
"""A region at the page's edge that is thinner than this is a margin."""


def find_filled_boxes(page: PageImage, gray: Mask) -> list[ScoredBox]:
    """Find every filled box of a page, given in RGB and in gray (uint8)."""
    red, green, blue = cv2.split(page)
    black = np.asarray(cv2.threshold(cv2.max(cv2.max(red, green), blue), MAX_DARK_LEVEL, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    paper_level = max(float(MIN_OLD_PAPER_LEVEL), min(float(MIN_WHITE_LEVEL), float(np.median(gray[::8, ::8])) - PAPER_MARGIN))
    plain = cv2.bitwise_or(np.asarray(cv2.threshold(gray, paper_level, 1, cv2.THRESH_BINARY)[1], np.uint8), black)
    gradient = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    changing = np.asarray(gradient >= MIN_CHANGE_LEVELS, np.uint8)
    picture = cv2.bitwise_and(changing, np.asarray(plain == 0, np.uint8))
    boxes = [
        box for box in _boxes_of_fill(black, MAX_BLACK_BESIDE_SHARE) if _share_around(box, picture, 6, 14) <= MAX_CLUTTER_SHARE
    ]
    bars = np.zeros_like(black)
    for x0, y0, x1, y1, _ in boxes:
        bars[y0:y1, x0:x1] = 1
    for color in _fill_colors(page, changing):
        fill = np.asarray(cv2.inRange(page, color - COLOR_TOLERANCE, color + COLOR_TOLERANCE) // 255, np.uint8)
        clutter = np.asarray(cv2.bitwise_or(plain, fill) == 0, np.uint8)
        boxes.extend(
            box
            for box in _boxes_of_fill(fill, MAX_COLOR_BESIDE_SHARE)
            if _share_around(box, bars) <= MAX_BARS_AROUND_SHARE and _share_around(box, clutter) <= MAX_CLUTTER_SHARE
        )
    return boxes


def _fill_colors(page: PageImage, changing: Mask) -> Iterator[NDArray[np.int32]]:
    """Yield the most common colors of flat places, except black and paper."""
    # every fourth pixel of every fourth row: the smallest bar still has several of them
    sample = page[::4, ::4]
    flat = changing[::4, ::4] == 0
    flat &= (sample.min(axis=2) < MIN_WHITE_LEVEL) & (sample.max(axis=2) >= MAX_DARK_LEVEL)
    colors = sample[flat].astype(np.int32)
    if not len(colors):
        return
    codes = (colors[:, 0] >> 4 << 8) | (colors[:, 1] >> 4 << 4) | (colors[:, 2] >> 4)
    taken = np.zeros(len(colors), bool)
    for _ in range(MAX_FILL_COLORS):
        counts = np.bincount(codes[~taken], minlength=4096)
        if counts.max() < MIN_FILL_AREA_PX // 32:
            return
        median = np.median(colors[(codes == counts.argmax()) & ~taken], axis=0).astype(np.int32)
        taken |= (np.abs(colors - median) <= COLOR_TOLERANCE).all(axis=1) | (codes == counts.argmax())
        yield median


def _boxes_of_fill(mask: Mask, max_beside_share: float) -> list[ScoredBox]:
    """Find the boxes in a mask of one fill; for `max_beside_share` see `MAX_BLACK_BESIDE_SHARE`."""
    # specks and printed codes are closed before thin strokes are removed
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    smallest_bar = np.ones((MIN_FILLED_HEIGHT_PX, MIN_FILLED_WIDTH_PX), np.uint8)
    bars = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, smallest_bar), np.uint8)
    if not bars.any():
        return []
    fill_code_holes(bars)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bars, connectivity=4)
    boxes, backgrounds = [], []
    for label, (x, y, w, h, area) in enumerate(stats[1:].tolist(), start=1):
        if area < MIN_FILL_AREA_PX:
            continue
        if _is_background_or_border((x, y, x + w, y + h), mask):
            backgrounds.append((x, y, x + w, y + h))
            continue
        region = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
        for x0, y0, x1, y1 in bars_of_region(region, area) or ():
            box = _scored(mask, _trimmed(mask, ScoredBox(x + x0, y + y0, x + x1, y + y1, 0.0)), max_beside_share)
            if box is not None:
                boxes.append(box)
    return [box for box in boxes if not any(_lies_within(box, background) for background in backgrounds)]


def _is_background_or_border(box: Rectangle, mask: Mask) -> bool:
    """Whether a region is the page's background, the black margin of a photocopy, or a band on a title page."""
    (x0, y0, x1, y1), (height, width) = box, mask.shape
    if (x1 - x0) * (y1 - y0) > MAX_REGION_PAGE_SHARE * width * height:
        return True
    touched_edges = (x0 <= 2) + (y0 <= 2) + (x1 >= width - 2) + (y1 >= height - 2)
    is_band = x1 - x0 > 0.9 * width or y1 - y0 > 0.25 * height or min(x1 - x0, y1 - y0) < MAX_MARGIN_PX
    return touched_edges >= 2 or bool(touched_edges and is_band)


def _lies_within(box: ScoredBox, background: Rectangle) -> bool:
    """Whether most of a box lies in the bounding box of a background of the same fill."""
    width = min(box.x1, background[2]) - max(box.x0, background[0])
    height = min(box.y1, background[3]) - max(box.y0, background[1])
    is_thin = min(background[2] - background[0], background[3] - background[1]) < MAX_MARGIN_PX
    return not is_thin and width > 0 and height > 0 and width * height > 0.8 * (box.x1 - box.x0) * (box.y1 - box.y0)


def _share_around(box: ScoredBox, mask: Mask, inner_px: int = 0, outer_px: int = 6) -> float:
    """Share of the frame between `inner_px` and `outer_px` around a box that is set in a mask."""
    x0, y0, x1, y1, _ = box
    around, inside = (mask[max(0, y0 - px) : y1 + px, max(0, x0 - px) : x1 + px] for px in (outer_px, inner_px))
    return (int(around.sum()) - int(inside.sum())) / max(1, around.size - inside.size)


def _trimmed(mask: Mask, box: ScoredBox) -> ScoredBox:
    """The box without barely filled rows and columns at its edges: parts of letters that touch a bar."""
    x0, y0, x1, y1, _ = box
    fill = mask[y0:y1, x0:x1]
    margins = []
    for edge in (fill[:MAX_TRIM_PX], fill[::-1][:MAX_TRIM_PX], fill.T[:MAX_TRIM_PX], fill.T[::-1][:MAX_TRIM_PX]):
        full = np.flatnonzero(edge.mean(axis=1) >= MIN_EDGE_FILL_SHARE)
        margins.append(int(full[0]) if len(full) else 0)
    top, bottom, left, right = margins
    return ScoredBox(x0 + left, y0 + top, x1 - right, y1 - bottom, box.score)


def _scored(mask: Mask, box: ScoredBox, max_beside_share: float) -> ScoredBox | None:
    """Score a box by the purity of its fill, by whether it ends at its sides, and by the writing in it; None if it is no bar."""
    x0, y0, x1, y1, _ = box
    w, h = x1 - x0, y1 - y0
    if w < MIN_FILLED_WIDTH_PX or h < MIN_FILLED_HEIGHT_PX or (h > MAX_HEIGHT_TO_WIDTH * w and h < MAX_LETTER_PX):
        return None
    left, right = max(0, x0 - 3 - SIDE_STRIP_PX), min(mask.shape[1], x1 + 3 + SIDE_STRIP_PX)
    strips = (mask[y0 + 2 : y1 - 2, left : x0 - 3], mask[y0 + 2 : y1 - 2, x1 + 3 : right])
    if any(strip.size and strip.mean() > max_beside_share for strip in strips):
        return box._replace(score=0.1)
    content = measure_content(1 - mask[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2])
    if content.ink_share > 0.02 and content.glyphs > 0 and not content.is_code:
        return box._replace(score=max(0.02, 0.45 - content.ink_share))
    return box._replace(score=0.95 - min(content.ink_share, 0.4) - (0.2 if content.is_code else 0.0))
