"""A detector that learns nothing: filled and outlined rectangles, by connected components and ruled lines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from redaction.baselines.fills import filled_marks
from redaction.baselines.marks import best_of
from redaction.baselines.outlines import outlined_marks
from redaction.detector.preprocessing import Page
from redaction.files import sha256_of_bytes
from redaction.geometry import Detections

OPERATING_POINT = 0.5
"""What a rule holds for a redaction scores more, what it holds for something else less."""


class RuleBasedDetector:
    """The rules, in the shape of a detector. Made for pages at 150 dpi; OpenCV and numpy only."""

    def predict(self, image: Page) -> Detections:
        """Every box that a rule has an opinion on, in pixels of `image` (RGB, uint8, (height, width, 3))."""
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        return best_of([*filled_marks(image, grey), *outlined_marks(grey)])


def rules_digest() -> str:
    """Identifies these rules: SHA-256 of their code."""
    return sha256_of_bytes(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
