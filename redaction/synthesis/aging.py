"""What copying, scanning and saving do to a page. Nothing here moves a pixel: boxes stay true (see `warping` for what does).

Written on OpenCV, which draws a page in a few hundredths of a second. The library that has most of this, augraphy, is no part of
this stack, and in its default pipeline shifts pixels without moving boxes; albumentations, which is, moves boxes along but knows
blur, noise and JPEG only: no photocopies, bleeding ink, stamps, toner or punched holes.
"""

from __future__ import annotations

from random import Random
from typing import Literal

import cv2
import numpy as np

from redaction.synthesis.painting import PageImage
from redaction.synthesis.photocopies import as_image, grain_of, grayed, photocopied, rescanned
from redaction.synthesis.scan_artifacts import bled, punched, scanner_edges, stamped, streaked

Paper = Literal["any", "tinted", "bilevel"]


def age(image: PageImage, rng: Random, *, hard: bool = False, paper: Paper = "any") -> PageImage:
    """A page as it was before somebody redacted it: fresh, photocopied to black and white, scanned, or scanned badly.

    Args:
        hard: with more wear than usual.
        paper: one that is not white, or a copy in black and white only, where it must be.
    """
    weights: dict[Paper, list[float]] = {
        "any": [6, 5, 3.5, 1.2] if hard else [12, 5, 2.5, 0.3],
        "tinted": [0, 0, 5, 1],
        "bilevel": [0, 1, 0, 0],
    }
    kind = rng.choices(["fresh", "photocopy", "scan", "dark scan"], weights[paper])[0]
    if kind == "fresh":
        return image
    if kind != "photocopy" and rng.random() < 0.15:
        image = bled(image, image, rng)
    if rng.random() < 0.12:
        image = punched(image, rng)
    if kind == "photocopy":
        copy = photocopied(image, rng)
        return scanner_edges(copy, rng) if rng.random() < 0.35 else copy
    lightest = 236 if paper == "tinted" else 252
    image = _shade(_tint(image, rng, 150 if kind == "dark scan" else 222, lightest), rng)
    return scanner_edges(image, rng) if rng.random() < (0.6 if kind == "dark scan" else 0.2) else image


def wear(image: PageImage, rng: Random, *, hard: bool = False) -> PageImage:
    """What happens to a page after its redaction, in some combination or not at all; a `hard` page gets more of it."""
    if rng.random() < (0.1 if hard else 0.45):
        return image
    often = 2.0 if hard else 1.0
    if rng.random() < 0.06 * often:
        image = stamped(image, rng)
    if rng.random() < 0.04 * often:
        image = punched(image, rng)
    if rng.random() < 0.05 * often:
        image = bled(image, image, rng)
    if rng.random() < 0.06 * often:
        image = streaked(image, rng)
    if rng.random() < 0.08 * often:
        image = _shade(image, rng, 0.7 if hard else 0.88)
    if rng.random() < 0.3:
        image = as_image(cv2.GaussianBlur(image, (3, 3), rng.uniform(0.3, 1.1 if hard else 0.8)))
    if rng.random() < 0.12 * often:
        image = rescanned(image, rng, 0.5 if hard else 0.65)
    if rng.random() < 0.4:
        image = _curve(image, [(rng.uniform(0, 55 if hard else 35), rng.uniform(212 if hard else 228, 255))] * 3)
    if rng.random() < 0.3:
        image = _noisy(image, rng, rng.uniform(1.5, 11 if hard else 6))
    if rng.random() < 0.05 * often:
        image = scanner_edges(image, rng)
    return image


def encode(image: PageImage, rng: Random, *, hard: bool = False) -> tuple[bytes, str]:
    """The image file's bytes and its suffix: PNG, or JPEG at some quality, which is the last thing that wears a page."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    if rng.random() < 0.5:
        quality = rng.randint(22, 75) if hard else rng.randint(45, 95)
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        suffix = ".jpg"
    else:
        done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 2])
        suffix = ".png"
    if not done:
        raise OSError(f"OpenCV could not encode a page of {image.shape} as {suffix}")
    return data.tobytes(), suffix


def _tint(image: PageImage, rng: Random, darkest: int, lightest: int) -> PageImage:
    """Paper that is not white and ink that is not black."""
    paper, warmth, ink = rng.uniform(darkest, lightest), rng.choice([0, rng.uniform(0, 30)]), rng.uniform(5, 60)
    tinted = _curve(image, [(ink, paper), (ink, paper - warmth * 0.3), (ink, paper - warmth)])
    return grayed(tinted) if rng.random() < 0.3 else tinted


def _shade(image: PageImage, rng: Random, darkest: float = 0.9) -> PageImage:
    """Uneven light across the page and the scanner's own noise."""
    height, width = image.shape[:2]
    corners = np.array([[rng.uniform(darkest, 1.0) for _ in range(2)] for _ in range(2)], np.float32)
    light = cv2.resize((corners * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    lit = cv2.multiply(image, cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    return _noisy(as_image(lit), rng, rng.uniform(1, 5))


def _curve(image: PageImage, ends: list[tuple[float, float]]) -> PageImage:
    """Black becomes the first and white the second value, channel by channel."""
    table = np.stack([np.linspace(low, high, 256) for low, high in ends], axis=1).round().astype(np.uint8)
    return as_image(cv2.LUT(image, table.reshape(1, 256, 3)))


def _noisy(image: PageImage, rng: Random, strength: float) -> PageImage:
    grain = grain_of(image.shape[:2], rng, strength)
    return as_image(cv2.add(image, np.repeat(grain[:, :, None], 3, axis=2), dtype=cv2.CV_8U))
