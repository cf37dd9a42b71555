"""Redactions before they are drawn: rectangles in whole page pixels, and how they look."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from random import Random

import numpy as np

from redaction.dataset import Box, Style
from redaction.geometry import as_xyxy, union_area
from redaction.synthesis.sheet import Rgb

Rect = tuple[int, int, int, int]
"""``x0, y0, x1, y1`` in whole pixels, right and lower edge outside (see `redaction.geometry`)."""

EDGE_TOLERANCE_PX = 5
ONE_BOX_FILL = 0.93

_CODES = {
    Style.BLACK: ("(b)(6)", "(b)(7)(C)", "REDACTED", "(b)(5)"),
    Style.OUTLINED: ("b6", "b7C", "(b)(3)", "(b)(1)", "5.1.2.e", "3.3(h)(2)", "(b)(6), (b)(7)(C)"),
    Style.GREY: ("5.1.2.e", "5.1.2e", "5.1.2.i", "(b)(4)", "(b) (6)", "Art. 4(1)(b)"),
    Style.COLOURED: ("(b)(6)", "(b)(5)", "5.1.2.e", "5.1.1.c", "10.2.e", "(b)(7)(E)", "s. 40(2)", "Privileged"),
}
_COLOURS: tuple[Rgb, ...] = (
    (255, 236, 80), (250, 214, 165), (180, 205, 240), (240, 170, 185), (165, 215, 165), (205, 185, 230),
    (200, 30, 35), (25, 60, 140), (0, 120, 110), (235, 120, 20), (120, 45, 120),
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """One way of redacting, as one office does it throughout a document."""

    style: Style
    fill: Rgb
    edge: Rgb | None
    edge_px: int
    ink: Rgb
    code_share: float
    """How many of the bars carry an exemption code, in [0, 1]."""
    codes: tuple[str, ...]

    @property
    def joins(self) -> bool:
        """Whether touching bars become one shape to the eye; a drawn edge keeps them apart."""
        return self.edge is None


@dataclass(frozen=True)
class Bar:
    """One redaction as it will be drawn; with an edge, the edge lies inside the rectangle."""

    rect: Rect
    look: Look
    code: str | None = None

    @property
    def box(self) -> Box:
        """Its annotation."""
        x0, y0, x1, y1 = self.rect
        return Box(x0=x0, y0=y0, x1=x1, y1=y1, style=self.look.style)


def draw_look(rng: Random, style: Style) -> Look:
    """A look of that style, with its shade, edge and codes drawn at random.

    Raises:
        ValueError: `style` is `UNKNOWN`, which nobody can draw.
    """
    if style is Style.BLACK:
        shade = rng.choice([0, 0, 0, rng.randint(1, 30)])
        return Look(style, (shade, shade, shade), None, 0, (255, 255, 255), rng.choice([0, 0, 0, 0.5]), _CODES[style])
    if style is Style.OUTLINED:
        # a hairline comes out of PDFium as one grey pixel, or smeared over two; others draw with a pen
        shade, edge_px = rng.choice(
            [(rng.randint(120, 165), 1)] * 4
            + [(rng.randint(175, 210), 2)] * 2
            + [(rng.randint(0, 90), rng.choice([1, 1, 2]))] * 3
        )
        return Look(style, (255, 255, 255), (shade, shade, shade), edge_px, (0, 0, 0), rng.choice([0, 0, 0.8]), _CODES[style])
    if style is Style.GREY:
        shade = rng.randint(85, 215)
        ink = (0, 0, 0) if shade > 130 else (255, 255, 255)
        edge = rng.choice([None, None, (shade // 2, shade // 2, shade // 2)])
        return Look(style, (shade, shade, shade), edge, 1 if edge else 0, ink, rng.choice([0, 0.9]), _CODES[style])
    if style is Style.COLOURED:
        fill = rng.choice(_COLOURS)
        edge = rng.choice([None, None, (0, 0, 0), fill_darker(fill)])
        return Look(
            style,
            fill,
            edge,
            1 if edge else 0,
            (0, 0, 0) if sum(fill) > 330 else (255, 255, 255),
            rng.choice([1, 1, 0.8, 0]),
            _CODES[style],
        )
    raise ValueError(f"no redaction can be drawn in the style {style.value!r}")


def fill_darker(fill: Rgb) -> Rgb:
    """The same hue at 60 % of its brightness, for an edge."""
    return (int(fill[0] * 0.6), int(fill[1] * 0.6), int(fill[2] * 0.6))


def bands(rects: list[Rect]) -> list[Rect]:
    """The rectangles that an annotator sees where these are filled with one colour.

    What touches is one shape to the eye. A shape that fills more than 93 % of its bounding box is one rectangle; any other is cut
    into horizontal bands of constant left and right edge (edges within 5 px count as the same). The result never overlaps, and
    is what must be drawn, notches filled, so that picture and annotation agree to the pixel.
    """
    result = _bands_of_shapes(rects)
    # a filled notch can reach into another shape that stood in it: then both are one shape, and are cut anew
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
