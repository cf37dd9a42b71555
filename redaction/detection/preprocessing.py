"""From a page image to the network input and back; training, evaluation and serving share this code.

A page is scaled to fit the network input and placed in its upper left corner. The rest is filled with white, like paper: black
padding would look like a redaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.pages.geometry import Xyxy
from redaction.pages.image import PAPER, PageImage
from redaction.values import Frozen


@dataclass(frozen=True)
class Placement:
    """Where a page lies in the network input: the size of the page in pixels, and its scale in both directions."""

    width: int
    height: int
    scale_x: float
    scale_y: float

    def to_input(self, xyxy: Xyxy) -> Xyxy:
        """Map boxes from page pixels to input pixels; shape (n, 4)."""
        return np.asarray(xyxy * self._scales, np.float32)

    def to_page(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map boxes from input pixels to page pixels, without clipping; shape (n, 4)."""
        return np.asarray(xyxy / self._scales, np.float32)

    @property
    def _scales(self) -> NDArray[np.float32]:
        return np.array([self.scale_x, self.scale_y] * 2, np.float32)


class Preprocessing(Frozen):
    """How a page becomes the network input. It is part of the detector, so that a detector predicts the same everywhere."""

    width: int
    height: int
    """Of the network input, in pixels."""
    fill: int = PAPER
    """The level of the padding."""
    channels: Literal["rgb"] = "rgb"
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    """Each channel becomes ``(value - mean) / std``; the defaults are ImageNet's, which pretrained weights expect."""

    def placement(self, width: int, height: int) -> Placement:
        """Where a page of `width` by `height` pixels lies in the network input."""
        scale = min(self.width / width, self.height / height)
        return Placement(width, height, max(1, round(width * scale)) / width, max(1, round(height * scale)) / height)

    def place(self, page: PageImage) -> tuple[PageImage, Placement]:
        """The network input before normalization (uint8, (height, width, 3)), and where the page lies in it."""
        placement = self.placement(page.shape[1], page.shape[0])
        width, height = round(placement.width * placement.scale_x), round(placement.height * placement.scale_y)
        # averaging over areas keeps thin outlines visible; sampling would lose them
        method = cv2.INTER_AREA if placement.scale_x < 1 else cv2.INTER_LINEAR
        canvas = np.full((self.height, self.width, 3), self.fill, np.uint8)
        canvas[:height, :width] = cv2.resize(page, (width, height), interpolation=method)
        return canvas, placement

    def normalize(self, canvas: PageImage) -> NDArray[np.float32]:
        """Normalize each channel; shape unchanged, float32."""
        # planes in the order in which the network reads them, so that `prepare` need not copy
        planes = np.empty((3, *canvas.shape[:2]), np.float32)
        for channel, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            np.subtract(canvas[:, :, channel], np.float32(mean), out=planes[channel], dtype=np.float32)
            planes[channel] /= np.float32(std)
        return planes.transpose(1, 2, 0)

    def prepare(self, page: PageImage) -> tuple[NDArray[np.float32], Placement]:
        """The network input for one page, float32 (3, height, width), and where the page lies in it."""
        canvas, placement = self.place(page)
        return self.normalize(canvas).transpose(2, 0, 1), placement
