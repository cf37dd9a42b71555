"""Effects of photocopiers, fax machines and low-resolution scanners. None of them moves a pixel."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from redaction.pages.image import PageImage
from redaction.synthesis.drawing import median_paper_color


def photocopied(image: PageImage, rng: Random) -> PageImage:
    """A black-and-white photocopy with broken or merged letters and specks."""
    paper = max(median_paper_color(image))
    gray = cv2.cvtColor(whitened(image, paper) if paper > 110 else image, cv2.COLOR_RGB2GRAY)
    gray = cv2.GaussianBlur(gray, (3, 3), rng.uniform(0.4, 1.1))
    ink = cv2.add(gray, gaussian_noise(gray.shape[:2], rng, rng.uniform(8, 28)), dtype=cv2.CV_16S) < rng.uniform(110, 205)
    copy = np.where(ink, 0, 255).astype(np.uint8)
    _speckle(copy, rng, rng.randint(0, 160))
    if rng.random() < 0.5:
        copy = np.asarray(cv2.GaussianBlur(copy, (3, 3), 0.6), np.uint8)
    return as_page_image(cv2.cvtColor(copy, cv2.COLOR_GRAY2RGB))


def faxed(image: PageImage, rng: Random, above: float) -> PageImage:
    """Black and white by a plain threshold above `above`, which keeps the thinnest lines."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    copy = np.where(gray < rng.uniform(above, max(above, 190)), 0, 255).astype(np.uint8)
    _speckle(copy, rng, rng.randint(0, 120))
    return as_page_image(cv2.cvtColor(copy, cv2.COLOR_GRAY2RGB))


def dithered(image: PageImage, rng: Random) -> PageImage:
    """Gray tones as patterns of black dots: ordered (a printer) or error-diffused (a fax machine)."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if rng.random() < 0.5:
        dots = np.asarray(Image.fromarray(gray).convert("1"), np.uint8) * 255
    else:
        bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.uint8) * 16 + 8
        repeats = (gray.shape[0] // 4 + 1, gray.shape[1] // 4 + 1)
        dots = np.where(gray > np.tile(bayer, repeats)[: gray.shape[0], : gray.shape[1]], 255, 0).astype(np.uint8)
    if rng.random() < 0.5:
        dots = np.asarray(cv2.GaussianBlur(dots, (3, 3), rng.uniform(0.5, 1)), np.uint8)
    return as_page_image(cv2.cvtColor(dots, cv2.COLOR_GRAY2RGB))


def in_grayscale(image: PageImage) -> PageImage:
    """The page without its colors."""
    return as_page_image(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def whitened(image: PageImage, paper: int) -> PageImage:
    """Brighten the page until paper of this gray level is nearly white, as copiers do."""
    return as_page_image(cv2.convertScaleAbs(image, alpha=262 / max(paper, 60)))


def rescanned(image: PageImage, rng: Random, coarsest: float) -> PageImage:
    """Scan at a lower resolution (a share of at least `coarsest`) and enlarge again."""
    height, width = image.shape[:2]
    share = rng.uniform(coarsest, 0.9)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    small = cv2.resize(image, size, interpolation=rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR]))
    return as_page_image(cv2.resize(small, (width, height), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))


def gaussian_noise(shape: tuple[int, ...], rng: Random, strength: float) -> NDArray[np.int16]:
    """Gaussian noise with this standard deviation; a repeated tile, because drawing noise for every pixel is slow."""
    noise = np.random.default_rng(rng.getrandbits(64))
    tile = (noise.standard_normal((389, 397), np.float32) * strength).astype(np.int16)
    repeats = (shape[0] // 389 + 1, shape[1] // 397 + 1)
    return np.tile(tile, repeats)[: shape[0], : shape[1]]


def as_page_image(array: object) -> PageImage:
    """The array as contiguous 8-bit page pixels."""
    return np.ascontiguousarray(array, np.uint8)


def _speckle(copy: NDArray[np.uint8], rng: Random, count: int) -> None:
    specks = np.random.default_rng(rng.getrandbits(64))
    for _ in range(count):
        y, x, size = specks.integers(0, copy.shape[0]), specks.integers(0, copy.shape[1]), specks.integers(1, 4)
        copy[y : y + size, x : x + size] = 0
