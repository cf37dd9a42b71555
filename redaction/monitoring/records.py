"""The record of one page that the service processed: numbers only, no pixels and no text of the document."""

from __future__ import annotations

from redaction.pages.features import PageFeatures
from redaction.pages.geometry import Detections, covered_share


class PageRecord(PageFeatures):
    """Features of a page, and its detections at the detector's operating point."""

    boxes: float
    """Number of detections."""
    top_score: float
    """Highest score of any detection, even below the operating point; 0 if there is none."""
    mean_score: float
    """Mean score of the detections; 0 if there are none."""
    covered_share: float
    """Share of the page that is covered by detections."""
    latency_ms: float


def page_record(features: PageFeatures, detections: Detections, operating_point: float, latency_ms: float) -> PageRecord:
    """Compute the record of one page.

    Args:
        features: of the page image.
        detections: of any score, in pixels of that image.
        operating_point: the score from which a detection counts.
        latency_ms: time that the prediction took.
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
