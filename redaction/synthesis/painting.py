"""Painting one redaction: fill, texture, edge and code, and the opacity of each pixel."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from random import Random

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from redaction.pages.image import PageImage
from redaction.synthesis.appearances import Appearance
from redaction.synthesis.bars import Bar, Outline, Rect
from redaction.synthesis.sheet import Rgb

Opacity = NDArray[np.float32]
"""Opacity of each pixel in [0, 1], shape (height, width)."""


def hand_drawn_outline(rect: Rect, appearance: Appearance, rng: Random) -> Outline:
    """An irregular outline close to `rect`, for a marker stroke or a piece of tape."""
    x0, y0, x1, y1 = rect
    if appearance.texture == "tape":
        turn = math.radians(rng.uniform(-1, 1) * min(1.4, 8000 / max(1, (x1 - x0) ** 2 / (y1 - y0))))
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        return tuple(_rotated(point, middle, turn) for point in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    height = y1 - y0
    rise = rng.uniform(-0.12, 0.12) * min(height, 40)
    wave = min(height, 40) * rng.uniform(0.02, 0.08)
    steps = max(4, round((x1 - x0) / max(18, height)))
    top, bottom = [], []
    for step in range(steps + 1):
        along = step / steps
        x = x0 + along * (x1 - x0) + (rng.uniform(-1, 1) * wave if 0 < step < steps else 0)
        top.append((x, y0 + rise * (along - 0.5) + rng.uniform(-1, 1) * wave))
        bottom.append((x, y1 + rise * (along - 0.5) + rng.uniform(-1, 1) * wave))
    bulge = min(height, 40) * rng.uniform(0.0, 0.25)
    right = [(x1 + bulge, y0 + height * 0.35 + rise / 2), (x1 + bulge * 0.8, y0 + height * 0.7 + rise / 2)]
    left = [(x0 - bulge * 0.7, y0 + height * 0.65 - rise / 2), (x0 - bulge, y0 + height * 0.3 - rise / 2)]
    return (*top, *right, *reversed(bottom), *left)


def painted_bar(bar: Bar, paper: Rgb) -> PageImage:
    """The bar's rectangle as opaque pixels: fill, texture, edge, code."""
    x0, y0, x1, y1 = bar.rect
    width, height, appearance = x1 - x0, y1 - y0, bar.appearance
    rng = Random(bar.seed)  # noqa: S311 - pictures, not secrets
    painted = np.empty((height, width, 3), np.uint8)
    painted[:] = appearance.fill or paper
    _texture(painted, appearance, rng)
    if appearance.edge is not None:
        _edge(painted, appearance, appearance.edge, rng)
    return _with_code(painted, bar) if bar.code else painted


def bar_opacity(bar: Bar, region: Rect) -> Opacity | None:
    """Opacity of the bar on each pixel of `region`; `None` for a plain opaque rectangle."""
    appearance, rng = bar.appearance, Random(bar.seed)  # noqa: S311 - pictures, not secrets
    if not appearance.corner_share and not appearance.is_irregular:
        return None
    shape = (region[3] - region[1], region[2] - region[0])
    mask = np.zeros(shape, np.uint8)
    if appearance.corner_share:
        _rounded(mask, bar.rect, region, appearance.corner_share)
        return _as_opacity(mask)
    # OpenCV puts pixel centers at whole numbers, this project half a pixel further
    points = (np.asarray(bar.points) - (region[0] + 0.5, region[1] + 0.5)) * 16
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    opacity = _as_opacity(mask)
    if appearance.texture == "marker":
        opacity *= _streaks(shape, rng)
    return opacity


def _as_opacity(mask: NDArray[np.uint8]) -> Opacity:
    return np.multiply(mask, np.float32(1 / 255), dtype=np.float32)


def _rotated(point: tuple[float, float], middle: tuple[float, float], turn: float) -> tuple[float, float]:
    x, y = point[0] - middle[0], point[1] - middle[1]
    return (middle[0] + x * math.cos(turn) - y * math.sin(turn), middle[1] + x * math.sin(turn) + y * math.cos(turn))


def _rounded(mask: NDArray[np.uint8], rect: Rect, region: Rect, corner: float) -> None:
    x0, y0, x1, y1 = rect[0] - region[0], rect[1] - region[1], rect[2] - region[0], rect[3] - region[1]
    radius = max(1, round(min(x1 - x0, y1 - y0, 60) * corner))
    image = Image.fromarray(mask)
    ImageDraw.Draw(image).rounded_rectangle((x0, y0, x1 - 1, y1 - 1), radius, fill=255)
    mask[:] = np.asarray(image)


