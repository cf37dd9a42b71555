"""Make the golden pages of a detector."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from redaction.detection.predictor import Predictor
from redaction.pages.geometry import Detections
from redaction.pages.image import page_from_file
from serving.local.golden import GoldenPage


def golden_pages(predictor: Predictor, images: Iterable[Path]) -> tuple[GoldenPage, ...]:
    """Run the detector on the page images, at its operating point."""
    lowest = predictor.detector.operating_point
    return tuple(
        GoldenPage(image=image, detections=_rows(predictor.predict(page_from_file(image)).at_least(lowest))) for image in images
    )


def _rows(detections: Detections) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, np.column_stack([detections.xyxy, detections.scores]).tolist()))
