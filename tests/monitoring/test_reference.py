from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pypdfium2 as pdfium
import pytest
from numpy.typing import NDArray

from redaction.catalog.tables import Verdict
from redaction.errors import RedactionError
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.drift import judge_window
from redaction.monitoring.records import PageRecord
from redaction.monitoring.reference import page_records, read_reference, write_reference
from redaction.pages.geometry import Detections, as_xyxy

Page = tuple[NDArray[np.uint8], Detections, float]


def page(bars: int, score: float) -> Page:
    image = np.full((440, 340, 3), 250, np.uint8)
    boxes = [(40, 40 + 60 * n, 240, 60 + 60 * n) for n in range(bars)]
    for x0, y0, x1, y1 in boxes:
        image[y0:y1, x0:x1] = 0
    return image, Detections(as_xyxy(boxes), np.full(bars, score, np.float32)), 80.0 + bars


def test_a_page_becomes_one_record() -> None:
    records = page_records([page(0, 0), page(3, 0.75), page(2, 0.25)], operating_point=0.5)
    assert list(records.columns) == list(PageRecord.model_fields)
    assert records["boxes"].tolist() == [0, 3, 0], "detections below the operating point do not count"
    assert records["top_score"].tolist() == pytest.approx([0, 0.75, 0.25])
    assert records["covered_share"].tolist() == pytest.approx([0, 3 * 200 * 20 / (340 * 440), 0])
    assert records["latency_ms"].tolist() == [80, 83, 82]


def test_pages_are_consumed_one_at_a_time() -> None:
    alive: list[int] = []

    def pages() -> Iterator[Page]:
        for n in range(3):
            alive.append(n)
            yield page(n, 0.9)

    assert len(page_records(pages(), 0.5)) == len(alive) == 3


def test_a_reference_round_trips_through_its_file(tmp_path: Path) -> None:
    records = page_records([page(n % 4, 0.1 * n) for n in range(10)], 0.5)
    write_reference(tmp_path / "reference.jsonl", records)
    pd.testing.assert_frame_equal(read_reference(tmp_path / "reference.jsonl"), records, rtol=1e-9)


def test_an_empty_reference_keeps_its_columns(tmp_path: Path) -> None:
    write_reference(tmp_path / "reference.jsonl", page_records([], 0.5))
    assert list(read_reference(tmp_path / "reference.jsonl").columns) == list(PageRecord.model_fields)


def test_a_missing_or_damaged_reference_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match="no reference window"):
        read_reference(tmp_path / "reference.jsonl")
    (tmp_path / "reference.jsonl").write_text('{"width": 1}\n')
    with pytest.raises(RedactionError, match="deploy again"):
        read_reference(tmp_path / "reference.jsonl")


def test_real_pages_are_stable_and_faulty_scans_are_drift(real_dev: Path) -> None:
    """69 real pages of 55 documents, every second one as the reference, with the annotations as detections."""
    pages = list(_real_pages(real_dev))
    config = MonitoringConfig(min_requests=30, least_alike_pages=1)
    reference, ordinary = page_records(pages[::2], 0.5), page_records(pages[1::2], 0.5)
    assert judge_window(reference, ordinary, config).judgement.verdict == Verdict.STABLE

    dark = page_records([(cv2.convertScaleAbs(image, alpha=0.6), found, ms) for image, found, ms in pages[1::2]], 0.5)
    assert "brightness" in judge_window(reference, dark, config).judgement.drifted_columns
    blurred = page_records([(cv2.GaussianBlur(image, (5, 5), 0), found, ms) for image, found, ms in pages[1::2]], 0.5)
    assert "sharpness" in judge_window(reference, blurred, config).judgement.drifted_columns


def _real_pages(folder: Path) -> Iterator[Page]:
    coco = json.loads((folder / "annotations.json").read_text())
    for entry in coco["images"]:
        with pdfium.PdfDocument(folder / "pdfs" / entry["pdf"]) as pdf:
            sheet = pdf[entry["page_index"]]
            # half the size is faster, and the same for both windows
            rendered = sheet.render(scale=entry["width"] / sheet.get_width() / 2).to_numpy()[..., :3]
        boxes = [annotation["bbox"] for annotation in coco["annotations"] if annotation["image_id"] == entry["id"]]
        found = Detections(
            as_xyxy([(x / 2, y / 2, (x + w) / 2, (y + h) / 2) for x, y, w, h in boxes]), np.full(len(boxes), 0.9, np.float32)
        )
        yield cv2.cvtColor(np.ascontiguousarray(rendered), cv2.COLOR_BGR2RGB), found, 100.0
