"""A detector that learns nothing: filled and outlined rectangles, by connected components and ruled lines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from redaction.baselines.fills import filled_marks
from redaction.baselines.marks import Mark, best_of
from redaction.baselines.outlines import IN_TABLE, outlined_marks
from redaction.detection import rectangles
from redaction.files import sha256_of_bytes
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage

OPERATING_POINT = 0.5
"""What a rule holds for a redaction scores more, what it holds for something else less."""


PURE = 0.9
"""A fill with nothing in it scores more."""


class RuleBasedDetector:
    """The rules, in the shape of a detector. Made for pages at 150 dpi; OpenCV and numpy only."""

    def predict(self, image: PageImage) -> Detections:
        """Every box that a rule has an opinion on, in pixels of `image` (RGB, uint8, (height, width, 3))."""
        gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        outlined, table = outlined_marks(gray)
        filled = [_in_table(mark) if _is_heading(mark, table) else mark for mark in filled_marks(image, gray)]
        return best_of([*filled, *outlined, *table])


def _is_heading(mark: Mark, table: list[Mark]) -> bool:
    """Whether something is written in a filled cell of a table, so that it is a heading; a pure one is a redaction."""
    middle = ((mark.x0 + mark.x1) / 2, (mark.y0 + mark.y1) / 2)
    inside = any(cell.x0 <= middle[0] <= cell.x1 and cell.y0 <= middle[1] <= cell.y1 for cell in table)
    return inside and mark.score < PURE


def _in_table(mark: Mark) -> Mark:
    return mark._replace(score=min(mark.score, IN_TABLE))


def rules_digest() -> str:
    """Identifies these rules: SHA-256 of their code."""
    code = [*sorted(Path(__file__).parent.glob("*.py")), Path(rectangles.__file__)]
    return sha256_of_bytes(b"".join(path.read_bytes() for path in code))
