"""Drawing redactions into a page image, so that what changed is exactly what the box says."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from redaction.synthesis.bars import Bar
from redaction.synthesis.sheet import Rgb

PageImage = NDArray[np.uint8]
"""A page as RGB, shape (height, width, 3)."""

_VISIBLE_CHANGE = 12
"""Grey levels; a smaller change at an edge cannot be seen, so nobody could say where the redaction ends."""


def draw_bars(image: PageImage, bars: list[Bar]) -> list[Bar]:
    """Draw the bars into `image` and return those that were drawn.

    A bar whose four edges would not all show (black on a black header, white over nothing) is left out, since an annotator
    could not see it either.
    """
    drawn = []
    for bar in bars:
        x0, y0, x1, y1 = bar.rect
        region = image[y0:y1, x0:x1]
        covered = _painted(bar)
        if _edges_show(region, covered):
            region[:] = covered
            drawn.append(bar)
    return drawn


def write_note(image: PageImage, x: int, y: int, text: str, size: int, colour: Rgb = (0, 0, 0)) -> bool:
    """Write a short note on blank paper, its top left corner at (x, y); says whether there was room for it."""
    font = _font("DejaVuSans.ttf", size)
    width, height = int(font.getlength(text)) + 4, int(size * 1.3)
    region = image[y : y + height, x : x + width]
    if region.shape[:2] != (height, width) or region.min() < 200:
        return False
    note = Image.fromarray(region)
    ImageDraw.Draw(note).text((2, 0), text, font=font, fill=colour)
    region[:] = np.asarray(note)
    return True


def _painted(bar: Bar) -> PageImage:
    x0, y0, x1, y1 = bar.rect
    width, height, look = x1 - x0, y1 - y0, bar.look
    painted = Image.new("RGB", (width, height), look.edge or look.fill)
    if look.edge is not None:
        painted.paste(look.fill, (look.edge_px, look.edge_px, width - look.edge_px, height - look.edge_px))
    if bar.code is not None:
        font = _font("DejaVuSans.ttf" if look.code_share < 1 else "DejaVuSans-Bold.ttf", max(9, min(int(height * 0.6), 24)))
        if font.getlength(bar.code) + 8 <= width and font.size * 1.3 <= height:
            ImageDraw.Draw(painted).text((width / 2, height / 2), bar.code, font=font, fill=look.ink, anchor="mm")
    return np.asarray(painted)


def _edges_show(before: PageImage, after: PageImage) -> bool:
    change = np.abs(before.astype(np.int16) - after).max(axis=2) >= _VISIBLE_CHANGE
    return all(float(edge.mean()) > 0.6 for edge in (change[0], change[-1], change[:, 0], change[:, -1]))


@lru_cache(maxsize=64)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
