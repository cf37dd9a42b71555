"""The filled regions of a page, and the bars that they consist of.

Bars over neighboring lines touch and form one region with steps at its ends. A proposal covers a part of it; where each bar
begins and ends follows from the region's shape.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from redaction.detection.colors import MAX_NOISE, Fill, color_difference
from redaction.detection.rectangles import Mask, Rectangle, rectangles_in
from redaction.pages.image import PageImage

MAX_BLACK_LEVEL = 60
"""A fill that is darker in all channels is black; all black fills count as one."""
MIN_BAR_WIDTH_PX, MIN_BAR_HEIGHT_PX = 5, 9
"""Smaller parts with the fill's color are strokes of letters or lines beside the bar."""
MAX_CODE_HEIGHT_PX = 45
"""Lower holes in a bar are letters of a code printed on it."""
MAX_LETTER_PX = 150
"""A region that is smaller in both directions and is no rectangle is a letter of a heading."""
MAX_REGION_PAGE_SHARE = 0.85
"""A larger region is the page's background."""
MIN_BARS_SHARE = 0.9
"""Share of a region that its bars must cover; the bars found in a photograph leave much out."""
MAX_CHANGING_PIXELS_SHARE = 0.25
"""Share of pixels that differ from their left neighbor. A page with more is a halftone: its contours would take minutes to follow
and are not codes. Real pages have at most 0.09."""
MIN_BOX_SHARE = 0.25
"""Share of a box that a region must cover for the box to mean that region although the middle of the box is paper."""
MAX_FILLS = 6
"""Different fills that are searched on one page; a photograph has any number of them."""
UNLABELED, MAX_LABEL = 1, 255
"""Values in a mask: 0 is another color; each region that was examined gets its own label."""


class FilledRegions:
    """The filled regions of a page (RGB, uint8, (height, width, 3)), computed on demand."""

    def __init__(self, page: PageImage) -> None:
        self._page = page
        self._by_fill: list[tuple[Fill, _RegionsOfFill]] = []

    def bars_at(self, box: Rectangle, fill: Fill) -> list[Rectangle] | None:
        """The bars of the region with this fill under the middle of a box.

        An empty list if the region does not consist of bars; None if it is a large letter.
        """
        regions = self._of_fill(fill)
        return regions.bars_at(box) if regions else []

    def bars_within(self, box: Rectangle) -> Iterator[tuple[Fill, list[Rectangle]]]:
        """Of the fills searched so far, those with a region that covers a good part of the box, and that region's bars."""
        for fill, regions in self._by_fill:
            if bars := regions.bars_within(box):
                yield fill, bars

    def _of_fill(self, fill: Fill) -> _RegionsOfFill | None:
        black = max(fill.color) < MAX_BLACK_LEVEL
        for other, regions in self._by_fill:
            both_black = black and max(other.color) < MAX_BLACK_LEVEL
            if both_black or color_difference(fill.color, other.color) <= fill.tolerance // 2:
                return regions
        if len(self._by_fill) == MAX_FILLS:
            return None
        color = np.array(fill.color)
        if black:
            low, high = color * 0, color * 0 + MAX_BLACK_LEVEL + MAX_NOISE
        else:
            low, high = color - fill.tolerance, color + fill.tolerance
        regions = _RegionsOfFill(np.asarray(cv2.inRange(self._page, low, high) // 255, np.uint8))
        self._by_fill.append((fill, regions))
        return regions


class _RegionsOfFill:
    """The connected regions of one fill, each labeled when a box is first found on it."""

    def __init__(self, mask: Mask) -> None:
        if np.count_nonzero(mask[:, 1:] != mask[:, :-1]) <= MAX_CHANGING_PIXELS_SHARE * mask.size:
            fill_code_holes(mask)
        smallest_bar = np.ones((MIN_BAR_HEIGHT_PX, MIN_BAR_WIDTH_PX), np.uint8)
        self._mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, smallest_bar), np.uint8)
        self._bars: list[list[Rectangle] | None] = []

    def bars_at(self, box: Rectangle) -> list[Rectangle] | None:
        x0, y0, x1, y1 = box
        middle = (x0 + (x1 - x0) // 4, y0 + (y1 - y0) // 4, x1 - (x1 - x0) // 4, y1 - (y1 - y0) // 4)
        return self._bars_of_main_region(middle, 0.0)

    def bars_within(self, box: Rectangle) -> list[Rectangle]:
        return self._bars_of_main_region(box, MIN_BOX_SHARE) or []

    def _bars_of_main_region(self, box: Rectangle, min_share: float) -> list[Rectangle] | None:
        """The bars of the region that covers most of a box, if it covers more than `min_share` of it."""
        x0, y0, x1, y1 = box
        inside = self._mask[y0:y1, x0:x1]
        counts = np.bincount(inside.reshape(-1), minlength=2)
        counts[0] = 0
        label = int(counts.argmax())
        if counts[label] <= min_share * inside.size:
            return []
        if label == UNLABELED:
            row, column = divmod(int((inside == UNLABELED).argmax()), inside.shape[1])
            return self._label_region((x0 + column, y0 + row))
        return self._bars[label - UNLABELED - 1]

    def _label_region(self, seed: tuple[int, int]) -> list[Rectangle] | None:
        """Label the region at a point, and return its bars."""
        label = UNLABELED + 1 + len(self._bars)
        if label > MAX_LABEL:
            return []
        area, _, _, (x, y, width, height) = cv2.floodFill(self._mask, None, seed, label)
        bars: list[Rectangle] | None = []
        if width * height <= MAX_REGION_PAGE_SHARE * self._mask.size:
            region = np.asarray(self._mask[y : y + height, x : x + width] == label, np.uint8)
            bars = bars_of_region(region, area)
        self._bars.append(bars and [(x + x0, y + y0, x + x1, y + y1) for x0, y0, x1, y1 in bars])
        return self._bars[-1]


def bars_of_region(region: Mask, area_px: int) -> list[Rectangle] | None:
    """The bars of one connected region (1 inside), cropped to its bounding box, in pixels of `region`.

    An empty list if the region does not consist of bars; None if it is a large letter.
    """
    bars = list(rectangles_in(region))
    if len(bars) > 1 and max(region.shape) < MAX_LETTER_PX:
        return None
    covered_px = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in bars)
    return bars if covered_px >= MIN_BARS_SHARE * area_px else []


def fill_code_holes(mask: Mask) -> None:
    """Fill the holes that the letters of a code leave in a bar, in place."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0] if hierarchy is not None else (), strict=True):
        if parent >= 0 and cv2.boundingRect(contour)[3] <= MAX_CODE_HEIGHT_PX:
            cv2.drawContours(mask, [contour], -1, 1, cv2.FILLED)
