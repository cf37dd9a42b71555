"""Copying, scanning and saving effects. None of them moves a pixel, so boxes stay valid (`warping` has the one that does).

Implemented with OpenCV, which takes a few hundredths of a second per page. Two libraries were considered. Augraphy covers most of
this, but is not part of this stack, and its default pipeline shifts pixels without moving boxes. Albumentations is, and moves
boxes, but has only blur, noise and JPEG: no photocopies, bleed-through, stamps, toner or punched holes.
"""

from __future__ import annotations

from random import Random
from typing import Literal

import cv2
import numpy as np

from redaction.pages.image import PageImage
from redaction.synthesis.photocopies import as_page_image, gaussian_noise, in_grayscale, photocopied, rescanned
from redaction.synthesis.scan_artifacts import (
    with_bleed_through,
    with_punched_holes,
    with_scanner_edges,
    with_stamp,
    with_streaks,
)

Paper = Literal["any", "tinted", "bilevel"]


def age(image: PageImage, rng: Random, *, hard: bool = False, paper: Paper = "any") -> PageImage:
    """Age a page before it is redacted: leave it fresh, photocopy it to black and white, or scan it well or badly.

    Args:
        hard: apply more wear than usual.
        paper: ``tinted`` forces paper that is not white, ``bilevel`` a black-and-white copy.
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
        image = with_bleed_through(image, image, rng)
    if rng.random() < 0.12:
        image = with_punched_holes(image, rng)
    if kind == "photocopy":
        copy = photocopied(image, rng)
        return with_scanner_edges(copy, rng) if rng.random() < 0.35 else copy
    lightest = 236 if paper == "tinted" else 252
    image = _shade(_tint(image, rng, 150 if kind == "dark scan" else 222, lightest), rng)
    return with_scanner_edges(image, rng) if rng.random() < (0.6 if kind == "dark scan" else 0.2) else image


def wear(image: PageImage, rng: Random, *, hard: bool = False) -> PageImage:
    """Apply a random combination of effects after redaction, possibly none; `hard` pages get more of them."""
    if rng.random() < (0.1 if hard else 0.45):
        return image
    factor = 2.0 if hard else 1.0
    if rng.random() < 0.06 * factor:
        image = with_stamp(image, rng)
    if rng.random() < 0.04 * factor:
        image = with_punched_holes(image, rng)
    if rng.random() < 0.05 * factor:
        image = with_bleed_through(image, image, rng)
    if rng.random() < 0.06 * factor:
        image = with_streaks(image, rng)
    if rng.random() < 0.08 * factor:
        image = _shade(image, rng, 0.7 if hard else 0.88)
    if rng.random() < 0.3:
        image = as_page_image(cv2.GaussianBlur(image, (3, 3), rng.uniform(0.3, 1.1 if hard else 0.8)))
    if rng.random() < 0.12 * factor:
        image = rescanned(image, rng, 0.5 if hard else 0.65)
    if rng.random() < 0.4:
        image = _curve(image, [(rng.uniform(0, 55 if hard else 35), rng.uniform(212 if hard else 228, 255))] * 3)
    if rng.random() < 0.3:
        image = _noisy(image, rng, rng.uniform(1.5, 11 if hard else 6))
    if rng.random() < 0.05 * factor:
        image = with_scanner_edges(image, rng)
    return image


def encode(image: PageImage, rng: Random, *, hard: bool = False) -> tuple[bytes, str]:
    """Encode as PNG, or as JPEG of random quality; return the file's bytes and its suffix."""
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
    """Make the paper darker than white and the ink lighter than black."""
    paper, warmth, ink = rng.uniform(darkest, lightest), rng.choice([0, rng.uniform(0, 30)]), rng.uniform(5, 60)
    tinted = _curve(image, [(ink, paper), (ink, paper - warmth * 0.3), (ink, paper - warmth)])
    return in_grayscale(tinted) if rng.random() < 0.3 else tinted


def _shade(image: PageImage, rng: Random, darkest: float = 0.9) -> PageImage:
    """Add uneven lighting and scanner noise."""
    height, width = image.shape[:2]
    corners = np.array([[rng.uniform(darkest, 1.0) for _ in range(2)] for _ in range(2)], np.float32)
    light = cv2.resize((corners * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    lit = cv2.multiply(image, cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    return _noisy(as_page_image(lit), rng, rng.uniform(1, 5))


def _curve(image: PageImage, ends: list[tuple[float, float]]) -> PageImage:
    """Map black to the first value of each pair and white to the second; one pair per channel."""
    table = np.stack([np.linspace(low, high, 256) for low, high in ends], axis=1).round().astype(np.uint8)
    return as_page_image(cv2.LUT(image, table.reshape(1, 256, 3)))


def _noisy(image: PageImage, rng: Random, strength: float) -> PageImage:
    grain = gaussian_noise(image.shape[:2], rng, strength)
    return as_page_image(cv2.add(image, np.repeat(grain[:, :, None], 3, axis=2), dtype=cv2.CV_8U))
