"""Where boxes end, read from the page itself.

The network sees a page shrunk to its frame, and what it says of the far end of a bar as long as a line is a guess from afar.
On the page the end is plain to see: the fill stops there, or a line runs there. So each box is moved to the edges nearest to it,
and how well its four sides lie on edges says something of whether it is a redaction at all (`BoxFeatures`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.detection.box_features import (
    LINE_CONTRAST,
    THICKEST_LINE_PX,
    UNSEEN,
    UNSEEN_FILL,
    BoxFeatures,
    features_of_box,
    row_neighbors,
)
from redaction.detection.colors import Color, Fill, fill_of, paper_of, share_of, stride
from redaction.detection.rectangles import Box
from redaction.detection.regions import FilledAreas
from redaction.pages.geometry import Xyxy
from redaction.pages.image import PageImage

BELONGS = 0.5
"""Of the smaller of a bar and a box of the network, the share that lies in the other from which the box stands for the bar."""
PURE = 0.6
"""Share of a box's middle that is its fill; below it is no filled box, and nothing says where it ends."""
FILLED = 0.5
"""Share of a row or column inside a bar that is its fill."""
LINE = 0.75
"""Share of a row or column that is darker than the fill where an outline runs."""
WIDTHS, HEIGHTS = 0.5, 0.35
"""How far outside a box its edges are looked for, in widths and heights of the box."""
FARTHEST_PX, NEAREST_PX = 400, 8
INWARD = 0.3
"""How far inside a box a line is looked for, in its width or height."""
SMALLEST_PX = 6
DARKEST_WITH_LINES = 60
"""A fill that is darker, in its darkest channel, has no line around it that could be seen."""
BLURRED_PX = 1
"""Between a fill and the line around it."""


class RefinedBoxes(NamedTuple):
    """Boxes that lie on edges of the page; one of the network's may become several, where bars touch."""

    xyxy: Xyxy
    source: NDArray[np.intp]
    """For each, the row of the box that it was."""
    evidence: list[BoxFeatures]
    fills: NDArray[np.float32]
    """For each, its color (RGB); not a number where it was not looked at. Shape (n, 3)."""


class _Fit(NamedTuple):
    """One of them."""

    xyxy: tuple[float, ...]
    source: int
    evidence: BoxFeatures
    fill: Sequence[float]


def refine(page: PageImage, xyxy: Xyxy) -> RefinedBoxes:
    """The boxes moved to the edges of the page (RGB, uint8, (height, width, 3)), with the evidence for each.

    A side near which no edge is found stays where it is. Of boxes that become the same one, the first is kept.

    Args:
        xyxy: best first.
    """
    fits = list(_fits(page, xyxy))
    fitted_xyxy = np.array([fit.xyxy for fit in fits], np.float32).reshape(-1, 4)
    return RefinedBoxes(
        xyxy=fitted_xyxy,
        source=np.array([fit.source for fit in fits], np.intp),
        evidence=[fit.evidence._replace(company=share) for fit, share in zip(fits, row_neighbors(fitted_xyxy), strict=True)],
        fills=np.array([fit.fill for fit in fits], np.float32).reshape(-1, 3),
    )


def _fits(page: PageImage, xyxy: Xyxy) -> Iterator[_Fit]:
    height, width = page.shape[:2]
    # the value of HSV is the brightest channel, in a third of the time that comparing them takes
    brightest = np.asarray(cv2.extractChannel(cv2.cvtColor(page, cv2.COLOR_RGB2HSV), 2), np.uint8)
    areas, paper, taken = FilledAreas(page), paper_of(page), set[Box]()
    for row, guess in enumerate(map(_as_box, np.clip(np.rint(xyxy), 0, [width, height, width, height]).astype(int))):
        where_it_was = tuple(xyxy[row].tolist())
        if min(guess[2] - guess[0], guess[3] - guess[1]) < SMALLEST_PX:
            yield _Fit(where_it_was, row, UNSEEN, UNSEEN_FILL)
            continue
        found, touching = _fitted(page, brightest, paper, areas, guess)
        fitted = [box for box in found if min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_PX]
        for box in fitted or [guess]:
            if box not in taken:
                taken.add(box)
                yield _Fit(box if fitted else where_it_was, row, *features_of_box(page, paper, box, touching))


def _as_box(row: NDArray[np.int_]) -> Box:
    x0, y0, x1, y1 = row.tolist()
    return x0, y0, x1, y1


def _fitted(
    page: PageImage, brightest: NDArray[np.uint8], paper: Color, areas: FilledAreas, guess: Box
) -> tuple[list[Box], list[Box]]:
    """The boxes on the page's edges that one box of the network stands for, and all bars of the area that they are part of.

    None where nothing says where they end: the middle of the box is of no one color, or they are on a letter of large print.
    """
    fill, purity = fill_of(page[guess[1] : guess[3], guess[0] : guess[2]], paper)
    if purity >= PURE and not fill.is_paper:
        bars = areas.bars_at(guess, fill)
        if bars is None:
            return [], []
        found = [bar for bar in bars if _belongs(bar, guess)] or [_to_end_of_fill(page, guess, fill)]
        return [_with_lines(brightest, box, fill) for box in found], bars
    # a bar as narrow as a letter is one point of the network wide, and what it says of its place is off by as much
    for other, bars in areas.bars_within(guess):
        if found := [bar for bar in bars if _belongs(bar, guess)]:
            return [_with_lines(brightest, box, other) for box in found], bars
    return [_to_lines(brightest, guess, fill)] if purity >= PURE else [], []


def _belongs(bar: Box, guess: Box) -> bool:
    """Whether most of the bar lies in the box, or most of the box on the bar."""
    width, height = (min(bar[side + 2], guess[side + 2]) - max(bar[side], guess[side]) for side in (0, 1))
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (bar, guess))
    return width > 0 and height > 0 and width * height >= BELONGS * smaller


