"""Refinement: the sides of each proposal are moved to the page's own edges.

The network sees the page reduced to its input size, so it can only estimate where a bar as long as a line ends. On the page the
end is exact: the fill stops there, or a line runs there. How well the four sides lie on edges is also a feature for the rescoring
(`redaction.detection.box_features`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.detection.box_features import (
    MAX_LINE_PX,
    MIN_LINE_CONTRAST,
    NO_COLOR,
    NO_FEATURES,
    BoxFeatures,
    box_features,
    row_neighbors,
)
from redaction.detection.colors import Color, Fill, box_fill, fill_shares, paper_color, sample_stride
from redaction.detection.rectangles import Rectangle
from redaction.detection.regions import FilledRegions
from redaction.pages.geometry import Xyxy
from redaction.pages.image import PageImage

MIN_OVERLAP_SHARE = 0.5
"""Share of the smaller of a bar and a proposal that must lie in the other for the proposal to mean the bar."""
MIN_PURITY = 0.6
"""Share of a box's middle that has one color; below it the box is not filled, and its fill does not show where it ends."""
MIN_FILLED_SHARE = 0.5
"""Share of a row or column inside a bar that has its fill."""
MIN_LINE_SHARE = 0.75
"""Share of a row or column that is darker than the fill where an outline runs."""
MAX_OUTWARD_WIDTHS, MAX_OUTWARD_HEIGHTS = 0.5, 0.35
"""How far outside a box its edges are searched for, in widths and heights of the box."""
MIN_OUTWARD_PX, MAX_OUTWARD_PX = 8, 400
"""The same in pixels."""
MAX_INWARD_SHARE = 0.3
"""How far inside a box a line is searched for, in widths and heights of the box."""
MIN_SIDE_PX = 6
MIN_LEVEL_WITH_LINES = 60
"""A fill whose darkest channel is below this level has no visible line around it."""
MAX_BLUR_PX = 1
"""Between a fill and the line around it."""


class RefinedBoxes(NamedTuple):
    """Boxes on edges of the page. One proposal may become several boxes where bars touch."""

    xyxy: Xyxy
    source: NDArray[np.intp]
    """The row of the proposal that each box came from."""
    features: list[BoxFeatures]
    fills: NDArray[np.float32]
    """The color of each box (RGB), NaN where it was not examined; shape (n, 3)."""


class _RefinedBox(NamedTuple):
    xyxy: tuple[float, ...]
    source: int
    features: BoxFeatures
    fill: Sequence[float]


def refine(page: PageImage, xyxy: Xyxy) -> RefinedBoxes:
    """Move boxes to the edges of the page, and compute their features.

    A side without an edge nearby stays where it is. Of boxes that become equal, the first is kept.

    Args:
        page: RGB, uint8, (height, width, 3).
        xyxy: boxes in pixels of the page, best first.
    """
    refined = list(_refined_boxes(page, xyxy))
    refined_xyxy = np.array([box.xyxy for box in refined], np.float32).reshape(-1, 4)
    neighbors = row_neighbors(refined_xyxy)
    return RefinedBoxes(
        xyxy=refined_xyxy,
        source=np.array([box.source for box in refined], np.intp),
        features=[box.features._replace(row_neighbors=share) for box, share in zip(refined, neighbors, strict=True)],
        fills=np.array([box.fill for box in refined], np.float32).reshape(-1, 3),
    )


def _refined_boxes(page: PageImage, xyxy: Xyxy) -> Iterator[_RefinedBox]:
    height, width = page.shape[:2]
    # the value channel of HSV is the brightest channel of RGB
    brightest = np.asarray(cv2.extractChannel(cv2.cvtColor(page, cv2.COLOR_RGB2HSV), 2), np.uint8)
    regions, paper, taken = FilledRegions(page), paper_color(page), set[Rectangle]()
    proposals = np.clip(np.rint(xyxy), 0, [width, height, width, height]).astype(int)
    for row, proposal in enumerate(map(_as_rectangle, proposals)):
        unchanged = tuple(xyxy[row].tolist())
        if _shorter_side(proposal) < MIN_SIDE_PX:
            yield _RefinedBox(unchanged, row, NO_FEATURES, NO_COLOR)
            continue
        boxes, touching = _on_edges(page, brightest, paper, regions, proposal)
        boxes = [box for box in boxes if _shorter_side(box) >= MIN_SIDE_PX]
        for box in boxes or [proposal]:
            if box not in taken:
                taken.add(box)
                yield _RefinedBox(box if boxes else unchanged, row, *box_features(page, paper, box, touching))


