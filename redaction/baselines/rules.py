"""A rule-based detector: filled and outlined rectangles, found by connected components and ruled lines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from redaction.baselines.fills import find_filled_boxes
from redaction.baselines.outlines import TABLE_SCORE, find_outlined_boxes
from redaction.baselines.scored_boxes import ScoredBox, suppress_duplicates
from redaction.detection import rectangles, regions
from redaction.files import sha256_of_bytes
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage

OPERATING_POINT = 0.5
"""Boxes that the rules accept as redactions score more, all others less."""

MIN_EMPTY_FILL_SCORE = 0.9
"""A fill without content scores at least this."""


class RuleBasedDetector:
    """The rules, with a detector's interface. Made for pages at 150 dpi; needs OpenCV and numpy only."""

    def predict(self, image: PageImage) -> Detections:
        """Every box that a rule scores, in pixels of `image` (RGB, uint8, (height, width, 3))."""
        gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        outlined, table = find_outlined_boxes(gray)
        filled = [_in_table(box) if _is_heading(box, table) else box for box in find_filled_boxes(image, gray)]
        return suppress_duplicates([*filled, *outlined, *table])


def _is_heading(box: ScoredBox, table: list[ScoredBox]) -> bool:
    """Whether a filled cell of a table holds writing, which makes it a heading; an empty fill is a redaction."""
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    inside = any(cell.x0 <= middle[0] <= cell.x1 and cell.y0 <= middle[1] <= cell.y1 for cell in table)
    return inside and box.score < MIN_EMPTY_FILL_SCORE


def _in_table(box: ScoredBox) -> ScoredBox:
    return box._replace(score=min(box.score, TABLE_SCORE))


def rules_digest() -> str:
    """Identify these rules by the SHA-256 of their code."""
    code = [*sorted(Path(__file__).parent.glob("*.py")), Path(rectangles.__file__), Path(regions.__file__)]
    return sha256_of_bytes(b"".join(path.read_bytes() for path in code))
