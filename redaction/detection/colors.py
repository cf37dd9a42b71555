"""What color a page's paper is, and what fills a box on it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.pages.image import PAPER, PageImage

Color = tuple[int, ...]
"""RGB."""

DARKEST_PAPER = 128
"""In every channel; a page that has nothing lighter is covered all over, and its paper is taken for white."""
NOISE = 28
"""Shades, in the channel that differs most, that are still the same fill: JPEG and scanners make that much noise."""
FAINTEST = 16
"""Shades by which a fill differs from the paper; what differs less is the paper itself."""
SHARPEST_STEP = 40
"""Shades by which the page changes across the edge of a fill; of faint fills half of what they differ from the paper."""
SAMPLES = 48
"""Points taken along a side, so that a large box costs no more than a small one."""
PAPER_SAMPLES = 200
"""The same of a page, whose paper is most of it."""
SHADES = 256


class Fill(NamedTuple):
    """What is inside a box."""

    color: Color
    contrast: int
    """Shades by which it differs from the paper, in the channel that differs most."""

    @property
    def is_paper(self) -> bool:
        """Whether nothing fills the box: it ends where a line runs, if it is one at all."""
        return self.contrast < FAINTEST

    @property
    def tolerance(self) -> int:
        """Shades, in any channel, by which a pixel may differ and be of the fill. Halfway to paper of another color at most."""
        return NOISE if self.is_paper else min(NOISE, self.contrast // 2)

    @property
    def step(self) -> int:
        """Shades by which the page changes across its edge."""
        return SHARPEST_STEP if self.is_paper else min(SHARPEST_STEP, self.contrast // 2)


def paper_of(page: PageImage) -> Color:
    """The color of a page's paper: of each channel the commonest light shade."""
    sample = np.ascontiguousarray(page[:: stride(page.shape[0], PAPER_SAMPLES), :: stride(page.shape[1], PAPER_SAMPLES)])
    light = sample[cv2.inRange(sample, (DARKEST_PAPER,) * 3, (PAPER,) * 3) > 0]
    if not len(light):
        return (PAPER,) * 3
    return tuple(int(np.bincount(light[:, channel], minlength=SHADES).argmax()) for channel in range(3))


def difference(color: Color, other: Color) -> int:
    """Shades by which two colors differ, in the channel that differs most."""
    return max(abs(one - another) for one, another in zip(color, other, strict=True))


def fill_of(inside: PageImage, paper: Color) -> tuple[Fill, float]:
    """What the middle of a box is filled with, and how much of the middle is.

    Args:
        inside: the pixels of the box, (height, width, 3).
    """
    height, width = inside.shape[:2]
    middle = inside[height // 4 : height - height // 4, width // 4 : width - width // 4]
    across, down = 2 * stride(middle.shape[1]), stride(middle.shape[0])
    sample = np.ascontiguousarray(middle[::down, ::across])
    pixels = sample.reshape(-1, 3)
    color = tuple(np.partition(pixels, len(pixels) // 2, axis=0)[len(pixels) // 2].tolist())  # the median, in a third of its time
    fill = Fill(color, difference(color, paper))
    return fill, float(share_of(fill, sample, 0).mean())


def stride(length: int, samples: int = SAMPLES) -> int:
    """Distance, in pixels, of the points to take along a side of this length."""
    return max(1, length // samples)


def share_of(fill: Fill, strip: PageImage, axis: int) -> NDArray[np.float64]:
    """The share of a strip's pixels, (height, width, 3), that are of this fill: of each column (axis 0) or each row (axis 1)."""
    low, high = (tuple(shade + sign * fill.tolerance for shade in fill.color) for sign in (-1, 1))
    return np.asarray(cv2.inRange(np.ascontiguousarray(strip), low, high).mean(axis=axis) / 255)