def _reach(length: int, share: float) -> int:
    return max(NEAREST_PX, min(FARTHEST_PX, round(share * length)))


def _to_end_of_fill(page: PageImage, box: Box, fill: Fill) -> Box:
    """The box of which every row and column is mostly fill, grown or shrunk from its middle."""
    x0, y0, x1, y1 = box
    quarter, far = (x1 - x0) // 4, _reach(y1 - y0, HEIGHTS)
    top, bottom = max(0, y0 - far), min(page.shape[0], y1 + far)
    strip = page[top:bottom, x0 + quarter : x1 - quarter : stride(x1 - x0 - 2 * quarter)]
    y0, y1 = _stretch(share_of(fill, strip, 1), (y0, y1), top)
    tenth, far = (y1 - y0) // 10, _reach(x1 - x0, WIDTHS)
    left, right = max(0, x0 - far), min(page.shape[1], x1 + far)
    # above and below the middle, where the letters of a code in the bar are not
    upper, lower = slice(y0 + tenth, y0 + 3 * tenth + 1), slice(y1 - 3 * tenth - 1, y1 - tenth)
    strip = np.concatenate([page[upper, left:right], page[lower, left:right]])[:: stride(4 * tenth)]
    x0, x1 = _stretch(share_of(fill, strip, 0), (x0, x1), left)
    return x0, y0, x1, y1


def _with_lines(brightest: NDArray[np.uint8], box: Box, fill: Fill) -> Box:
    """The box of a fill with the lines drawn around it, if any are."""
    if min(fill.color) < DARKEST_WITH_LINES:
        return box
    x0, y0, x1, y1 = box
    rows, columns = slice(y0 + (y1 - y0) // 6, y1 - (y1 - y0) // 6), slice(x0 + (x1 - x0) // 8, x1 - (x1 - x0) // 8)
    dark = np.uint8(min(fill.color) - LINE_CONTRAST)
    far = THICKEST_LINE_PX + BLURRED_PX + 1

    def line(strip: NDArray[np.uint8]) -> int:
        runs = np.count_nonzero(strip <= dark, axis=1) >= LINE * strip.shape[1]
        if not runs[: BLURRED_PX + 1].any():
            return 0
        first = int(runs.argmax())
        last = first + int(np.append(runs[first:], False).argmin())
        return last if last - first <= THICKEST_LINE_PX else 0

    return (
        x0 - line(brightest[rows, max(0, x0 - far) : x0].T[::-1]),
        y0 - line(brightest[max(0, y0 - far) : y0, columns][::-1]),
        x1 + line(brightest[rows, x1 : x1 + far].T),
        y1 + line(brightest[y1 : y1 + far, columns]),
    )


def _stretch(filled: NDArray[np.float64], guess: tuple[int, int], offset: int) -> tuple[int, int]:
    """First and last place (exclusive) of the filled stretch around the middle of the guess; where it does not end, the guess.

    Args:
        filled: share of fill at each place from `offset` on.
    """
    empty = np.flatnonzero(filled < FILLED)
    at = int(np.searchsorted(empty, (guess[0] + guess[1]) // 2 - offset))
    first = int(empty[at - 1]) + 1 + offset if at > 0 else guess[0]
    last = int(empty[at]) + offset if at < len(empty) else guess[1]
    return (first, last) if last > first else guess


def _to_lines(brightest: NDArray[np.uint8], box: Box, fill: Fill) -> Box:
    """The box whose sides are the lines nearest to them, lines included.

    Args:
        brightest: of each pixel of the page, the brightest channel.
    """
    x0, y0, x1, y1 = box
    height, width = brightest.shape
    darker = min(fill.color) - LINE_CONTRAST
    rows = slice(y0 + (y1 - y0) // 6, y1 - (y1 - y0) // 6, stride(y1 - y0))
    columns = slice(x0 + (x1 - x0) // 8, x1 - (x1 - x0) // 8, stride(x1 - x0))

    def dark(low: int, high: int, *, upright: bool) -> NDArray[np.intp]:
        strip = brightest[rows, low:high] if upright else brightest[low:high, columns].T
        return np.flatnonzero(np.count_nonzero(strip <= darker, axis=0) >= LINE * len(strip)) + low

    far_x, far_y = _reach(x1 - x0, WIDTHS), _reach(y1 - y0, HEIGHTS)
    in_x, in_y = round(INWARD * (x1 - x0)), round(INWARD * (y1 - y0))
    return (
        _end(dark(max(0, x0 - far_x), x0 + in_x, upright=True), x0, -1),
        _end(dark(max(0, y0 - far_y), y0 + in_y, upright=False), y0, -1),
        _end(dark(x1 - in_x, min(width, x1 + far_x), upright=True), x1 - 1, 1) + 1,
        _end(dark(y1 - in_y, min(height, y1 + far_y), upright=False), y1 - 1, 1) + 1,
    )


def _end(dark: NDArray[np.intp], guess: int, outward: int) -> int:
    """The last pixel, going outwards, of the box whose side is guessed.

    Args:
        dark: every place that is mostly darker than the fill, ascending: thin runs are lines, wide ones what lies around the box.
        outward: -1 or 1.
    """
    if not len(dark):
        return guess
    interline_gaps = np.flatnonzero(np.diff(dark) > 1)
    firsts, lasts = dark[np.append(0, interline_gaps + 1)], dark[np.append(interline_gaps, len(dark) - 1)]
    inner, outer = (lasts, firsts) if outward < 0 else (firsts, lasts)
    ends = np.where(lasts - firsts < THICKEST_LINE_PX, outer, inner - outward)
    return int(ends[np.abs(ends - guess).argmin()])
