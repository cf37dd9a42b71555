"""What a page says of a box: whether its four sides lie on edges, and what fills it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redaction.detection.colors import Colour, Fill, fill_of, stride
from redaction.detection.rectangles import Box
from redaction.pages.image import Page

LINE_CONTRAST = 25
"""Shades by which a line is darker than the fill."""
THICKEST_LINE_PX = 8
OFF_EDGE_PX = 3
"""Edges that were blurred by a scanner are as wide as this."""
WHITE = 255


class Evidence(NamedTuple):
    """What the page says of a box; each between 0 and 1."""

    purity: float
    """Share of its middle that is one colour."""
    darkness: float
    """Of its fill, by the darkest channel: 0 is white, 1 is black or a saturated colour. Paper between lines makes a rectangle,
    too."""
    weakest_side: float
    second_side: float
    """Share of a side's length along which the page changes or a line runs: of the worst side and the second worst."""
    ground: float
    """Share of a side's length beyond which the same fill goes on: of the third worst side. A frame on a coloured ground has that
    on three sides or four; a bar in a stack of bars on two."""
    company: float
    """How many others of its size stand in its row, out of eight: the holes of a binding do, and the boxes of a form."""


UNSEEN = Evidence(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
UNSEEN_FILL = (np.nan, np.nan, np.nan)
"""Of a box that is too small to be looked at: it says nothing, and is of no box's shade."""


def evidence_of(page: Page, paper: Colour, box: Box, touching: Sequence[Box]) -> tuple[Evidence, Colour]:
    """What the page (RGB, uint8, (height, width, 3)) says of a box that lies on it, of its company nothing yet; and its colour.

    Args:
        paper: the page's.
        box: xyxy in pixels of the page.
        touching: the bars of the area that the box is a part of.
    """
    fill, purity = fill_of(page[box[1] : box[3], box[0] : box[2]], paper)
    edges, goes_on = zip(*_sides(page, box, fill, touching), strict=True)
    weakest, second, *_ = sorted(edges)
    return Evidence(purity, 1 - min(fill.colour) / WHITE, weakest, second, sorted(goes_on)[1], company=0.0), fill.colour


def _sides(page: Page, box: Box, fill: Fill, touching: Sequence[Box]) -> Iterator[tuple[float, float]]:
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


def _edge(inside: Page, around: Page, outside: Page, beyond: Page, fill: Fill) -> tuple[float, float]:
    """As `_sides` yields for each side.

    Args:
        inside: (points, 3), at points along the side, `OFF_EDGE_PX` inside it; `outside` as far outside.
        around: (points, pixels, 3), all that lie less than `OFF_EDGE_PX` off the side.
        beyond: (points, 3), farther outside than a line is thick.
    """
    change = np.abs(inside.astype(np.int16) - outside).max(axis=1) > fill.step
    line = (around.max(axis=2) <= min(fill.colour) - LINE_CONTRAST).any(axis=1)
    if not fill.is_paper:
        goes_on = np.abs(beyond.astype(np.int16) - np.array(fill.colour)).max(axis=1) <= fill.tolerance
        return max(_share(change), _share(line)), _share(goes_on)
    # paper between two bars has edges, too, but those are the bars'
    thin = beyond.max(axis=1) > min(fill.colour) // 2
    return max(_share(change & thin), _share(line & thin)), 0.0


def _share(of_points: NDArray[np.bool_]) -> float:
    return np.count_nonzero(of_points) / len(of_points)  # as the mean says, in a tenth of its time
