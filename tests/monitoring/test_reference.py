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
from redaction.dataset import AnnotatedPage, Dataset, Split
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.lifecycle.versions import reference_file, store_reference
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.drift import judge_window
from redaction.monitoring.records import PageRecord
from redaction.monitoring.reference import ReferencePage, page_records, read_reference, write_reference
from redaction.pages.geometry import Detections, as_xyxy
from redaction.workspace import Workspace

Page = tuple[NDArray[np.uint8], Detections, float]


def page(bars: int, score: float) -> Page:
    image = np.full((440, 340, 3), 250, np.uint8)
    boxes = [(40, 40 + 60 * n, 240, 60 + 60 * n) for n in range(bars)]
    for x0, y0, x1, y1 in boxes:
        image[y0:y1, x0:x1] = 0
    return image, Detections(as_xyxy(boxes), np.full(bars, score, np.float32)), 80.0 + bars


def test_a_page_becomes_one_record() -> None:
    records = page_records([page(0, 0), page(3, 0.75), page(2, 0.25)], operating_point=0.5)
    assert list(records.columns) == list(ReferencePage.model_fields)
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
    records = page_records([page(n % 4, 0.1 * n) for n in range(10)], 0.5, ["a" * 64, "b" * 64] * 4)
    assert records["document"].isna().sum() == 2
    write_reference(tmp_path / "reference.jsonl", records)
    pd.testing.assert_frame_equal(read_reference(tmp_path / "reference.jsonl"), records, rtol=1e-9)


def test_a_reference_of_an_earlier_version_is_read_without_documents(tmp_path: Path) -> None:
    line = json.dumps(dict.fromkeys(PageRecord.model_fields, 0.5))
    (tmp_path / "reference.jsonl").write_text(f"{line}\n{line}\n")
    records = read_reference(tmp_path / "reference.jsonl")
    assert records["boxes"].tolist() == [0.5, 0.5]
    assert records["document"].tolist() == [None, None]


def test_an_empty_reference_keeps_its_columns(tmp_path: Path) -> None:
    write_reference(tmp_path / "reference.jsonl", page_records([], 0.5))
    assert list(read_reference(tmp_path / "reference.jsonl").columns) == list(ReferencePage.model_fields)


def test_a_missing_or_damaged_reference_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match="no reference window"):
        read_reference(tmp_path / "reference.jsonl")
    (tmp_path / "reference.jsonl").write_text('{"width": 1}\n')
    with pytest.raises(RedactionError, match="deploy again"):
        read_reference(tmp_path / "reference.jsonl")


def test_real_pages_are_stable_and_faulty_scans_are_drift(real_dev: Path) -> None:
    """69 real pages of 55 documents, every second one as the reference, with the annotations as detections."""
    pages = list(_real_pages(real_dev))
    documents = [entry["pdf"] for entry in json.loads((real_dev / "annotations.json").read_text())["images"]]
    config = MonitoringConfig(min_requests=30)
    reference, ordinary = page_records(pages[::2], 0.5, documents[::2]), page_records(pages[1::2], 0.5, documents[1::2])
    assert judge_window(reference, ordinary, config).judgement.verdict == Verdict.STABLE

    dark = [(cv2.convertScaleAbs(image, alpha=0.6), found, ms) for image, found, ms in pages[1::2]]
    assert "brightness" in judge_window(reference, page_records(dark, 0.5, documents[1::2]), config).judgement.drifted_columns
    blurs = [(cv2.GaussianBlur(image, (5, 5), 0), found, ms) for image, found, ms in pages[1::2]]
    blurred = page_records(blurs, 0.5, documents[1::2])
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


def test_the_reference_of_a_deployed_detector_knows_the_documents(workspace: Workspace, tmp_path: Path) -> None:
    image, _, _ = page(2, 0.9)
    cv2.imwrite(str(tmp_path / "page.png"), image)
    pages = tuple(
        AnnotatedPage(
            page=f"{document}/0000", document=document, image="page.png", sha256="0" * 64, width=340, height=440, split=Split.TEST
        )
        for document in ("a" * 64, "b" * 64, "a" * 64)
    )
    detector = starter_detector()
    store_reference(workspace, detector, Dataset(root=str(tmp_path), pages=pages))
    stored = read_reference(reference_file(workspace, detector.version))
    assert stored["document"].tolist() == ["a" * 64, "b" * 64, "a" * 64]
