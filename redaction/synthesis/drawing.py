"""Drawing redactions into a page image, so that the changed pixels are exactly those in the box."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from redaction.pages.image import PageImage
from redaction.synthesis.bars import Bar, Rect
from redaction.synthesis.painting import Opacity, bar_opacity, painted_bar, truetype_font
from redaction.synthesis.sheet import Rgb

MIN_VISIBLE_CHANGE = 15
"""In gray levels. A smaller change at an edge is invisible, so an annotator could not tell where the redaction ends."""


def draw_bars(image: PageImage, bars: list[Bar]) -> list[Bar]:
    """Draw the bars into `image` and return those that were drawn.

    A bar is skipped if one of its four edges would be invisible (black on a black header, white on white), because an annotator
    could not see it either.
    """
    before, paper, drawn = image.copy(), median_paper_color(image), []
    for bar in bars:
        region = _affected_region(bar, image.shape)
        x0, y0, x1, y1 = region
        opacity = bar_opacity(bar, region)
        after = _blended(before[y0:y1, x0:x1], _extended(painted_bar(bar, paper), bar.rect, region), opacity)
        if _edges_are_visible(before[y0:y1, x0:x1], after, opacity, bar):
            target = image[y0:y1, x0:x1]
            if bar.appearance.texture == "tape" and opacity is not None:
                _shadow(target, opacity)
            target[:] = after if opacity is None else np.where(opacity[:, :, None] > 0, after, target)
            drawn.append(bar)
    return drawn


def is_still_visible(before: PageImage, after: PageImage, bar: Bar) -> bool:
    """Return whether the bar is visible on a copy; `before` and `after` are copies without and with it, made the same way."""
    region = _affected_region(bar, after.shape)
    x0, y0, x1, y1 = region
    return _edges_are_visible(before[y0:y1, x0:x1], after[y0:y1, x0:x1], bar_opacity(bar, region), bar)


def median_paper_color(image: PageImage) -> Rgb:
    """The paper's color: the median of the page's brighter pixels."""
    sample = image[::9, ::9].reshape(-1, 3)
    bright = sample[sample.sum(axis=1) >= np.percentile(sample.sum(axis=1), 50)]
    red, green, blue = np.median(bright, axis=0)
    return (int(red), int(green), int(blue))


def highlight(image: PageImage, rect: Rect, color: Rgb) -> None:
    """Tint the paper like a highlighter; dark pixels stay dark."""
    x0, y0, x1, y1 = max(0, rect[0]), max(0, rect[1]), rect[2], rect[3]
    region = image[y0:y1, x0:x1]
    region[:] = (region.astype(np.uint16) * np.asarray(color, np.uint16) // 255).astype(np.uint8)


def write_note(image: PageImage, x: int, y: int, text: str, size: int, color: Rgb = (0, 0, 0)) -> bool:
    """Write a short note on blank paper with its top left corner at (x, y); return whether there was room."""
    font = truetype_font("DejaVuSans.ttf", size)
    width, height = int(font.getlength(text)) + 4, int(size * 1.3)
    region = image[y : y + height, x : x + width]
    if x < 0 or y < 0 or region.shape[:2] != (height, width) or region.min() < 200:
        return False
    note = Image.fromarray(region)
    ImageDraw.Draw(note).text((2, 0), text, font=font, fill=color)
    region[:] = np.asarray(note)
    return True


def _shadow(target: PageImage, opacity: Opacity) -> None:
    """Draw the soft dark rim that tape casts below and to its right in a scan; it is not part of the redaction."""
    moved = cv2.GaussianBlur(np.roll(opacity, (2, 2), (0, 1)), (5, 5), 1.0)
    target[:] = (target * (1 - 0.35 * moved[:, :, None])).astype(np.uint8)


def _affected_region(bar: Bar, shape: tuple[int, ...]) -> Rect:
    """The part of the page that drawing the bar can change."""
    if bar.outline is None:
        return bar.rect
    xs, ys = zip(*bar.outline, strict=True)
    return (
        max(0, math.floor(min(xs)) - 2),
        max(0, math.floor(min(ys)) - 2),
        min(shape[1], math.ceil(max(xs)) + 3),
        min(shape[0], math.ceil(max(ys)) + 3),
    )


def _extended(fill: PageImage, rect: Rect, region: Rect) -> PageImage:
    """Extend the fill to the region by repeating its border pixels."""
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


def _edges_are_visible(before: PageImage, after: PageImage, opacity: Opacity | None, bar: Bar) -> bool:
    change: NDArray[np.bool_] = np.abs(before.astype(np.int16) - after).max(axis=2) >= MIN_VISIBLE_CHANGE
    if opacity is not None:
        inside = (opacity > 0.4).astype(np.uint8)
        rim = inside - cv2.erode(inside, np.ones((3, 3), np.uint8), borderValue=0) > 0
        return bool(rim.any()) and float(change[rim].mean()) > 0.6
    enough = 0.6 if bar.appearance.edge_kind == "solid" else 0.4
    return all(float(edge.mean()) > enough for edge in (change[0], change[-1], change[:, 0], change[:, -1]))
