"""What copying, scanning and saving do to a page. Nothing here moves a pixel: boxes stay true."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.synthesis.drawing import PageImage


def age(image: PageImage, rng: Random) -> PageImage:
    """A page as it was before somebody redacted it: fresh, photocopied to black and white, scanned, or scanned badly."""
    kind = rng.choices(["fresh", "photocopy", "scan", "dark scan"], [10, 5, 4, 1])[0]
    if kind == "fresh":
        return image
    if kind == "photocopy":
        return _scanner_edges(_photocopy(image, rng), rng) if rng.random() < 0.4 else _photocopy(image, rng)
    paper = _shade(_tint(image, rng, darkest=150 if kind == "dark scan" else 222), rng)
    return _scanner_edges(paper, rng) if kind == "dark scan" or rng.random() < 0.2 else paper


def wear(image: PageImage, rng: Random) -> PageImage:
    """What happens to a page after its redaction: a little blur, noise, another brightness, in some combination or not at all."""
    if rng.random() < 0.4:
        return image
    if rng.random() < 0.4:
        image = _image(cv2.GaussianBlur(image, (3, 3), rng.uniform(0.3, 0.9)))
    if rng.random() < 0.5:
        low, high = rng.uniform(0, 35), rng.uniform(225, 255)
        image = _curve(image, [(low, high)] * 3)
    if rng.random() < 0.4:
        image = _noisy(image, rng, rng.uniform(1.5, 7))
    return image


def encode(image: PageImage, rng: Random) -> tuple[bytes, str]:
    """The image file's bytes and its suffix: PNG, or JPEG at some quality, which is the last thing that wears a page."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    if rng.random() < 0.5:
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(55, 95)])
        suffix = ".jpg"
    else:
        done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 2])
        suffix = ".png"
    if not done:
        raise OSError(f"OpenCV could not encode a page of {image.shape} as {suffix}")
    return data.tobytes(), suffix


def _photocopy(image: PageImage, rng: Random) -> PageImage:
    """Black and white only, letters broken or run together, specks."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (3, 3), rng.uniform(0.4, 1.1))
    grain = _grain(grey.shape[:2], rng, rng.uniform(8, 28))
    ink = cv2.add(grey, grain, dtype=cv2.CV_16S) < rng.uniform(110, 205)
    specks = np.random.default_rng(rng.getrandbits(64))
    for _ in range(rng.randint(0, 160)):
        y, x, size = specks.integers(0, grey.shape[0]), specks.integers(0, grey.shape[1]), specks.integers(1, 4)
        ink[y : y + size, x : x + size] = True
    copy = np.where(ink, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        copy = np.asarray(cv2.GaussianBlur(copy, (3, 3), 0.6), np.uint8)
    return _image(cv2.cvtColor(copy, cv2.COLOR_GRAY2RGB))


def _tint(image: PageImage, rng: Random, darkest: int) -> PageImage:
    """Paper that is not white and ink that is not black."""
    paper, warmth, ink = rng.uniform(darkest, 252), rng.uniform(0, 18), rng.uniform(5, 60)
    return _curve(image, [(ink, paper), (ink, paper - warmth * 0.3), (ink, paper - warmth)])


def _shade(image: PageImage, rng: Random) -> PageImage:
    """Uneven light across the page and the scanner's own noise."""
    height, width = image.shape[:2]
    corners = np.array([[rng.uniform(0.9, 1.0) for _ in range(2)] for _ in range(2)], np.float32)
    light = cv2.resize((corners * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    lit = cv2.multiply(image, cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    return _noisy(_image(lit), rng, rng.uniform(1, 5))


def _scanner_edges(image: PageImage, rng: Random) -> PageImage:
    """The dark strips that a scanner's lid leaves along one or two edges of the page."""
    image = image.copy()
    height, width = image.shape[:2]
    for side in rng.sample(["left", "right", "top", "bottom"], rng.choice([1, 2])):
        depth, slant = rng.randint(6, 36), rng.randint(-10, 10)
        along = height if side in ("left", "right") else width
        depths = np.clip(np.linspace(depth, depth + slant, along), 2, None).astype(int)
        strip = np.arange(48)[None, :] < depths[:, None]
        strip = strip if side in ("left", "top") else strip[:, ::-1]
        region = {
            "left": image[:, :48],
            "right": image[:, -48:],
            "top": image[:48].swapaxes(0, 1),
            "bottom": image[-48:].swapaxes(0, 1),
        }[side]
        region[strip] = rng.randint(0, 50)
    return image


def _curve(image: PageImage, ends: list[tuple[float, float]]) -> PageImage:
    """Black becomes the first and white the second value, channel by channel."""
    table = np.stack([np.linspace(low, high, 256) for low, high in ends], axis=1).round().astype(np.uint8)
    return _image(cv2.LUT(image, table.reshape(1, 256, 3)))


def _noisy(image: PageImage, rng: Random, strength: float) -> PageImage:
    grain = _grain(image.shape[:2], rng, strength)
    return _image(cv2.add(image, np.repeat(grain[:, :, None], 3, axis=2), dtype=cv2.CV_8U))


def _grain(shape: tuple[int, ...], rng: Random, strength: float) -> NDArray[np.int16]:
    """Gaussian noise of that standard deviation: one tile, repeated: two million numbers cost more than the page."""
    noise = np.random.default_rng(rng.getrandbits(64))
    tile = (noise.standard_normal((389, 397), np.float32) * strength).astype(np.int16)
    repeats = (shape[0] // 389 + 1, shape[1] // 397 + 1)
    return np.tile(tile, repeats)[: shape[0], : shape[1]]


def _image(array: object) -> PageImage:
    return np.ascontiguousarray(array, np.uint8)
