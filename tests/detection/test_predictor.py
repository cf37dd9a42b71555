"""What the exported detector says, on each runtime, beside what PyTorch says; and odd pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from redaction.detection.artifact import WEIGHTS, Detector, Postprocessing
from redaction.detection.predictor import Predictor, Runtime, to_page_detections
from redaction.detection.preprocessing import Placement
from redaction.pages.geometry import Detections

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def predictors(toy_detector: Detector) -> dict[str, Predictor]:
    return {runtime: Predictor(toy_detector, runtime, threads=1) for runtime in ("openvino", "onnxruntime")}


def assert_same(one: Detections, other: Detections) -> None:
    """The same boxes within half a pixel of the frame, scores within 0.01, down to a score of 0.05."""
    one, other = one.at_least(0.05), other.at_least(0.04)
    nearest = np.abs(one.xyxy[:, None] - other.xyxy[None]).max(axis=2)
    partner = nearest.argmin(axis=1)
    assert (nearest[np.arange(len(one)), partner] <= 1.5).all()  # a pixel of the frame is two to three of the page
    assert (np.abs(one.scores - other.scores[partner]) <= 0.01).all()


def test_both_runtimes_agree(predictors: dict[str, Predictor], toy_page: Callable[[int], Any]) -> None:
    for seed in range(5):
        page, _ = toy_page(500 + seed)
        found = [predictor.propose([page])[0] for predictor in predictors.values()]
        assert len(found[0].at_least(0.05)) > 0
        assert_same(found[0], found[1])
        assert_same(found[1], found[0])


def test_the_export_agrees_with_icevision(
    predictors: dict[str, Predictor], toy_detector: Detector, toy_page: Callable[[int], Any]
) -> None:
    """IceVision's own prediction, decoding and suppression of mmdet included, from the weights in the folder."""
    import torch
    from safetensors.torch import load_file

    from redaction.training.vfnet.model import build_model

    model = build_model(toy_detector.manifest.profile).eval()
    model.load_state_dict(load_file(toy_detector.path(WEIGHTS)))
    settings = toy_detector.manifest.postprocessing
    model.bbox_head.test_cfg.nms.iou_threshold = settings.nms_iou
    page, _ = toy_page(900)
    prepared, placement = toy_detector.manifest.preprocessing.prepare(page)
    meta = {"img_shape": (*prepared.shape[1:], 3), "pad_shape": (*prepared.shape[1:], 3), "scale_factor": np.ones(4, np.float32)}
    with torch.no_grad():
        ((rows,),) = model.simple_test(torch.from_numpy(prepared[None]), [meta])
    reference = Detections(placement.to_page(rows[:, :4]), rows[:, 4])
    assert_same(predictors["openvino"].propose([page])[0], reference)


def test_an_export_that_differs_is_refused(toy_detector: Detector, toy_page: Callable[[int], Any]) -> None:
    import torch
    from safetensors.torch import load_file

    from redaction.training.vfnet.export import DecodedNetwork, compare_with_pytorch
    from redaction.training.vfnet.model import build_model

    model = build_model(toy_detector.manifest.profile).eval()
    model.load_state_dict(load_file(toy_detector.path(WEIGHTS)))
    network = DecodedNetwork(model, toy_detector.manifest.preprocessing).eval()
    batch = toy_detector.manifest.preprocessing.prepare(toy_page(900)[0])[0][None]

    def shifted(pages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            boxes, scores = network(torch.from_numpy(pages))
        return boxes.numpy() + 2, scores.numpy() * 0.5

    box, score = compare_with_pytorch(network, shifted, [batch])
    assert box == pytest.approx(2, abs=1e-3)
    assert score > 0


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(
    "page",
    [
        np.zeros((1650, 1275, 3), np.uint8),
        np.full((1650, 1275, 3), 255, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.full((1, 5000, 3), 90, np.uint8),
        np.full((6000, 4200, 3), 200, np.uint8),
    ],
    ids=["all black", "all white", "one pixel", "one line", "huge"],
)
def test_boxes_lie_on_the_page(predictors: dict[str, Predictor], runtime: Runtime, page: np.ndarray) -> None:
    found = predictors[runtime].predict(page)
    height, width = page.shape[:2]
    assert (found.xyxy >= 0).all()
    assert (found.xyxy[:, [0, 2]] <= width).all()
    assert (found.xyxy[:, [1, 3]] <= height).all()
    assert ((found.scores >= 0.01) & (found.scores <= 1)).all()


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_batch_equals_single_pages(predictors: dict[str, Predictor], runtime: Runtime, toy_page: Callable[[int], Any]) -> None:
    pages = [toy_page(seed)[0] for seed in (905, 906)] + [np.zeros((300, 900, 3), np.uint8)]
    together = predictors[runtime].predict_batch(pages)
    for page, found in zip(pages, together, strict=True):
        alone = predictors[runtime].predict(page)
        np.testing.assert_allclose(found.xyxy, alone.xyxy, atol=0.05)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-3)
    assert predictors[runtime].predict_batch([]) == []


@pytest.mark.parametrize("page", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32), np.zeros((0, 9, 3), np.uint8)])
def test_an_array_that_is_not_an_rgb_page_is_a_value_error(predictors: dict[str, Predictor], page: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a page has dtype uint8"):
        predictors["openvino"].predict(page)


def test_overlapping_boxes_are_suppressed_and_clipped_to_the_page() -> None:
    boxes = np.array([[10, 10, 50, 20], [11, 10, 50, 20], [90, 40, 140, 60], [105, 0, 120, 5], [0, 0, 9, 9]], np.float32)
    scores = np.array([0.7, 0.8, 0.6, 0.9, 0.001], np.float32)
    found = to_page_detections(boxes, scores, Placement(200, 100, 0.5, 0.5), Postprocessing())
    np.testing.assert_allclose(found.xyxy, [[22, 20, 100, 40], [180, 80, 200, 100]])
    np.testing.assert_allclose(found.scores, [0.8, 0.6])


def test_prediction_loads_no_training_stack_and_writes_nothing_to_the_home_folder(toy_detector: Detector, tmp_path: Path) -> None:
    code = """
import sys, numpy as np
from pathlib import Path
from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
detector = Detector.load(Path(sys.argv[1]))
for runtime in ("openvino", "onnxruntime"):
    Predictor(detector, runtime).predict(np.zeros((20, 20, 3), np.uint8))
print(*sorted({"torch", "icevision", "zenml", "mmdet", "fastai", "openvino_telemetry.main"} & set(sys.modules)))
"""
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", code, str(toy_detector.folder)]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    assert list(tmp_path.iterdir()) == []
