"""From a connected region to rectangles: one where it is nearly a rectangle, else horizontal bands with constant ends."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""An image of zeros and ones, (height, width)."""

Rectangle = tuple[int, int, int, int]
"""``x0, y0, x1, y1`` in whole pixels; the right and lower edges lie outside."""

MIN_RECTANGLE_SHARE = 0.93
"""Share of its bounding box from which a region is one rectangle, despite small notches."""
MAX_END_JITTER_PX = 5
"""Pixels that may change from one row of a band to the next."""
MIN_BAND_PX = 9
MIN_RUN_PX = 9
MAX_SKEW_DEGREES = 3.0
"""A bar on a page that was scanned at a slight angle is still a rectangle."""


def rectangles_in(region: Mask) -> Iterator[Rectangle]:
    """The rectangles of one connected region (1 inside), cropped to its bounding box.

    Bars that touch form one region with steps at its ends. They are separated at the rows where the ends change; bands that
    are too thin for a bar are dropped.
    """
    height, width = region.shape
    if region.mean() > MIN_RECTANGLE_SHARE or _is_skewed_rectangle(region):
        yield 0, 0, width, height
        return
    yield from (rectangle for band in _bands(region) for rectangle in _runs(region, *band))


def _is_skewed_rectangle(region: Mask) -> bool:
    contours, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    (_, sides, angle) = cv2.minAreaRect(max(contours, key=len))
    skew = min(angle % 90, 90 - angle % 90)
    return bool(skew <= MAX_SKEW_DEGREES and region.sum() > MIN_RECTANGLE_SHARE * (sides[0] + 1) * (sides[1] + 1))


def _bands(region: Mask) -> Iterator[tuple[int, int]]:
    """First and last row (exclusive) of each stretch of similar rows."""
    steps = np.abs(np.diff(region.astype(np.int8), axis=0)).sum(axis=1)
    cuts = [0, *(np.flatnonzero(steps > MAX_END_JITTER_PX) + 1).tolist(), region.shape[0]]
    start = cuts[0]
    for cut in cuts[1:]:
        if cut - start >= MIN_BAND_PX:
            yield start, cut
        start = cut


def _runs(region: Mask, top: int, bottom: int) -> Iterator[Rectangle]:
    """The rectangles of a band: one for each stretch of columns that are filled in most of its rows."""
    filled: NDArray[np.int8] = (region[top:bottom].mean(axis=0) > 0.5).astype(np.int8)
    edges = np.diff(np.concatenate([[0], filled, [0]]))
    for left, right in zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True):
        if right - left >= MIN_RUN_PX:
            yield left, top, right, bottom
