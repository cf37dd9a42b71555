"""Redactions before they are drawn: rectangles in whole page pixels, and their appearance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from redaction.dataset import Box
from redaction.pages.geometry import as_xyxy, union_area
from redaction.synthesis.appearances import Appearance

Rect = tuple[int, int, int, int]
"""``x0, y0, x1, y1`` in whole pixels; the right and lower edges are exclusive (see `redaction.pages.geometry`)."""
Outline = tuple[tuple[float, float], ...]
"""Points ``(x, y)`` in page pixels, in order around the shape."""

MAX_EDGE_OFFSET_PX = 5
MIN_RECTANGLE_FILL_SHARE = 0.93


@dataclass(frozen=True)
class Bar:
    """One redaction to draw. An edge is drawn inside the rectangle."""

    rect: Rect
    appearance: Appearance
    code: str | None = None
    text_line_px: float = 0.0
    """Height of the text line below, which sets the size of codes; 0 if unknown, then the bar's own height is used."""
    seed: int = 0
    """Seed of its texture and hand-drawn outline."""
    outline: Outline | None = None
    """Outline of a bar that is not a rectangle: a marker stroke, or tape at an angle."""

    @property
    def points(self) -> Outline:
        """Corners of the drawn outline, in page pixels."""
        x0, y0, x1, y1 = self.rect
        return self.outline or ((x0, y0), (x1, y0), (x1, y1), (x0, y1))

    @property
    def box(self) -> Box:
        """The annotation: the bounding box of the outline."""
        xs, ys = zip(*self.points, strict=True)
        return Box(x0=max(0, min(xs)), y0=max(0, min(ys)), x1=max(xs), y1=max(ys), style=self.appearance.style)


def merge_into_bands(rects: list[Rect]) -> list[Rect]:
    """Merge rectangles filled with one color into the rectangles that an annotator would draw.

    Touching rectangles form one shape. A shape that fills more than `MIN_RECTANGLE_FILL_SHARE` of its bounding box becomes that
    box; any other is cut into horizontal bands with constant left and right edges (edges within `MAX_EDGE_OFFSET_PX` count as
    equal). The result never overlaps. Draw the result rather than the input, so that the filled notches are drawn too and the
    image matches the annotation to the pixel.
    """
    result = _merge_shapes(rects)
    # a filled notch can reach into another shape inside it; the two are then one shape and are cut again
    while any(overlap(one, other) for one, other in combinations(result, 2)):
        result = _merge_shapes(result)
    return result


def touch(a: Rect, b: Rect) -> bool:
    """Return whether two rectangles overlap or share part of an edge; a shared corner is not enough."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return wide >= 0 and high >= 0 and (wide > 0 or high > 0)


def overlap(a: Rect, b: Rect) -> bool:
    """Return whether two rectangles share a pixel."""
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _merge_shapes(rects: list[Rect]) -> list[Rect]:
    result: list[Rect] = []
    for shape in _shapes(rects):
        xyxy = as_xyxy(shape)
        around = (int(xyxy[:, 0].min()), int(xyxy[:, 1].min()), int(xyxy[:, 2].max()), int(xyxy[:, 3].max()))
        full = (around[2] - around[0]) * (around[3] - around[1])
        result += [around] if union_area(xyxy) > MIN_RECTANGLE_FILL_SHARE * full else _cut(shape)
    return result


def _shapes(rects: list[Rect]) -> list[list[Rect]]:
    shapes: list[list[Rect]] = []
    for rect in rects:
        joined = [shape for shape in shapes if any(touch(rect, other) for other in shape)]
        shapes = [shape for shape in shapes if not any(shape is other for other in joined)]
        shapes.append([rect, *(other for shape in joined for other in shape)])
    return shapes


def _cut(shape: list[Rect]) -> list[Rect]:
    """Cut one shape into bands from the top down; a band grows while the next row has the same edges."""
    ys = np.unique([y for rect in shape for y in (rect[1], rect[3])]).tolist()
    done: list[Rect] = []
    growing: list[Rect] = []
    for top, bottom in pairwise(ys):
        row = _row(shape, top, bottom)
        alike = len(row) == len(growing) and all(
            abs(a[0] - b[0]) <= MAX_EDGE_OFFSET_PX and abs(a[2] - b[2]) <= MAX_EDGE_OFFSET_PX
            for a, b in zip(row, growing, strict=True)
        )
        if alike:
            growing = [(min(a[0], b[0]), b[1], max(a[2], b[2]), bottom) for a, b in zip(row, growing, strict=True)]
        else:
            done += growing
            growing = row
    return done + growing


def _row(shape: list[Rect], top: int, bottom: int) -> list[Rect]:
    """The parts of the shape between two heights, left to right. Gaps too narrow to survive the growth of bands are closed."""
    row: list[Rect] = []
    for x0, y0, x1, y1 in sorted(shape):
        if y0 > top or y1 < bottom:
            continue
        if row and x0 - row[-1][2] <= 4 * MAX_EDGE_OFFSET_PX:
            row[-1] = (row[-1][0], top, max(row[-1][2], x1), bottom)
        else:
            row.append((x0, top, x1, bottom))
    return row
