"""Drawing redactions into a page image, so that what changed is exactly what the box says."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from redaction.synthesis.bars import Bar, Rect
from redaction.synthesis.painting import Opacity, PageImage, fill_of, font_of, opacity_of
from redaction.synthesis.sheet import Rgb

__all__ = ["PageImage", "draw_bars", "highlight", "paper_of", "still_shows", "write_note"]

_VISIBLE_CHANGE = 15
"""Grey levels; a smaller change at an edge cannot be seen, so nobody could say where the redaction ends."""


def draw_bars(image: PageImage, bars: list[Bar]) -> list[Bar]:
    """Draw the bars into `image` and return those that were drawn.

    A bar whose four edges would not all show (black on a black header, white over nothing) is left out, since an annotator
    could not see it either.
    """
    before, paper, drawn = image.copy(), paper_of(image), []
    for bar in bars:
        region = _region(bar, image.shape)
        x0, y0, x1, y1 = region
        opacity = opacity_of(bar, region)
        after = _blended(before[y0:y1, x0:x1], _spread(fill_of(bar, paper), bar.rect, region), opacity)
        if _edges_show(before[y0:y1, x0:x1], after, opacity, bar):
            target = image[y0:y1, x0:x1]
            if bar.look.texture == "tape" and opacity is not None:
                _shadow(target, opacity)
            target[:] = after if opacity is None else np.where(opacity[:, :, None] > 0, after, target)
            drawn.append(bar)
    return drawn


def still_shows(before: PageImage, after: PageImage, bar: Bar) -> bool:
    """Whether the bar can still be told from the page without it, where both were copied in the same way."""
    region = _region(bar, after.shape)
    x0, y0, x1, y1 = region
    return _edges_show(before[y0:y1, x0:x1], after[y0:y1, x0:x1], opacity_of(bar, region), bar)


def paper_of(image: PageImage) -> Rgb:
    """The paper's color: what most of the page's bright pixels have."""
    sample = image[::9, ::9].reshape(-1, 3)
    bright = sample[sample.sum(axis=1) >= np.percentile(sample.sum(axis=1), 50)]
    red, green, blue = np.median(bright, axis=0)
    return (int(red), int(green), int(blue))


def highlight(image: PageImage, rect: Rect, color: Rgb) -> None:
    """Color the paper as a highlighter does: what is dark stays dark."""
    x0, y0, x1, y1 = max(0, rect[0]), max(0, rect[1]), rect[2], rect[3]
    region = image[y0:y1, x0:x1]
    region[:] = (region.astype(np.uint16) * np.asarray(color, np.uint16) // 255).astype(np.uint8)


def write_note(image: PageImage, x: int, y: int, text: str, size: int, color: Rgb = (0, 0, 0)) -> bool:
    """Write a short note on blank paper, its top left corner at (x, y); says whether there was room for it."""
    font = font_of("DejaVuSans.ttf", size)
    width, height = int(font.getlength(text)) + 4, int(size * 1.3)
    region = image[y : y + height, x : x + width]
    if x < 0 or y < 0 or region.shape[:2] != (height, width) or region.min() < 200:
        return False
    note = Image.fromarray(region)
    ImageDraw.Draw(note).text((2, 0), text, font=font, fill=color)
    region[:] = np.asarray(note)
    return True


def _shadow(target: PageImage, opacity: Opacity) -> None:
    """What tape throws on a scanner's glass: a soft dark rim below and to the right, no part of the redaction."""
    moved = cv2.GaussianBlur(np.roll(opacity, (2, 2), (0, 1)), (5, 5), 1.0)
    target[:] = (target * (1 - 0.35 * moved[:, :, None])).astype(np.uint8)


def _region(bar: Bar, shape: tuple[int, ...]) -> Rect:
    """The part of the page that drawing the bar can touch."""
    if bar.outline is None:
        return bar.rect
    xs, ys = zip(*bar.outline, strict=True)
    return (
        max(0, math.floor(min(xs)) - 2),
        max(0, math.floor(min(ys)) - 2),
        min(shape[1], math.ceil(max(xs)) + 3),
        min(shape[0], math.ceil(max(ys)) + 3),
    )


def _spread(fill: PageImage, rect: Rect, region: Rect) -> PageImage:
    """The fill, its border rows repeated as far as the region reaches beyond the rectangle."""
    if rect == region:
        return fill
    top, left, bottom, right = rect[1] - region[1], rect[0] - region[0], region[3] - rect[3], region[2] - rect[2]
    cut = fill[max(0, -top) : fill.shape[0] - max(0, -bottom), max(0, -left) : fill.shape[1] - max(0, -right)]
    around = ((max(0, top), max(0, bottom)), (max(0, left), max(0, right)), (0, 0))
    return np.pad(cut, around, mode="edge")


def _blended(below: PageImage, fill: PageImage, opacity: Opacity | None) -> PageImage:
    if opacity is None:
        return fill
    share = opacity[:, :, None]
    return (below * (1 - share) + fill * share).round().astype(np.uint8)


def _edges_show(before: PageImage, after: PageImage, opacity: Opacity | None, bar: Bar) -> bool:
    change: NDArray[np.bool_] = np.abs(before.astype(np.int16) - after).max(axis=2) >= _VISIBLE_CHANGE
    if opacity is not None:
        inside = (opacity > 0.4).astype(np.uint8)
        rim = inside - cv2.erode(inside, np.ones((3, 3), np.uint8), borderValue=0) > 0
        return bool(rim.any()) and float(change[rim].mean()) > 0.6
    enough = 0.6 if bar.look.edge_kind == "solid" else 0.4
    return all(float(edge.mean()) > enough for edge in (change[0], change[-1], change[:, 0], change[:, -1]))
