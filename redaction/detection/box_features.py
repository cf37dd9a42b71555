"""What a page says of a box: whether its four sides lie on edges, and what fills it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redaction.detection.colors import Color, Fill, fill_of, stride
from redaction.detection.rectangles import Box
from redaction.pages.geometry import Xyxy
from redaction.pages.image import PageImage

LINE_CONTRAST = 25
"""Shades by which a line is darker than the fill."""
THICKEST_LINE_PX = 8
OFF_EDGE_PX = 3
"""Edges that were blurred by a scanner are as wide as this."""
WHITE = 255


SAME_WIDTH, SAME_HEIGHT, SAME_ROW_PX, MOST_COMPANY = 0.15, 0.25, 6, 8
"""Boxes of one size in a row: by how much of width and height, and by how many pixels, they may differ; and how many count."""
THICKEST_BORDER_PX = 9
"""Boxes that share a side overlap by the line that it is, or lie as far apart."""
ALONGSIDE = 0.5
"""Share of a side along which the neighbor runs."""
THINNER = 0.8
"""Than a neighbor: the room between two lines of text is lower than the bars over them."""
NONE = -np.inf


class BoxFeatures(NamedTuple):
    """What the page says of a box; each between 0 and 1."""

    purity: float
    """Share of its middle that is one color."""
    darkness: float
    """Of its fill, by the darkest channel: 0 is white, 1 is black or a saturated color. Paper between lines makes a rectangle,
    too."""
    weakest_side: float
    second_side: float
    """Share of a side's length along which the page changes or a line runs: of the worst side and the second worst."""
    ground: float
    """Share of a side's length beyond which the same fill goes on: of the third worst side. A frame on a coloured ground has that
    on three sides or four; a bar in a stack of bars on two."""
    company: float
    """How many others of its size stand in its row, out of eight: the holes of a binding do, and the boxes of a form."""


UNSEEN = BoxFeatures(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
UNSEEN_FILL = (np.nan, np.nan, np.nan)
"""Of a box that is too small to be looked at: it says nothing, and is of no box's shade."""


def features_of_box(page: PageImage, paper: Color, box: Box, touching: Sequence[Box]) -> tuple[BoxFeatures, Color]:
    """What the page (RGB, uint8, (height, width, 3)) says of a box that lies on it, of its company nothing yet; and its color.

    Args:
        paper: the page's.
        box: xyxy in pixels of the page.
        touching: the bars of the area that the box is a part of.
    """
    fill, purity = fill_of(page[box[1] : box[3], box[0] : box[2]], paper)
    edges, goes_on = zip(*_sides(page, box, fill, touching), strict=True)
    weakest, second, *_ = sorted(edges)
    return BoxFeatures(purity, 1 - min(fill.color) / WHITE, weakest, second, sorted(goes_on)[1], company=0.0), fill.color


def _sides(page: PageImage, box: Box, fill: Fill, touching: Sequence[Box]) -> Iterator[tuple[float, float]]:
    """For each side, two shares of its length: along which the page changes or a line runs; and beyond which, farther off than a
    line is thick, the fill goes on (0 for outlined boxes: paper is around them, too).

    What another bar touches of a side does not count: nothing changes there, and yet it ends.
    """
    x0, y0, x1, y1 = box
    rows = np.arange(y0 + (y1 - y0) // 10, y1 - (y1 - y0) // 10, stride(y1 - y0))
    columns = np.arange(x0 + (x1 - x0) // 10, x1 - (x1 - x0) // 10, stride(x1 - x0))
    turned = [(top, left, bottom, right) for left, top, right, bottom in touching]
    sideways = page.transpose(1, 0, 2)
    for view, places, bars, edge, outward in (
        (page, rows, touching, x0, -1),
        (page, rows, touching, x1 - 1, 1),
        (sideways, columns, turned, y0, -1),
        (sideways, columns, turned, y1 - 1, 1),
    ):
        inside, outside = edge - outward * OFF_EDGE_PX, edge + outward * OFF_EDGE_PX
        if not 0 <= outside < view.shape[1] or not 0 <= inside < view.shape[1]:
            yield 0.0, 0.0  # the page ends there, which no redaction says
            continue
        free = places
        for left, top, right, bottom in bars:
            if left <= outside < right:
                free = free[(free < top) | (free >= bottom)]
        if not len(free):
            yield 1.0, 0.0
            continue
        beyond = min(max(outside + outward * THICKEST_LINE_PX, 0), view.shape[1] - 1)
        yield _edge(view[free, inside], view[free, edge - OFF_EDGE_PX + 1 : edge + OFF_EDGE_PX], view[free, outside],
                    view[free, beyond], fill)  # fmt: skip


def _edge(inside: PageImage, around: PageImage, outside: PageImage, beyond: PageImage, fill: Fill) -> tuple[float, float]:
    """As `_sides` yields for each side.

    Args:
        inside: (points, 3), at points along the side, `OFF_EDGE_PX` inside it; `outside` as far outside.
        around: (points, pixels, 3), all that lie less than `OFF_EDGE_PX` off the side.
        beyond: (points, 3), farther outside than a line is thick.
    """
    change = np.abs(inside.astype(np.int16) - outside).max(axis=1) > fill.step
    line = (around.max(axis=2) <= min(fill.color) - LINE_CONTRAST).any(axis=1)
    if not fill.is_paper:
        goes_on = np.abs(beyond.astype(np.int16) - np.array(fill.color)).max(axis=1) <= fill.tolerance
        return max(_share(change), _share(line)), _share(goes_on)
    # paper between two bars has edges, too, but those are the bars'
    thin = beyond.max(axis=1) > min(fill.color) // 2
    return max(_share(change & thin), _share(line & thin)), 0.0


def _share(of_points: NDArray[np.bool_]) -> float:
    return np.count_nonzero(of_points) / len(of_points)  # as the mean says, in a tenth of its time


def row_neighbors(boxes: Xyxy) -> Iterator[float]:
    """For each box, (n, 4), how many others of its size stand in its row, out of eight; what overlaps it is none."""
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    for box, width, height in zip(boxes, widths, heights, strict=True):
        alike = np.abs(widths - width) <= SAME_WIDTH * width
        alike &= np.abs(heights - height) <= max(SAME_ROW_PX, SAME_HEIGHT * height)
        alike &= np.abs(boxes[:, 1] - box[1]) <= SAME_ROW_PX
        places = np.unique(np.rint((boxes[alike, 0] - box[0]) / max(width, 1)))
        yield min(MOST_COMPANY, len(places) - 1) / MOST_COMPANY


def interline_gaps(boxes: Xyxy, scores: NDArray[np.floating]) -> NDArray[np.bool_]:
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
