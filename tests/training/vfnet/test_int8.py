"""An 8-bit export replaces the exact one only if it is as accurate."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from redaction.dataset import Dataset
from redaction.detection.artifact import OPENVINO, Detector
from redaction.detection.predictor import Predictor
from redaction.evaluation import EvaluatedPage, predict_pages
from redaction.pages.image import page_from_file
from redaction.training.vfnet import int8


@pytest.fixture
def exact(toy_detector: Detector, tmp_path: Path) -> Detector:
    return Detector.load(Path(shutil.copytree(toy_detector.folder, tmp_path / "detector")))


def predict(detector: Detector, dataset: Dataset) -> list[EvaluatedPage]:
    return list(predict_pages(Predictor(detector), ((page, page_from_file(dataset.image_path(page))) for page in dataset.pages)))


def test_it_finds_nearly_the_same_boxes_and_is_smaller(exact: Detector, toy_training: Dataset, tmp_path: Path) -> None:
    from redaction.detection.artifact import seal
    from redaction.training.vfnet.int8 import quantize

    pages = [page_from_file(toy_training.image_path(page)) for page in toy_training.pages[:12]]
    folder = Path(shutil.copytree(exact.folder, tmp_path / "quantized"))
    quantize(exact.path(OPENVINO), [exact.manifest.preprocessing.prepare(page)[0][None] for page in pages], folder)
    quantized = seal(folder, exact.manifest)
    weights = Path(OPENVINO).with_suffix(".bin").name
    assert quantized.path(weights).stat().st_size < 0.5 * exact.path(weights).stat().st_size
    for page in pages[:4]:
        one, other = (Predictor(detector).predict(page).at_least(0.8) for detector in (exact, quantized))
        assert len(one) == len(other) == 3
        order = [np.lexsort(found.xyxy.T) for found in (one, other)]
        assert np.abs(one.xyxy[order[0]] - other.xyxy[order[1]]).max(initial=0) < 4


@pytest.mark.parametrize(("allowed", "kept"), [(1.0, 1.0), (-1.0, 0.0)], ids=["any loss is allowed", "it must improve"])
def test_the_accuracy_gate_decides_which_export_is_kept(
    exact: Detector,
    toy_training: Dataset,
    toy_validation: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    allowed: float,
    kept: float,
) -> None:
    monkeypatch.setattr(int8, "MAX_AP_LOSS", allowed)
    evaluated, before = predict(exact, toy_validation), exact.path(OPENVINO).read_bytes()
    kept_evaluation, metrics = int8.quantize_if_accurate(
        exact, evaluated, toy_training, lambda other: predict(other, toy_validation)
    )
    assert metrics["int8"] == kept
    assert 0 < metrics["int8_ap"] <= metrics["int8_ap50"] <= 1
    assert (exact.path(OPENVINO).read_bytes() == before) == (not kept)
    assert (kept_evaluation is evaluated) == (not kept)
