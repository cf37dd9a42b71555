"""What is recorded of one page that went through the service: numbers only, no pixel and no word of the document."""

from __future__ import annotations

from redaction.pages.features import PageFeatures
from redaction.pages.geometry import Detections, covered_share


class PageRecord(PageFeatures):
    """One page as the service saw it and what the detector said, at its operating point."""

    boxes: float
    """Number of detections."""
    top_score: float
    """Highest score of any detection, also below the operating point; 0 when there is none."""
    mean_score: float
    """Mean score of the detections; 0 when there is none."""
    covered_share: float
    """Share of the page under at least one detection."""
    latency_ms: float


def page_record(features: PageFeatures, detections: Detections, operating_point: float, latency_ms: float) -> PageRecord:
    """The record of one page.

    Args:
        features: of the page image.
        detections: everything the detector said, in pixels of that image.
        operating_point: the score from which a detection counts.
        latency_ms: time the detector took, in milliseconds.
    """
    found = detections.at_least(operating_point)
    return PageRecord(
        **features.model_dump(),
        boxes=len(found),
        top_score=float(detections.scores.max(initial=0.0)),
        mean_score=float(found.scores.mean()) if len(found) else 0.0,
        covered_share=covered_share(found.xyxy, features.width, features.height),
        latency_ms=latency_ms,
    )
