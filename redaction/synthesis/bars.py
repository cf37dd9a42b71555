"""Redactions before they are drawn: rectangles in whole page pixels, and how they look."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from redaction.dataset import Box
from redaction.pages.geometry import as_xyxy, union_area
from redaction.synthesis.looks import Look

Rect = tuple[int, int, int, int]
"""``x0, y0, x1, y1`` in whole pixels, right and lower edge outside (see `redaction.pages.geometry`)."""
Outline = tuple[tuple[float, float], ...]
"""Points ``(x, y)`` in page pixels, in order around a shape."""

EDGE_TOLERANCE_PX = 5
ONE_BOX_FILL = 0.93


@dataclass(frozen=True)
class Bar:
    """One redaction as it will be drawn; with an edge, the edge lies inside the rectangle."""

    rect: Rect
    look: Look
    code: str | None = None
    line_px: float = 0.0
    """Height of a text line below it, which codes are written to fit; 0 where it is not known, for the bar's own height."""
    seed: int = 0
    """What its texture and its hand-drawn outline follow from."""
    outline: Outline | None = None
    """Its outline where that is not the rectangle's own: of a marker's stroke, of tape stuck on askew."""

    @property
    def points(self) -> Outline:
        """The points that its outline is drawn through, in page pixels."""
        x0, y0, x1, y1 = self.rect
        return self.outline or ((x0, y0), (x1, y0), (x1, y1), (x0, y1))

    @property
    def box(self) -> Box:
        """Its annotation: what its outline reaches."""
        xs, ys = zip(*self.points, strict=True)
        return Box(x0=max(0, min(xs)), y0=max(0, min(ys)), x1=max(xs), y1=max(ys), style=self.look.style)


def bands(rects: list[Rect]) -> list[Rect]:
    """The rectangles that an annotator sees where these are filled with one color.

    What touches is one shape to the eye. A shape that fills more than 93 % of its bounding box is one rectangle; any other is cut
    into horizontal bands of constant left and right edge (edges within 5 px count as the same). The result never overlaps, and
    is what must be drawn, notches filled, so that picture and annotation agree to the pixel.
    """
    result = _bands_of_shapes(rects)
    # a filled notch can reach into another shape that stood in it: then both are one shape, and are cut again
    while any(overlap(one, other) for one, other in combinations(result, 2)):
        result = _bands_of_shapes(result)
    return result


def touch(a: Rect, b: Rect) -> bool:
    """Whether two rectangles overlap or share a piece of an edge; a shared corner alone does not count."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return wide >= 0 and high >= 0 and (wide > 0 or high > 0)


def overlap(a: Rect, b: Rect) -> bool:
    """Whether two rectangles share a pixel."""
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _bands_of_shapes(rects: list[Rect]) -> list[Rect]:
    result: list[Rect] = []
    for shape in _shapes(rects):
        xyxy = as_xyxy(shape)
        around = (int(xyxy[:, 0].min()), int(xyxy[:, 1].min()), int(xyxy[:, 2].max()), int(xyxy[:, 3].max()))
        full = (around[2] - around[0]) * (around[3] - around[1])
        result += [around] if union_area(xyxy) > ONE_BOX_FILL * full else _cut(shape)
    return result


def _shapes(rects: list[Rect]) -> list[list[Rect]]:
    shapes: list[list[Rect]] = []
    for rect in rects:
        joined = [shape for shape in shapes if any(touch(rect, other) for other in shape)]
        shapes = [shape for shape in shapes if not any(shape is other for other in joined)]
        shapes.append([rect, *(other for shape in joined for other in shape)])
    return shapes


def _cut(shape: list[Rect]) -> list[Rect]:
    """Cut one shape into bands, from the top down; a band grows while the row below has the same edges."""
    ys = np.unique([y for rect in shape for y in (rect[1], rect[3])]).tolist()
    done: list[Rect] = []
    growing: list[Rect] = []
    for top, bottom in pairwise(ys):
        row = _row(shape, top, bottom)
        alike = len(row) == len(growing) and all(
            abs(a[0] - b[0]) <= EDGE_TOLERANCE_PX and abs(a[2] - b[2]) <= EDGE_TOLERANCE_PX
            for a, b in zip(row, growing, strict=True)
        )
        if alike:
            growing = [(min(a[0], b[0]), b[1], max(a[2], b[2]), bottom) for a, b in zip(row, growing, strict=True)]
        else:
            done += growing
            growing = row
    return done + growing


def _row(shape: list[Rect], top: int, bottom: int) -> list[Rect]:
    """What of the shape lies between two heights; gaps too narrow to keep apart once bands have grown are closed."""
    row: list[Rect] = []
    for x0, y0, x1, y1 in sorted(shape):
        if y0 > top or y1 < bottom:
            continue
        if row and x0 - row[-1][2] <= 4 * EDGE_TOLERANCE_PX:
            row[-1] = (row[-1][0], top, max(row[-1][2], x1), bottom)
        else:
            row.append((x0, top, x1, bottom))
    return row
