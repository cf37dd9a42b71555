"""From a filled area to boxes: whole where it is nearly a rectangle, else horizontal bands of constant edges."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""An image with 1 where something holds and 0 elsewhere."""

WHOLE = 0.93
"""An area that fills more of its bounding box than this is one box, notches and all."""
EDGE_PX = 5
"""By how much the edges of a band may waver."""
LEAST_BAND_PX, LEAST_RUN_PX = 9, 9
LARGEST_SKEW = 3.0
"""Degrees by which a scan may be turned and a bar still be upright."""

Box = tuple[int, int, int, int]


def boxes_of(area: Mask) -> Iterator[Box]:
    """The boxes, ``x0, y0, x1, y1``, of one connected area (1 inside, cut at its bounding box).

    Bars that touch make one area with steps at its sides. They are told apart by rows whose runs begin and end elsewhere than
    in the rows above; what is left over is too thin for a bar.
    """
    height, width = area.shape
    if area.mean() > WHOLE or _is_turned_rectangle(area):
        yield 0, 0, width, height
        return
    yield from (box for band in _bands(area) for box in _runs_of(area, *band))


def _is_turned_rectangle(area: Mask) -> bool:
    """Whether it is a rectangle of a page that was laid askew on the scanner."""
    contours, _ = cv2.findContours(area, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    (_, sides, angle) = cv2.minAreaRect(max(contours, key=len))
    turned = min(angle % 90, 90 - angle % 90)
    return bool(turned <= LARGEST_SKEW and area.sum() > WHOLE * (sides[0] + 1) * (sides[1] + 1))


def _bands(area: Mask) -> Iterator[tuple[int, int]]:
    """First and last row (exclusive) of each stretch of rows that are alike."""
    steps = np.abs(np.diff(area.astype(np.int8), axis=0)).sum(axis=1)
    cuts = [0, *(np.flatnonzero(steps > EDGE_PX) + 1).tolist(), area.shape[0]]
    start = cuts[0]
    for cut in cuts[1:]:
        if cut - start >= LEAST_BAND_PX:
            yield start, cut
        start = cut


def _runs_of(area: Mask, top: int, bottom: int) -> Iterator[Box]:
    """The boxes of a band: one for each stretch of columns that are filled in most of its rows."""
    filled: NDArray[np.int8] = (area[top:bottom].mean(axis=0) > 0.5).astype(np.int8)
    edges = np.diff(np.concatenate([[0], filled, [0]]))
    for left, right in zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True):
        if right - left >= LEAST_RUN_PX:
            yield left, top, right, bottom
