"""From any page image to what the network reads, and back: the same code in training, evaluation and serving.

A page is scaled to fit a fixed frame and laid into its upper left corner. What is left over is filled with white, because that is
what paper looks like: black filling would look like a redaction.
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
    """Where a page came to lie in the frame: its size in pixels, and by how much it was scaled in each direction."""

    width: int
    height: int
    scale_x: float
    scale_y: float

    def to_frame(self, xyxy: Xyxy) -> Xyxy:
        """Boxes in page pixels as boxes in the frame; shape (n, 4)."""
        return np.asarray(xyxy * self._scales, np.float32)

    def to_page(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes in the frame as boxes in page pixels, not clipped; shape (n, 4)."""
        return np.asarray(xyxy / self._scales, np.float32)

    @property
    def _scales(self) -> NDArray[np.float32]:
        return np.array([self.scale_x, self.scale_y] * 2, np.float32)


class Preprocessing(Frozen):
    """How a page becomes the network's input. Part of the detector, so that a detector predicts the same everywhere."""

    width: int
    height: int
    """The frame, in pixels."""
    fill: int = PAPER
    """The shade of what the page leaves over."""
    channels: Literal["rgb"] = "rgb"
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    """Each channel becomes ``(value - mean) / std``; the figures are ImageNet's, which pretrained weights expect."""

    def placement(self, width: int, height: int) -> Placement:
        """Where a page of `width` by `height` pixels comes to lie in the frame."""
        scale = min(self.width / width, self.height / height)
        return Placement(width, height, max(1, round(width * scale)) / width, max(1, round(height * scale)) / height)

    def place(self, page: PageImage) -> tuple[PageImage, Placement]:
        """The page scaled into the frame (uint8, (height, width, 3)), and where it lies there."""
        placement = self.placement(page.shape[1], page.shape[0])
        width, height = round(placement.width * placement.scale_x), round(placement.height * placement.scale_y)
        # averaging over areas keeps thin outlines visible when shrinking, which sampling would lose
        method = cv2.INTER_AREA if placement.scale_x < 1 else cv2.INTER_LINEAR
        frame = np.full((self.height, self.width, 3), self.fill, np.uint8)
        frame[:height, :width] = cv2.resize(page, (width, height), interpolation=method)
        return frame, placement

    def normalize(self, frame: PageImage) -> NDArray[np.float32]:
        """The frame's values as the network expects them; shape unchanged, float32."""
        # channel by channel, in the order in which the network reads them: half the cost, and `prepare` need not copy
        planes = np.empty((3, *frame.shape[:2]), np.float32)
        for channel, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            np.subtract(frame[:, :, channel], np.float32(mean), out=planes[channel], dtype=np.float32)
            planes[channel] /= np.float32(std)
        return planes.transpose(1, 2, 0)

    def prepare(self, page: PageImage) -> tuple[NDArray[np.float32], Placement]:
        """The network's input for one page, float32 (3, height, width), and the way back for boxes."""
        frame, placement = self.place(page)
        return self.normalize(frame).transpose(2, 0, 1), placement