def _as_rectangle(row: NDArray[np.int_]) -> Rectangle:
    x0, y0, x1, y1 = row.tolist()
    return x0, y0, x1, y1


def _shorter_side(box: Rectangle) -> int:
    return min(box[2] - box[0], box[3] - box[1])


def _on_edges(
    page: PageImage, brightest: NDArray[np.uint8], paper: Color, regions: FilledRegions, proposal: Rectangle
) -> tuple[list[Rectangle], list[Rectangle]]:
    """The boxes on the page's edges that a proposal stands for, and all bars of the region that they belong to.

    Both are empty where nothing shows the ends: the middle of the box has no single color, or it lies on a large letter.
    """
    fill, purity = box_fill(page[proposal[1] : proposal[3], proposal[0] : proposal[2]], paper)
    if purity >= MIN_PURITY and not fill.is_paper:
        bars = regions.bars_at(proposal, fill)
        if bars is None:
            return [], []
        boxes = [bar for bar in bars if _is_meant(bar, proposal)] or [_to_end_of_fill(page, proposal, fill)]
        return [_with_lines(brightest, box, fill) for box in boxes], bars
    # A bar as narrow as a letter is one point wide in the network's input, and the proposal may be off by as much.
    for other, bars in regions.bars_within(proposal):
        if boxes := [bar for bar in bars if _is_meant(bar, proposal)]:
            return [_with_lines(brightest, box, other) for box in boxes], bars
    return [_to_lines(brightest, proposal, fill)] if purity >= MIN_PURITY else [], []


def _is_meant(bar: Rectangle, proposal: Rectangle) -> bool:
    """Whether most of the bar lies in the proposal, or most of the proposal on the bar."""
    width, height = (min(bar[side + 2], proposal[side + 2]) - max(bar[side], proposal[side]) for side in (0, 1))
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (bar, proposal))
    return width > 0 and height > 0 and width * height >= MIN_OVERLAP_SHARE * smaller


def _outward_px(length: int, share: float) -> int:
    return max(MIN_OUTWARD_PX, min(MAX_OUTWARD_PX, round(share * length)))


def _to_end_of_fill(page: PageImage, box: Rectangle, fill: Fill) -> Rectangle:
    """The box whose rows and columns are mostly fill, grown or shrunk from the middle of `box`."""
    x0, y0, x1, y1 = box
    quarter, outward = (x1 - x0) // 4, _outward_px(y1 - y0, MAX_OUTWARD_HEIGHTS)
    top, bottom = max(0, y0 - outward), min(page.shape[0], y1 + outward)
    strip = page[top:bottom, x0 + quarter : x1 - quarter : sample_stride(x1 - x0 - 2 * quarter)]
    y0, y1 = _filled_stretch(fill_shares(fill, strip, 1), (y0, y1), top)
    tenth, outward = (y1 - y0) // 10, _outward_px(x1 - x0, MAX_OUTWARD_WIDTHS)
    left, right = max(0, x0 - outward), min(page.shape[1], x1 + outward)
    # above and below the middle, where the bar has no letters of a code
    upper, lower = slice(y0 + tenth, y0 + 3 * tenth + 1), slice(y1 - 3 * tenth - 1, y1 - tenth)
    strip = np.concatenate([page[upper, left:right], page[lower, left:right]])[:: sample_stride(4 * tenth)]
    x0, x1 = _filled_stretch(fill_shares(fill, strip, 0), (x0, x1), left)
    return x0, y0, x1, y1


