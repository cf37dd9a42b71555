"""What a page says of a box: whether its four sides lie on edges, what fills it, and whether it stands in a row of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.detector.areas import SAME_FILL, Colour
from redaction.detector.bands import Box
from redaction.detector.preprocessing import Page
from redaction.geometry import Xyxy

PALEST_FILL = 215
"""Lighter than this in all channels is paper: such a box ends where a line runs."""
LINE_CONTRAST = 25
"""Shades by which a line is darker than the fill."""
THICKEST_LINE_PX = 8
STEP = 40
"""Shades by which the page changes across an edge."""
SAMPLES = 48
"""Points taken along a side, so that a large box costs no more than a small one."""
OFF_EDGE_PX = 3
"""Edges that were blurred by a scanner are as wide as this."""
SAME_WIDTH, SAME_HEIGHT, SAME_ROW_PX, MOST_COMPANY = 0.15, 0.25, 6, 8
"""Boxes of one size in a row: by how much of width and height, and by how many pixels, they may differ; and how many count."""
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


def evidence_of(page: Page, box: Box, touching: Sequence[Box]) -> tuple[Evidence, Colour]:
    """What the page (RGB, uint8, (height, width, 3)) says of a box that lies on it, of its company nothing yet; and its fill.

    Args:
        box: xyxy in pixels of the page.
        touching: the bars of the area that the box is a part of.
    """
    fill, purity = fill_of(page[box[1] : box[3], box[0] : box[2]])
    edges, goes_on = zip(*_sides(page, box, fill, touching), strict=True)
    weakest, second, *_ = sorted(edges)
    return Evidence(purity, 1 - min(fill) / WHITE, weakest, second, sorted(goes_on)[1], company=0.0), fill


def company_of(boxes: Xyxy) -> Iterator[float]:
    """For each box, (n, 4), how many others of its size stand in its row, out of eight; what overlaps it is none."""
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    for box, width, height in zip(boxes, widths, heights, strict=True):
        alike = np.abs(widths - width) <= SAME_WIDTH * width
        alike &= np.abs(heights - height) <= max(SAME_ROW_PX, SAME_HEIGHT * height)
        alike &= np.abs(boxes[:, 1] - box[1]) <= SAME_ROW_PX
        places = np.unique(np.rint((boxes[alike, 0] - box[0]) / max(width, 1)))
        yield min(MOST_COMPANY, len(places) - 1) / MOST_COMPANY


def fill_of(inside: Page) -> tuple[Colour, float]:
    """The colour (RGB) of the middle of a box, and how much of the middle is of it.

    Args:
        inside: the pixels of the box, (height, width, 3).
    """
    height, width = inside.shape[:2]
    middle = inside[height // 4 : height - height // 4, width // 4 : width - width // 4]
    across, down = 2 * stride(middle.shape[1]), stride(middle.shape[0])
    sample = np.ascontiguousarray(middle[::down, ::across])
    fill = tuple(np.median(sample, axis=(0, 1)).astype(int).tolist())
    return fill, float(share_of(fill, sample, 0).mean())


def stride(length: int) -> int:
    """Distance, in pixels, of the points to take along a side of this length."""
    return max(1, length // SAMPLES)


def share_of(fill: Colour, strip: Page, axis: int) -> NDArray[np.float64]:
    """The share of a strip's pixels, (height, width, 3), that are of this fill: of each column (axis 0) or each row (axis 1)."""
    low, high = tuple(shade - SAME_FILL for shade in fill), tuple(shade + SAME_FILL for shade in fill)
    return np.asarray(cv2.inRange(np.ascontiguousarray(strip), low, high).mean(axis=axis) / 255)


def _sides(page: Page, box: Box, fill: Colour, touching: Sequence[Box]) -> Iterator[tuple[float, float]]:
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


def _edge(inside: Page, around: Page, outside: Page, beyond: Page, fill: Colour) -> tuple[float, float]:
    """As `_sides` yields for each side.

    Args:
        inside: (points, 3), at points along the side, `OFF_EDGE_PX` inside it; `outside` as far outside.
        around: (points, pixels, 3), all that lie less than `OFF_EDGE_PX` off the side.
        beyond: (points, 3), farther outside than a line is thick.
    """
    change = np.abs(inside.astype(np.int16) - outside).max(axis=1) > STEP
    line = (around.max(axis=2) <= min(fill) - LINE_CONTRAST).any(axis=1)
    if min(fill) <= PALEST_FILL:
        goes_on = np.abs(beyond.astype(np.int16) - np.array(fill)).max(axis=1) <= SAME_FILL
        return max(float(change.mean()), float(line.mean())), float(goes_on.mean())
    # paper between two bars has edges, too, but those are the bars'
    thin = beyond.max(axis=1) > min(fill) // 2
    return max(float((change & thin).mean()), float((line & thin).mean())), 0.0
