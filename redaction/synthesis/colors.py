"""Colors as they occur in documents."""

from __future__ import annotations

import colorsys
from random import Random

from redaction.synthesis.sheet import Rgb

_DARK_COLORS: list[Rgb] = [
    (0, 0, 0),
    (0, 0, 0),
    (20, 30, 70),
    (90, 20, 25),
    (15, 70, 60),
    (60, 60, 60),
    (0, 84, 150),
    (35, 35, 35),
]
_MIN_MID_TONE, _MAX_MID_TONE = 90, 192


def dark_color(rng: Random) -> Rgb:
    """Black, dark gray, or a deep color on which white text is readable."""
    return (
        rng.choice(_DARK_COLORS)
        if rng.random() < 0.6
        else _without_mid_tones(rng.random(), rng.uniform(0.4, 1), rng.uniform(0.15, 0.55))
    )


def bright_color(rng: Random) -> Rgb:
    """A saturated color."""
    return _without_mid_tones(rng.random(), rng.uniform(0.5, 1), rng.uniform(0.6, 1))


def pale_color(rng: Random) -> Rgb:
    """A light gray or tint on which black text is readable."""
    if rng.random() < 0.35:
        level = rng.randint(196, 245)
        return (level, level, level)
    return _without_mid_tones(rng.random(), rng.uniform(0.04, 0.3), rng.uniform(0.85, 1))


def poster_color(rng: Random) -> Rgb:
    """A color for large printed areas; may be a mid-tone."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.3, 1))
    return (round(red * 255), round(green * 255), round(blue * 255))


def any_color(rng: Random) -> Rgb:
    """A dark, bright or pale color."""
    return rng.choice([dark_color, dark_color, bright_color, pale_color])(rng)


def text_color_on(color: Rgb) -> Rgb:
    """Black or white, whichever is readable on this background."""
    return (255, 255, 255) if brightness(color) < 140 else (0, 0, 0)


def brightness(color: Rgb) -> float:
    """Perceived brightness, 0 to 255."""
    return 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]


def _without_mid_tones(hue: float, saturation: float, value: float) -> Rgb:
    """The HSV color, moved out of the mid-tones.

    A photocopier turns a mid-tone and the text on it black, so that a heading would become a redaction.
    """
    red, green, blue = (channel * 255 for channel in colorsys.hsv_to_rgb(hue, saturation, value))
    level = 0.3 * red + 0.59 * green + 0.11 * blue
    if _MIN_MID_TONE < level < 140:
        red, green, blue = (channel * _MIN_MID_TONE / level for channel in (red, green, blue))
    elif 140 <= level < _MAX_MID_TONE:
        white = (_MAX_MID_TONE - level) / (255 - level)
        red, green, blue = (channel + (255 - channel) * white for channel in (red, green, blue))
    return (round(red), round(green), round(blue))