def _with_lines(brightest: NDArray[np.uint8], box: Rectangle, fill: Fill) -> Rectangle:
    """The box of a fill, grown by the lines drawn around it, if there are any."""
    if min(fill.color) < MIN_LEVEL_WITH_LINES:
        return box
    x0, y0, x1, y1 = box
    rows, columns = slice(y0 + (y1 - y0) // 6, y1 - (y1 - y0) // 6), slice(x0 + (x1 - x0) // 8, x1 - (x1 - x0) // 8)
    dark = np.uint8(min(fill.color) - MIN_LINE_CONTRAST)
    outward = MAX_LINE_PX + MAX_BLUR_PX + 1

    def line_px(strip: NDArray[np.uint8]) -> int:
        """Pixels up to the outer edge of the line in a strip that starts at the box's side; 0 without a line."""
        is_line = np.count_nonzero(strip <= dark, axis=1) >= MIN_LINE_SHARE * strip.shape[1]
        if not is_line[: MAX_BLUR_PX + 1].any():
            return 0
        first = int(is_line.argmax())
        last = first + int(np.append(is_line[first:], False).argmin())
        return last if last - first <= MAX_LINE_PX else 0

    return (
        x0 - line_px(brightest[rows, max(0, x0 - outward) : x0].T[::-1]),
        y0 - line_px(brightest[max(0, y0 - outward) : y0, columns][::-1]),
        x1 + line_px(brightest[rows, x1 : x1 + outward].T),
        y1 + line_px(brightest[y1 : y1 + outward, columns]),
    )


def _filled_stretch(filled: NDArray[np.float64], proposed: tuple[int, int], offset: int) -> tuple[int, int]:
    """First and last place (exclusive) of the filled stretch around the middle of a proposed one.

    An end that is not found stays as proposed.

    Args:
        filled: share of fill at each place, starting at `offset`.
        proposed: first and last place (exclusive).
        offset: place of the first value.
    """
    empty = np.flatnonzero(filled < MIN_FILLED_SHARE)
    at = int(np.searchsorted(empty, (proposed[0] + proposed[1]) // 2 - offset))
    first = int(empty[at - 1]) + 1 + offset if at > 0 else proposed[0]
    last = int(empty[at]) + offset if at < len(empty) else proposed[1]
    return (first, last) if last > first else proposed


def _to_lines(brightest: NDArray[np.uint8], box: Rectangle, fill: Fill) -> Rectangle:
    """The box whose sides are the lines closest to the sides of `box`; the lines are part of it.

    Args:
        brightest: the brightest channel of each pixel of the page.
        box: as proposed.
        fill: of the middle of the box.
    """
    x0, y0, x1, y1 = box
    height, width = brightest.shape
    max_level = min(fill.color) - MIN_LINE_CONTRAST
    rows = slice(y0 + (y1 - y0) // 6, y1 - (y1 - y0) // 6, sample_stride(y1 - y0))
    columns = slice(x0 + (x1 - x0) // 8, x1 - (x1 - x0) // 8, sample_stride(x1 - x0))

    def dark_places(low: int, high: int, *, vertical: bool) -> NDArray[np.intp]:
        strip = brightest[rows, low:high] if vertical else brightest[low:high, columns].T
        return np.flatnonzero(np.count_nonzero(strip <= max_level, axis=0) >= MIN_LINE_SHARE * len(strip)) + low

    out_x, out_y = _outward_px(x1 - x0, MAX_OUTWARD_WIDTHS), _outward_px(y1 - y0, MAX_OUTWARD_HEIGHTS)
    in_x, in_y = round(MAX_INWARD_SHARE * (x1 - x0)), round(MAX_INWARD_SHARE * (y1 - y0))
    return (
        _outer_edge(dark_places(max(0, x0 - out_x), x0 + in_x, vertical=True), x0, -1),
        _outer_edge(dark_places(max(0, y0 - out_y), y0 + in_y, vertical=False), y0, -1),
        _outer_edge(dark_places(x1 - in_x, min(width, x1 + out_x), vertical=True), x1 - 1, 1) + 1,
        _outer_edge(dark_places(y1 - in_y, min(height, y1 + out_y), vertical=False), y1 - 1, 1) + 1,
    )


def _outer_edge(dark: NDArray[np.intp], proposed: int, outward: int) -> int:
    """The outermost pixel of the box on one side, at the line closest to the proposed side.

    Args:
        dark: all places that are mostly darker than the fill, ascending. Thin runs are lines; wide runs surround the box.
        proposed: the outermost pixel as proposed.
        outward: -1 or 1.
    """
    if not len(dark):
        return proposed
    breaks = np.flatnonzero(np.diff(dark) > 1)
    firsts, lasts = dark[np.append(0, breaks + 1)], dark[np.append(breaks, len(dark) - 1)]
    inner, outer = (lasts, firsts) if outward < 0 else (firsts, lasts)
    ends = np.where(lasts - firsts < MAX_LINE_PX, outer, inner - outward)
    return int(ends[np.abs(ends - proposed).argmin()])
