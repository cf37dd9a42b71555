"""Features of a box, from the page and the other boxes: is it filled, do its sides lie on edges, what is around it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redaction.detection.colors import LEVELS, Color, Fill, box_fill, sample_stride
from redaction.detection.rectangles import Rectangle
from redaction.pages.geometry import Xyxy
from redaction.pages.image import PageImage

MIN_LINE_CONTRAST = 25
"""Levels by which a line is darker than the fill."""
MAX_LINE_PX = 8
EDGE_MARGIN_PX = 3
"""Width of an edge that a scanner has blurred."""

MAX_WIDTH_DIFFERENCE_SHARE, MAX_HEIGHT_DIFFERENCE_SHARE = 0.15, 0.25
"""Boxes in a row that differ by less in width and height are of one size."""
MAX_ROW_OFFSET_PX = 6
"""Boxes whose tops differ by less stand in one row."""
MAX_ROW_NEIGHBORS = 8
"""More neighbors count as this many."""

MAX_BORDER_PX = 9
"""Boxes with a common side overlap by the line between them, or lie this far apart."""
MIN_COMMON_SIDE_SHARE = 0.5
"""Share of a side along which a neighbor must run."""
MAX_INTERLINE_HEIGHT_SHARE = 0.8
"""The gap between two lines of text is lower than the bars over them, by at least this factor."""


class BoxFeatures(NamedTuple):
    """Features of one box, each between 0 and 1."""

    purity: float
    """Share of the middle that has one color."""
    darkness: float
    """Of the fill's darkest channel: 0 is white; 1 is black or a saturated color. Unlike fills, paper between
    lines has none."""
    weakest_side: float
    second_side: float
    """Share of a side along which the page changes or a line runs: for the worst side, and for the second worst."""
    fill_beyond: float
    """Share of a side beyond which the same fill continues: for the third worst side. A frame on a colored background has this on
    three or four sides, a bar in a stack of bars on two."""
    row_neighbors: float
    """Number of boxes of the same size in the same row, divided by `MAX_ROW_NEIGHBORS`: binder holes and form cells have many."""


NO_FEATURES = BoxFeatures(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""Of a box that is too small to be examined."""
NO_COLOR = (np.nan, np.nan, np.nan)
"""The fill of such a box; it equals no other."""


def box_features(page: PageImage, paper: Color, box: Rectangle, touching: Sequence[Rectangle]) -> tuple[BoxFeatures, Color]:
    """The features of a box, except `row_neighbors`, which is 0, and the color of its fill.

    Args:
        page: RGB, uint8, (height, width, 3).
        paper: the color of the page's paper.
        box: in pixels of the page.
        touching: the bars of the region that the box belongs to.
    """
    fill, purity = box_fill(page[box[1] : box[3], box[0] : box[2]], paper)
    edge_shares, continued_shares = zip(*_sides(page, box, fill, touching), strict=True)
    weakest, second, *_ = sorted(edge_shares)
    darkness = 1 - min(fill.color) / (LEVELS - 1)
    return BoxFeatures(purity, darkness, weakest, second, sorted(continued_shares)[1], row_neighbors=0.0), fill.color


