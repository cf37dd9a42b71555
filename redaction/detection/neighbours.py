"""What boxes that were found on a page say of each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from redaction.pages.geometry import Xyxy

SAME_WIDTH, SAME_HEIGHT, SAME_ROW_PX, MOST_COMPANY = 0.15, 0.25, 6, 8
"""Boxes of one size in a row: by how much of width and height, and by how many pixels, they may differ; and how many count."""
THICKEST_BORDER_PX = 9
"""Boxes that share a side overlap by the line that it is, or lie as far apart."""
ALONGSIDE = 0.5
"""Share of a side along which the neighbour runs."""
THINNER = 0.8
"""Than a neighbour: the room between two lines of text is lower than the bars over them."""
NONE = -np.inf


def company_of(boxes: Xyxy) -> Iterator[float]:
    """For each box, (n, 4), how many others of its size stand in its row, out of eight; what overlaps it is none."""
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    for box, width, height in zip(boxes, widths, heights, strict=True):
        alike = np.abs(widths - width) <= SAME_WIDTH * width
        alike &= np.abs(heights - height) <= max(SAME_ROW_PX, SAME_HEIGHT * height)
        alike &= np.abs(boxes[:, 1] - box[1]) <= SAME_ROW_PX
        places = np.unique(np.rint((boxes[alike, 0] - box[0]) / max(width, 1)))
        yield min(MOST_COMPANY, len(places) - 1) / MOST_COMPANY


def gaps(boxes: Xyxy, scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which boxes, (n, 4), are but the room between two better ones, which share its long sides and are thicker than it.

    Between the bars over two lines of text, paper or a highlighter's stripe has edges as straight as theirs.
    """
    wide = boxes[:, 2] - boxes[:, 0] >= boxes[:, 3] - boxes[:, 1]
    upright = boxes[:, [1, 0, 3, 2]]
    return np.where(wide, _between_better(boxes, scores), _between_better(upright, scores))


def _between_better(boxes: Xyxy, scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which boxes have a thicker one with a better score above and another below."""
    left, top, right, bottom = boxes.T
    alongside = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) >= ALONGSIDE * (right - left)[:, None]
    thicker = alongside & ((bottom - top)[:, None] < THINNER * (bottom - top))
    above = thicker & (np.abs(bottom - top[:, None]) <= THICKEST_BORDER_PX)
    below = thicker & (np.abs(top - bottom[:, None]) <= THICKEST_BORDER_PX)
    best_above, best_below = (np.where(there, scores, NONE).max(axis=1, initial=NONE) for there in (above, below))
    return np.asarray(np.minimum(best_above, best_below) > scores)
