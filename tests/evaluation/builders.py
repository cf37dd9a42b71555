"""Build evaluated pages by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from redaction.evaluation import EvaluatedPage
from redaction.pages.geometry import Detections, as_xyxy


def evaluated_page(
    truth: list[list[float]], found: list[tuple[list[float], float]], style: str = "black", **fields: Any
) -> EvaluatedPage:
    """A page with the boxes `truth`, and the detections `found` with their scores."""
    detections = Detections(as_xyxy([box for box, _ in found]), np.array([score for _, score in found], np.float32))
    return EvaluatedPage(style if truth else "no redaction", as_xyxy(truth), detections, **fields)
