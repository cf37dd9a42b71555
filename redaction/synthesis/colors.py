"""Colors as documents have them."""

from __future__ import annotations

import colorsys
from random import Random

from redaction.synthesis.sheet import Rgb

_DARK: list[Rgb] = [(0, 0, 0), (0, 0, 0), (20, 30, 70), (90, 20, 25), (15, 70, 60), (60, 60, 60), (0, 84, 150), (35, 35, 35)]
_DARKEST_MIDDLE, _LIGHTEST_MIDDLE = 90, 192


def dark(rng: Random) -> Rgb:
    """Black, dark gray, or a deep color that white letters can be read on."""
    return rng.choice(_DARK) if rng.random() < 0.6 else _from(rng.random(), rng.uniform(0.4, 1), rng.uniform(0.15, 0.55))


def bright(rng: Random) -> Rgb:
    """A strong color."""
    return _from(rng.random(), rng.uniform(0.5, 1), rng.uniform(0.6, 1))


def pale(rng: Random) -> Rgb:
    """A light gray or tint that black letters can be read on."""
    if rng.random() < 0.35:
        level = rng.randint(196, 245)
        return (level, level, level)
    return _from(rng.random(), rng.uniform(0.04, 0.3), rng.uniform(0.85, 1))


def poster(rng: Random) -> Rgb:
    """A color to print whole pages in, middling tones with the others."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.3, 1))
    return (round(red * 255), round(green * 255), round(blue * 255))


def ground(rng: Random) -> Rgb:
    """Any of them."""
    return rng.choice([dark, dark, bright, pale])(rng)


def readable_on(color: Rgb) -> Rgb:
    """Black or white, whichever can be read on that ground."""
    return (255, 255, 255) if brightness(color) < 140 else (0, 0, 0)


def brightness(color: Rgb) -> float:
    """How light it looks, 0 to 255."""
    return 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]


def _from(hue: float, saturation: float, value: float) -> Rgb:
    """The color, no middling tone: a photocopier makes that black and the words on it with it, and a heading a redaction."""
    red, green, blue = (channel * 255 for channel in colorsys.hsv_to_rgb(hue, saturation, value))
    level = 0.3 * red + 0.59 * green + 0.11 * blue
    if _DARKEST_MIDDLE < level < 140:
        red, green, blue = (channel * _DARKEST_MIDDLE / level for channel in (red, green, blue))
    elif 140 <= level < _LIGHTEST_MIDDLE:
        white = (_LIGHTEST_MIDDLE - level) / (255 - level)
        red, green, blue = (channel + (255 - channel) * white for channel in (red, green, blue))
    return (round(red), round(green), round(blue))
