"""The filled areas of a page, and the bars that they are made of.

Bars over neighboring lines touch, and then they are one area to the eye, with steps at its sides. A box of the network lies on
some of it; where each bar begins and ends is to be read from the area's shape.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from redaction.detection.colors import NOISE, Fill, difference
from redaction.detection.rectangles import Box, Mask, boxes_of
from redaction.pages.image import PageImage

BLACKEST = 60
"""A fill that is darker in all channels is black, and so is all that is about as dark."""
THINNEST = (5, 9)
"""Width and height, in pixels, below which what is of the fill's color is a stroke of a letter or a line beside the bar."""
TALLEST_CODE_PX = 45
"""Holes that are lower are letters of a code that is written on a bar."""
LARGE_PRINT_PX = 150
"""An area that is smaller in both directions and no rectangle is a letter of a title."""
LARGEST_SHARE = 0.85
"""Of the page: a larger area is its ground."""
EXPLAINED = 0.9
"""Share of an area that its bars must cover; a photograph falls into bars that leave much out."""
UNLABELLED, MOST_AREAS = 1, 255
"""Values in a mask: 0 is another color, and an area that was looked at has a number of its own."""
BUSIEST = 0.25
"""Share of pixels that differ from their left neighbor from which a page is a raster of dots: its contours take minutes to
follow, and are no codes. Real pages have 0.09 at most."""
GOOD_PART = 0.25
"""Share of a box from which an area is what the box is meant for, though its middle is paper."""
MOST_FILLS = 6
"""Fills looked for on a page; a photograph has any number of them."""


class FilledAreas:
    """The areas of a page (RGB, uint8, (height, width, 3)), found when they are first asked for."""

    def __init__(self, page: PageImage) -> None:
        self._page = page
        self._found: list[tuple[Fill, _Areas]] = []

    def bars_at(self, box: Box, fill: Fill) -> list[Box] | None:
        """The bars of the area of that fill on which the middle of a box lies.

        An empty list where the area is not made of bars; `None` where it is a letter of large print.
        """
        areas = self._of_fill(fill)
        return areas.bars_at(box) if areas else []

    def bars_within(self, box: Box) -> Iterator[tuple[Fill, list[Box]]]:
        """Each fill that was looked for before of which an area takes up a good part of a box, and that area's bars."""
        for fill, areas in self._found:
            if bars := areas.bars_within(box):
                yield fill, bars

    def _of_fill(self, fill: Fill) -> _Areas | None:
        black = max(fill.color) < BLACKEST
        for other, areas in self._found:
            if difference(fill.color, other.color) <= fill.tolerance // 2 or (black and max(other.color) < BLACKEST):
                return areas
        if len(self._found) == MOST_FILLS:
            return None
        color = np.array(fill.color)
        low, high = (color * 0, color * 0 + BLACKEST + NOISE) if black else (color - fill.tolerance, color + fill.tolerance)
        areas = _Areas(np.asarray(cv2.inRange(self._page, low, high) // 255, np.uint8))
        self._found.append((fill, areas))
        return areas


class _Areas:
    """The connected areas of one fill, each labeled when a box is found to lie on it."""

    def __init__(self, mask: Mask) -> None:
        _fill_codes(mask)
        self._mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(THINNEST[::-1], np.uint8)), np.uint8)
        self._bars: list[list[Box] | None] = []

    def bars_at(self, box: Box) -> list[Box] | None:
        x0, y0, x1, y1 = box
        return self._most_of((x0 + (x1 - x0) // 4, y0 + (y1 - y0) // 4, x1 - (x1 - x0) // 4, y1 - (y1 - y0) // 4), 0.0)

    def bars_within(self, box: Box) -> list[Box]:
        return self._most_of(box, GOOD_PART) or []

    def _most_of(self, box: Box, least: float) -> list[Box] | None:
        """The bars of the area that has the most of a box, if that is more than a share of it."""
        x0, y0, x1, y1 = box
        inside = self._mask[y0:y1, x0:x1]
        counts = np.bincount(inside.reshape(-1), minlength=2)
        counts[0] = 0
        label = int(counts.argmax())
        if counts[label] <= least * inside.size:
            return []
        if label == UNLABELLED:
            row, column = divmod(int((inside == UNLABELLED).argmax()), inside.shape[1])
            return self._label((x0 + column, y0 + row))
        return self._bars[label - UNLABELLED - 1]

    def _label(self, seed: tuple[int, int]) -> list[Box] | None:
        """The bars of the area at a point, which is labeled by the number of areas before it."""
        label = UNLABELLED + 1 + len(self._bars)
        if label > MOST_AREAS:
            return []
        area, _, _, (x, y, width, height) = cv2.floodFill(self._mask, None, seed, label)
        bars: list[Box] = []
        if width * height <= LARGEST_SHARE * self._mask.size:
            part = np.asarray(self._mask[y : y + height, x : x + width] == label, np.uint8)
            bars = [(x + x0, y + y0, x + x1, y + y1) for x0, y0, x1, y1 in boxes_of(part)]
        covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in bars)
        is_letter = len(bars) > 1 and max(width, height) < LARGE_PRINT_PX
        self._bars.append(None if is_letter else bars if covered >= EXPLAINED * area else [])
        return self._bars[-1]


def _fill_codes(mask: Mask) -> None:
    """Fill up the holes that the letters of a code leave in a bar, in place."""
    if np.count_nonzero(mask[:, 1:] != mask[:, :-1]) > BUSIEST * mask.size:
        return
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0] if hierarchy is not None else (), strict=True):
        if parent >= 0 and cv2.boundingRect(contour)[3] <= TALLEST_CODE_PX:
            cv2.drawContours(mask, [contour], -1, 1, cv2.FILLED)
