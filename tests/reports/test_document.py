"""One schema for the findings of a page and of a document."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from redaction.pages.geometry import Detections
from redaction.reports.document import DocumentReport, PageFindings, PageReport, Redaction, page_findings

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "document-report.json"
DETECTIONS = Detections(np.array([[10, 20, 30.4, 40], [50, 60, 70, 80]], np.float32), np.array([0.95, 0.3], np.float32))
IMAGE = np.full((100, 200, 3), 255, np.uint8)


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """``make schemas`` publishes a change."""
    assert json.loads(SCHEMA.read_text()) == DocumentReport.model_json_schema()


def test_only_scores_from_the_threshold_on_count() -> None:
    findings = page_findings(IMAGE, DETECTIONS, 0.5)
    assert findings.redactions == (Redaction(x0=10, y0=20, x1=30.4, y1=40, score=0.95),)
    assert findings.covered_share == pytest.approx(20.4 * 20 / (200 * 100))


def test_numbers_are_the_shortest_decimals_that_equal_the_detector_s_float32() -> None:
    (box,) = page_findings(IMAGE, DETECTIONS, 0.5).redactions
    assert (str(box.x1), str(box.score)) == ("30.4", "0.95")
    assert np.float32(box.x1) == DETECTIONS.xyxy[0, 2]


def test_overlaps_count_once_in_the_covered_share() -> None:
    twice = Detections(np.array([[0, 0, 100, 100], [50, 0, 150, 100]], np.float32), np.array([0.9, 0.8], np.float32))
    assert page_findings(IMAGE, twice, 0.5).covered_share == pytest.approx(0.75)


def test_the_totals_of_a_document() -> None:
    empty = PageFindings(width=1, height=1, covered_share=0)
    pages = (
        PageReport(page=1, findings=page_findings(IMAGE, DETECTIONS, 0)),
        PageReport(page=2, findings=empty),
        PageReport(page=3, error="it is damaged"),
    )
    report = DocumentReport(file="a.pdf", detector="nano", digest="0", threshold=0, pages=pages)
    assert (report.redaction_count, report.redacted_pages, report.unread_pages) == (2, 1, 1)


def test_a_report_of_an_earlier_version_can_still_be_read() -> None:
    """It has no warnings."""
    earlier = {"file": "a.pdf", "detector": "nano", "digest": "0", "threshold": 0.3, "pages": [{"page": 1, "error": "no"}]}
    report = DocumentReport.model_validate(earlier)
    assert (report.warnings, report.pages[0].warnings) == ((), ())


def test_a_report_survives_json_and_refuses_unknown_keys() -> None:
    report = DocumentReport(file="a.pdf", detector="nano", digest="0", threshold=0.3, pages=(PageReport(page=1, error="no"),))
    assert DocumentReport.model_validate_json(report.model_dump_json()) == report
    with pytest.raises(ValidationError, match="boxes"):
        DocumentReport.model_validate({**report.model_dump(), "boxes": []})
