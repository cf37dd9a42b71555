"""Redactions that are filled: black, grey, coloured."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.baselines.bands import boxes_of
from redaction.baselines.marks import Mark, Mask, content_of
from redaction.detector.preprocessing import Page

DARKEST_GREY = 100
"""What is darker counts as black."""
PAPER = 232
"""What is lighter in all channels counts as paper."""
BAR = (11, 13)
"""Width and height, in pixels at 150 dpi, that a bar has at least; strokes of text have less in one direction."""
COLOUR_TOLERANCE = 16
MOST_COLOURS = 8
LEAST_AREA_PX = 260
LARGEST_SHARE = 0.85
"""Of the page: above it is its ground."""
TALLEST_LETTER_PX = 150
TALLEST_CODE_PX = 45


def filled_marks(page: Page, grey: Mask) -> list[Mark]:
    """Every filled box of a page (RGB and grey, uint8)."""
    marks = list(_marks_of_fill(np.asarray(cv2.threshold(grey, DARKEST_GREY, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)))
    for colour in _fill_colours(page, grey):
        low, high = colour - COLOUR_TOLERANCE, colour + COLOUR_TOLERANCE
        marks.extend(_marks_of_fill(np.asarray(cv2.inRange(page, low, high) // 255, np.uint8)))
    return marks


def _fill_colours(page: Page, grey: Mask) -> Iterator[NDArray[np.int32]]:
    """The commonest colours, neither black nor paper, of places where nothing changes for some pixels around."""
    # every fourth pixel of every fourth row: a bar of the least size still has several of them
    sample, shade = page[::4, ::4], grey[::4, ::4]
    flat = (cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))[::4, ::4] < 12) & (shade >= DARKEST_GREY - 15)
    flat &= sample.min(axis=2) < PAPER
    colours = sample[flat].astype(np.int32)
    if not len(colours):
        return
    codes = (colours[:, 0] >> 4 << 8) | (colours[:, 1] >> 4 << 4) | (colours[:, 2] >> 4)
    taken = np.zeros(len(colours), bool)
    for _ in range(MOST_COLOURS):
        counts = np.bincount(codes[~taken], minlength=4096)
        if counts.max() < LEAST_AREA_PX // 32:
            return
        mean = np.median(colours[(codes == counts.argmax()) & ~taken], axis=0).astype(np.int32)
        taken |= (np.abs(colours - mean) <= COLOUR_TOLERANCE).all(axis=1) | (codes == counts.argmax())
        yield mean


def _marks_of_fill(mask: Mask) -> Iterator[Mark]:
    """The boxes in a mask of one fill."""
    height, width = mask.shape
    # white specks of a scan, and codes written into the bar, are closed before thin strokes are taken away
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    bars = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones(BAR[::-1], np.uint8)), np.uint8)
    if not bars.any():
        return
    bars = _with_codes_filled(bars, mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bars, connectivity=4)
    for label in range(1, len(stats)):
        x, y, w, h, area = stats[label].tolist()
        if area < LEAST_AREA_PX or _is_ground_or_border((x, y, x + w, y + h), width, height):
            continue
        part = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
        for x0, y0, x1, y1 in boxes_of(part):
            mark = _judged(mask, Mark(x + x0, y + y0, x + x1, y + y1, 0.0))
            if mark is not None:
                yield mark


def _with_codes_filled(bars: Mask, mask: Mask) -> Mask:
    """The bars with the holes that letters left in them filled up."""
    contours, hierarchy = cv2.findContours(bars, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return bars
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0], strict=True):
        if parent >= 0 and cv2.boundingRect(contour)[3] <= TALLEST_CODE_PX:
            cv2.drawContours(bars, [contour], -1, 1, cv2.FILLED)
    return bars


def _is_ground_or_border(box: tuple[int, int, int, int], width: int, height: int) -> bool:
    """Whether an area is the page's ground, a photocopy's black margin, or a band of a title page."""
    x0, y0, x1, y1 = box
    if (x1 - x0) * (y1 - y0) > LARGEST_SHARE * width * height:
        return True
    touches = (x0 <= 2) + (y0 <= 2) + (x1 >= width - 2) + (y1 >= height - 2)
    return touches >= 2 or bool(touches and (x1 - x0 > 0.9 * width or y1 - y0 > 0.25 * height or min(x1 - x0, y1 - y0) < 20))


def _judged(mask: Mask, mark: Mark) -> Mark | None:
    """How sure it is: by how pure its fill is, and by what is written in it."""
    x0, y0, x1, y1, _ = mark
    w, h = x1 - x0, y1 - y0
    if w < BAR[0] or h < BAR[1] or (h > 1.6 * w and h < TALLEST_LETTER_PX and w < 45):
        return None  # an upright stroke of large print
    inside = 1 - mask[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]
    content = content_of(inside)
    if content.share > 0.02 and content.glyphs > 0 and not content.is_code:
        return mark._replace(score=max(0.02, 0.45 - content.share))
    return mark._replace(score=0.95 - min(content.share, 0.4) - (0.2 if content.is_code else 0.0))