def _sides(page: PageImage, box: Rectangle, fill: Fill, touching: Sequence[Rectangle]) -> Iterator[tuple[float, float]]:
    """For each side, two shares of its length: where the page changes or a line runs, and where the fill continues beyond.

    Parts of a side that another bar touches are left out: nothing changes there although the bar ends. For an outlined box the
    second share is 0, because paper surrounds it anyway.
    """
    x0, y0, x1, y1 = box
    rows = np.arange(y0 + (y1 - y0) // 10, y1 - (y1 - y0) // 10, sample_stride(y1 - y0))
    columns = np.arange(x0 + (x1 - x0) // 10, x1 - (x1 - x0) // 10, sample_stride(x1 - x0))
    transposed = [(top, left, bottom, right) for left, top, right, bottom in touching]
    transposed_page = page.transpose(1, 0, 2)
    for view, places, bars, edge, outward in (
        (page, rows, touching, x0, -1),
        (page, rows, touching, x1 - 1, 1),
        (transposed_page, columns, transposed, y0, -1),
        (transposed_page, columns, transposed, y1 - 1, 1),
    ):
        inside, outside = edge - outward * EDGE_MARGIN_PX, edge + outward * EDGE_MARGIN_PX
        if not 0 <= outside < view.shape[1] or not 0 <= inside < view.shape[1]:
            yield 0.0, 0.0  # the edge of the page is no edge of a redaction
            continue
        free = places
        for left, top, right, bottom in bars:
            if left <= outside < right:
                free = free[(free < top) | (free >= bottom)]
        if not len(free):
            yield 1.0, 0.0
            continue
        beyond = min(max(outside + outward * MAX_LINE_PX, 0), view.shape[1] - 1)
        around = view[free, edge - EDGE_MARGIN_PX + 1 : edge + EDGE_MARGIN_PX]
        yield _side_shares(view[free, inside], around, view[free, outside], view[free, beyond], fill)


def _side_shares(inside: PageImage, around: PageImage, outside: PageImage, beyond: PageImage, fill: Fill) -> tuple[float, float]:
    """The two shares that `_sides` yields for a side.

    Args:
        inside: (points, 3), pixels along the side, `EDGE_MARGIN_PX` inside it.
        around: (points, pixels, 3), all pixels closer to the side than `EDGE_MARGIN_PX`.
        outside: (points, 3), `EDGE_MARGIN_PX` outside the side.
        beyond: (points, 3), farther outside than a line is thick.
        fill: of the box.
    """
    change = np.abs(inside.astype(np.int16) - outside).max(axis=1) > fill.edge_step
    line = (around.max(axis=2) <= min(fill.color) - MIN_LINE_CONTRAST).any(axis=1)
    if not fill.is_paper:
        continued = np.abs(beyond.astype(np.int16) - np.array(fill.color)).max(axis=1) <= fill.tolerance
        return max(_share(change), _share(line)), _share(continued)
    # paper between two bars has edges, too, but they are the bars' edges
    thin = beyond.max(axis=1) > min(fill.color) // 2
    return max(_share(change & thin), _share(line & thin)), 0.0


def _share(of_points: NDArray[np.bool_]) -> float:
    return np.count_nonzero(of_points) / len(of_points)  # much faster than mean()


def row_neighbors(boxes: Xyxy) -> Iterator[float]:
    """For each box, (n, 4), the feature `BoxFeatures.row_neighbors`; boxes that overlap it are not counted."""
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    for box, width, height in zip(boxes, widths, heights, strict=True):
        similar = np.abs(widths - width) <= MAX_WIDTH_DIFFERENCE_SHARE * width
        similar &= np.abs(heights - height) <= max(MAX_ROW_OFFSET_PX, MAX_HEIGHT_DIFFERENCE_SHARE * height)
        similar &= np.abs(boxes[:, 1] - box[1]) <= MAX_ROW_OFFSET_PX
        places = np.unique(np.rint((boxes[similar, 0] - box[0]) / max(width, 1)))
        yield min(MAX_ROW_NEIGHBORS, len(places) - 1) / MAX_ROW_NEIGHBORS


def interline_gaps(boxes: Xyxy, scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which boxes, (n, 4), are the gap between two thicker boxes with better scores that share their long sides.

    Paper or a highlighter's stripe between the bars over two lines of text has edges as straight as those of the bars.
    """
    wide = boxes[:, 2] - boxes[:, 0] >= boxes[:, 3] - boxes[:, 1]
    transposed = boxes[:, [1, 0, 3, 2]]
    return np.where(wide, _lies_between_better(boxes, scores), _lies_between_better(transposed, scores))


def _lies_between_better(boxes: Xyxy, scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which boxes have a thicker box with a better score directly above, and another one directly below."""
    left, top, right, bottom = boxes.T
    common = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    thicker = common >= MIN_COMMON_SIDE_SHARE * (right - left)[:, None]
    thicker &= (bottom - top)[:, None] < MAX_INTERLINE_HEIGHT_SHARE * (bottom - top)
    above = thicker & (np.abs(bottom - top[:, None]) <= MAX_BORDER_PX)
    below = thicker & (np.abs(top - bottom[:, None]) <= MAX_BORDER_PX)
    best_above, best_below = (np.where(there, scores, -np.inf).max(axis=1, initial=-np.inf) for there in (above, below))
    return np.asarray(np.minimum(best_above, best_below) > scores)
