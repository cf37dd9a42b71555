"""The color of a page's paper, and of what fills a box on it. Levels are those of one 8-bit channel."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.pages.image import PAPER, PageImage

Color = tuple[int, ...]
"""RGB."""

LEVELS = 256
MIN_PAPER_LEVEL = 128
"""In every channel. A page without lighter pixels is covered completely, and its paper is taken to be white."""
MAX_NOISE = 28
"""Levels by which pixels of one fill may differ: JPEG and scanners add this much noise."""
MIN_FILL_CONTRAST = 16
"""Levels by which a fill differs from the paper; anything closer is paper."""
MAX_EDGE_STEP = 40
"""Levels by which a page changes across the edge of a fill; for faint fills it is half their contrast."""
SAMPLES_PER_SIDE = 48
"""Points sampled along a side, so that a large box costs no more than a small one."""
PAPER_SAMPLES_PER_SIDE = 200
"""The same for a whole page."""


class Fill(NamedTuple):
    """What fills a box."""

    color: Color
    contrast: int
    """Levels by which it differs from the paper, in the channel that differs most."""

    @property
    def is_paper(self) -> bool:
        """Whether the box is empty, so that only a line around it can bound it."""
        return self.contrast < MIN_FILL_CONTRAST

    @property
    def tolerance(self) -> int:
        """Levels, in any channel, by which a pixel of the fill may differ: at most half the contrast to the paper."""
        return MAX_NOISE if self.is_paper else min(MAX_NOISE, self.contrast // 2)

    @property
    def edge_step(self) -> int:
        """Levels by which the page changes across the edge of the fill."""
        return MAX_EDGE_STEP if self.is_paper else min(MAX_EDGE_STEP, self.contrast // 2)


def paper_color(page: PageImage) -> Color:
    """The most frequent light level of each channel."""
    rows, columns = (sample_stride(length, PAPER_SAMPLES_PER_SIDE) for length in page.shape[:2])
    sample = np.ascontiguousarray(page[::rows, ::columns])
    light = sample[cv2.inRange(sample, (MIN_PAPER_LEVEL,) * 3, (PAPER,) * 3) > 0]
    if not len(light):
        return (PAPER,) * 3
    return tuple(int(np.bincount(light[:, channel], minlength=LEVELS).argmax()) for channel in range(3))


def color_difference(color: Color, other: Color) -> int:
    """Levels by which two colors differ, in the channel that differs most."""
    return max(abs(one - another) for one, another in zip(color, other, strict=True))


def box_fill(inside: PageImage, paper: Color) -> tuple[Fill, float]:
    """The fill of the middle of a box, and the share of the middle that has this fill.

    Args:
        inside: the pixels of the box, (height, width, 3).
        paper: the color of the page's paper.
    """
    height, width = inside.shape[:2]
    middle = inside[height // 4 : height - height // 4, width // 4 : width - width // 4]
    across, down = 2 * sample_stride(middle.shape[1]), sample_stride(middle.shape[0])
    sample = np.ascontiguousarray(middle[::down, ::across])
    pixels = sample.reshape(-1, 3)
    median = np.partition(pixels, len(pixels) // 2, axis=0)[len(pixels) // 2]
    color = tuple(median.tolist())
    fill = Fill(color, color_difference(color, paper))
    return fill, float(fill_shares(fill, sample, 0).mean())


def sample_stride(length: int, samples: int = SAMPLES_PER_SIDE) -> int:
    """Distance in pixels between the points to sample along a side of this length."""
    return max(1, length // samples)


def fill_shares(fill: Fill, strip: PageImage, axis: int) -> NDArray[np.float64]:
    """The share of pixels with this fill in each column (axis 0) or each row (axis 1) of a strip, (height, width, 3)."""
    low, high = (tuple(level + sign * fill.tolerance for level in fill.color) for sign in (-1, 1))
    return np.asarray(cv2.inRange(np.ascontiguousarray(strip), low, high).mean(axis=axis) / 255)
