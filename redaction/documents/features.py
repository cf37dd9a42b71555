"""Numbers that say what a page looks like: for the catalogue, for comparing real with synthetic pages, and for monitoring."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.dataset import Frozen

INK_LEVEL = 128
"""Darker than this (of 255) counts as ink; a page's paper, scanned or not, lies well above."""

DARK_BLOCK_PIXELS = 9
"""Strokes of text at 150 dpi are thinner than this, so what survives an erosion of this size is a filled area."""


class PageFeatures(Frozen):
    """What a page looks like, whatever it says. Shares are in [0, 1], grey levels in [0, 255]."""

    width: float
    height: float
    brightness: float
    """Mean grey level."""
    contrast: float
    """Standard deviation of the grey levels."""
    ink_density: float
    """Share of dark pixels."""
    block_density: float
    """Share of the page inside dark areas thicker than strokes of text: bars, photos, black margins."""
    colourfulness: float
    """Mean saturation."""
    sharpness: float
    """Standard deviation of the Laplacian: low for blurred scans."""


def page_features(image: NDArray[np.uint8]) -> PageFeatures:
    """The features of a page image.

    Args:
        image: RGB, shape (height, width, 3), uint8.
    """
    # OpenCV's sums, and a Laplacian in 16 bits (which holds it exactly), take a third of the time that NumPy's take: this runs
    # for every page that is rendered or served.
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(grey, INK_LEVEL - 1, 1, cv2.THRESH_BINARY_INV)
    blocks = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((DARK_BLOCK_PIXELS, DARK_BLOCK_PIXELS), np.uint8))
    brightness, contrast = cv2.meanStdDev(grey)
    _, sharpness = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    height, width = grey.shape
    return PageFeatures(
        width=width,
        height=height,
        brightness=brightness.item(),
        contrast=contrast.item(),
        ink_density=cv2.countNonZero(ink) / grey.size,
        block_density=cv2.countNonZero(blocks) / grey.size,
        colourfulness=cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))[1],
        sharpness=sharpness.item(),
    )
