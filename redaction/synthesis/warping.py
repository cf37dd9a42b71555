"""Skew and slight shrinking of a page: the one kind of wear that moves pixels, and the boxes with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.dataset import Box
from redaction.pages.image import PageImage
from redaction.synthesis.sheet import Paragraph, Rgb


@dataclass(frozen=True)
class Warp:
    """A projective map from a page's pixels to a page of the same size."""

    matrix: NDArray[np.float64]
    """Shape (3, 3), in this project's coordinates: pixel (0, 0) covers the square from (0, 0) to (1, 1)."""
    background: Rgb
    """Color of the area that the page no longer covers."""

    def warp_image(self, image: PageImage) -> PageImage:
        """Warp the page image."""
        # OpenCV puts pixel centers at whole numbers, this project half a pixel further
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        matrix = np.linalg.inv(half) @ self.matrix @ half
        size = (image.shape[1], image.shape[0])
        moved = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=self.background)
        return np.ascontiguousarray(moved, np.uint8)

    def warp_points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Warp points of shape (n, 2)."""
        mapped = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)

    def warp_box(self, box: Box, points: tuple[tuple[float, float], ...]) -> Box:
        """The box with the bounds of its warped outline `points`."""
        moved = self.warp_points(np.asarray(points, np.float64))
        (x0, y0), (x1, y1) = moved.min(axis=0).tolist(), moved.max(axis=0).tolist()
        return box.model_copy(update={"x0": x0, "y0": y0, "x1": x1, "y1": y1})

    def warp_paragraphs(self, paragraphs: list[Paragraph]) -> list[Paragraph]:
        """Move word boxes by their centers; words are small enough to keep their size."""
        return [[[self._warp_word(word) for word in line] for line in paragraph] for paragraph in paragraphs]

    def _warp_word(self, word: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = word
        ((x, y),) = self.warp_points(np.array([[(x0 + x1) / 2, (y0 + y1) / 2]])).tolist()
        return (x - (x1 - x0) / 2, y - (y1 - y0) / 2, x + (x1 - x0) / 2, y + (y1 - y0) / 2)


def draw_warp(rng: Random, width: int, height: int, degrees: float, paper: Rgb) -> Warp:
    """Draw a warp: a rotation of at most about `degrees`, a slight change of scale, occasionally some perspective."""
    turn = math.radians(rng.triangular(-degrees, degrees, 0))
    scale = rng.choice([1.0, 1.0, rng.uniform(0.94, 1.0)])
    center = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    turned = np.array(
        [[math.cos(turn) * scale, -math.sin(turn) * scale, 0], [math.sin(turn) * scale, math.cos(turn) * scale, 0], [0, 0, 1]]
    )
    if rng.random() < 0.2:
        turned[2, :2] = rng.uniform(-1, 1) * 0.008 / width, rng.uniform(-1, 1) * 0.008 / height
    background = rng.choice([paper, paper, paper, (255, 255, 255), (0, 0, 0), (rng.randint(60, 190),) * 3])
    return Warp(np.linalg.inv(center) @ turned @ center, background)