def _streaks(shape: tuple[int, int], rng: Random) -> Opacity:
    """Opacity of felt-pen ink: long stripes; text is almost readable through the thinnest."""
    noise = np.random.default_rng(rng.getrandbits(64))
    thin = rng.uniform(0.0, 0.22)
    coarse = noise.random((max(2, shape[0] // 3), max(2, shape[1] // 60)), dtype=np.float32)
    stripes = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(1 - thin * stripes, np.float32)


def _texture(painted: PageImage, appearance: Appearance, rng: Random) -> None:
    height, width = painted.shape[:2]
    pitch = appearance.pitch_px
    if appearance.texture == "gradient":
        steps = np.linspace(0, 1, height)[:, None, None]
        painted[:] = (
            np.asarray(appearance.fill or (255,) * 3) * (1 - steps) + np.asarray(appearance.second_color) * steps
        ).round()
    elif appearance.texture == "dots":
        ys, xs = np.mgrid[0:height, 0:width]
        painted[((xs + ys // pitch % 2 * pitch // 2) % pitch < max(1, pitch // 3)) & (ys % pitch < max(1, pitch // 3))] = (
            appearance.second_color
        )
    elif appearance.texture in ("diagonal", "cross"):
        thickness = 1 + (pitch > 8 and pitch % 2)
        for start in range(-height, width, pitch):
            cv2.line(painted, (start, height), (start + height, 0), appearance.second_color, thickness)
            if appearance.texture == "cross":
                cv2.line(painted, (start, 0), (start + height, height), appearance.second_color, thickness)
    elif appearance.texture in ("marker", "tape"):
        noise = np.random.default_rng(rng.getrandbits(64))
        coarse = noise.integers(0, 9, (max(2, height // 5), max(2, width // 40)), dtype=np.uint8)
        grain = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        painted[:] = cv2.add(painted, cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB))


def _edge(painted: PageImage, appearance: Appearance, color: Rgb, rng: Random) -> None:
    height, width = painted.shape[:2]
    thick = min(appearance.edge_px, (min(height, width) - 1) // 2)
    if appearance.corner_share:
        image = Image.fromarray(painted)
        radius = max(1, round(min(width, height, 60) * appearance.corner_share))
        ImageDraw.Draw(image).rounded_rectangle((0, 0, width - 1, height - 1), radius, outline=color, width=thick)
        painted[:] = np.asarray(image)
        return
    across, down = _dashes(width, appearance, rng), _dashes(height, appearance, rng)
    painted[:thick, across] = color
    painted[-thick:, across] = color
    painted[down, :thick] = color
    painted[down, -thick:] = color


def _dashes(length: int, appearance: Appearance, rng: Random) -> NDArray[np.bool_]:
    """Mask of where the edge is drawn along one side; always at the corners, so that the box's extent stays visible."""
    drawn = np.ones(length, bool)
    if appearance.edge_kind == "dashed":
        drawn = np.arange(length) % appearance.pitch_px < appearance.pitch_px * 0.6
    elif appearance.edge_kind == "broken":
        for _ in range(length // 70 + 1):
            at, gap = rng.randint(0, length), rng.randint(1, 12)
            drawn[at : at + gap] = False
    corner = min(length // 3, 10)
    drawn[:corner] = drawn[length - corner :] = True
    return drawn


def _with_code(painted: PageImage, bar: Bar) -> PageImage:
    appearance, code = bar.appearance, bar.code or ""
    height, width = painted.shape[:2]
    line = min(bar.text_line_px or height, height)
    font = truetype_font(appearance.code_font, max(7, round(line * appearance.code_size_share)))
    long, tall = font.getlength(code), font.size * 1.2
    if long + 6 > width or tall > height:
        return painted
    image = Image.fromarray(painted)
    draw = ImageDraw.Draw(image)
    inset = max(appearance.edge_px + 2, line * 0.15)
    if appearance.code_place == "left":
        draw.text((inset, height / 2), code, font=font, fill=appearance.ink, anchor="lm")
    elif appearance.code_place == "corner":
        draw.text((inset, max(tall / 2, line / 2)), code, font=font, fill=appearance.ink, anchor="lm")
    elif appearance.code_place == "repeated" and width > 3 * long:
        step = long * 2.2
        for row in range(max(1, int(height // max(1.0, line * 1.4)))):
            y = height / 2 if height < 2 * line else line * (0.7 + 1.4 * row)
            for column in range(int((width - long) // step) + 1):
                draw.text((inset + column * step, y), code, font=font, fill=appearance.ink, anchor="lm")
    else:
        draw.text((width / 2, height / 2), code, font=font, fill=appearance.ink, anchor="mm")
    return np.asarray(image)


@lru_cache(maxsize=128)
def truetype_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font shipped with matplotlib, so that pages are identical on every machine."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
