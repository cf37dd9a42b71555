"""What the exported detector says, on each runtime, beside what PyTorch says; and odd pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from typer import Typer
from typer.testing import CliRunner

from redaction.detection.artifact import WEIGHTS, Detector, Postprocessing
from redaction.detection.predictor import Predictor, Runtime, detections_on_page
from redaction.detection.preprocessing import Placement
from redaction.pages.geometry import Detections, iou_matrix

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


def test_both_runtimes_say_the_same(predictors: dict[str, Predictor], toy_page: Callable[[int], Any]) -> None:
    for seed in range(5):
        page, _ = toy_page(500 + seed)
        found = [predictor.propose([page])[0] for predictor in predictors.values()]
        assert len(found[0].at_least(0.05)) > 0
        assert_same(found[0], found[1])
        assert_same(found[1], found[0])


def test_the_detector_says_what_icevision_says_of_its_weights(
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


def test_an_export_that_says_something_else_is_not_passed(toy_detector: Detector, toy_page: Callable[[int], Any]) -> None:
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
def test_whatever_the_page_boxes_lie_on_it(predictors: dict[str, Predictor], runtime: Runtime, page: np.ndarray) -> None:
    found = predictors[runtime].predict(page)
    height, width = page.shape[:2]
    assert (found.xyxy >= 0).all()
    assert (found.xyxy[:, [0, 2]] <= width).all()
    assert (found.xyxy[:, [1, 3]] <= height).all()
    assert ((found.scores >= 0.01) & (found.scores <= 1)).all()


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_several_pages_at_once_are_told_as_one_by_one(
    predictors: dict[str, Predictor], runtime: Runtime, toy_page: Callable[[int], Any]
) -> None:
    pages = [toy_page(seed)[0] for seed in (905, 906)] + [np.zeros((300, 900, 3), np.uint8)]
    together = predictors[runtime].predict_batch(pages)
    for page, found in zip(pages, together, strict=True):
        alone = predictors[runtime].predict(page)
        np.testing.assert_allclose(found.xyxy, alone.xyxy, atol=0.05)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-3)
    assert predictors[runtime].predict_batch([]) == []


@pytest.mark.parametrize("page", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32), np.zeros((0, 9, 3), np.uint8)])
def test_what_is_no_rgb_page_is_a_fault_of_the_caller(predictors: dict[str, Predictor], page: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a page has dtype uint8"):
        predictors["openvino"].predict(page)


def test_of_boxes_on_one_place_the_best_stays_and_all_is_cut_at_the_page() -> None:
    boxes = np.array([[10, 10, 50, 20], [11, 10, 50, 20], [90, 40, 140, 60], [105, 0, 120, 5], [0, 0, 9, 9]], np.float32)
    scores = np.array([0.7, 0.8, 0.6, 0.9, 0.001], np.float32)
    found = detections_on_page(boxes, scores, Placement(200, 100, 0.5, 0.5), Postprocessing())
    np.testing.assert_allclose(found.xyxy, [[22, 20, 100, 40], [180, 80, 200, 100]])
    np.testing.assert_allclose(found.scores, [0.8, 0.6])


def test_predicting_loads_no_training_stack_and_leaves_nothing_in_the_home_folder(toy_detector: Detector, tmp_path: Path) -> None:
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


class TestDetectCommand:
    """``redaction detect`` on a PDF and on an image."""

    @pytest.fixture
    def app(self) -> Typer:
        from redaction.cli.detector import detect

        app = Typer()
        app.command()(detect)
        return app

    def test_each_page_of_a_pdf_is_told_with_its_covered_share(
        self, app: Typer, toy_detector: Detector, toy_page: Callable[[int], Any], tmp_path: Path
    ) -> None:
        pages = [Image.fromarray(toy_page(seed)[0]) for seed in (901, 902)]
        pages[0].save(tmp_path / "letter.pdf", save_all=True, append_images=pages[1:], resolution=72)
        out = tmp_path / "found.json"
        arguments = [str(tmp_path / "letter.pdf"), "--detector", str(toy_detector.folder), "--json", str(out)]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        assert "(pages with any: 2 of 2)" in result.output
        told = json.loads(out.read_text())
        assert (told["detector"], told["digest"]) == (toy_detector.version, toy_detector.digest)
        for page, seed in zip(told["pages"], (901, 902), strict=True):
            assert 0 < page["covered_share"] < 0.5
            truth = np.array(toy_page(seed)[1], np.float32) * page["width"] / 340
            found = np.array([redaction["xyxy"] for redaction in page["redactions"]], np.float32)
            assert iou_matrix(truth, found).max() > 0.5

    def test_a_threshold_of_one_finds_nothing(
        self, app: Typer, toy_detector: Detector, toy_page: Callable[[int], Any], tmp_path: Path
    ) -> None:
        Image.fromarray(toy_page(903)[0]).save(tmp_path / "page.png")
        arguments = [str(tmp_path / "page.png"), "--detector", str(toy_detector.folder), "--threshold", "1"]
        assert ": 0 (pages with any: 0 of 1)" in CliRunner().invoke(app, arguments, catch_exceptions=False).output

    def test_a_damaged_pdf_is_one_sentence(self, app: Typer, toy_detector: Detector, tmp_path: Path) -> None:
        (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 nothing else")
        result = CliRunner().invoke(app, [str(tmp_path / "bad.pdf"), "--detector", str(toy_detector.folder)])
        assert "cannot be opened as a PDF" in str(result.exception)

    def test_a_page_that_cannot_be_rendered_costs_the_others_nothing(
        self, app: Typer, toy_detector: Detector, toy_page: Callable[[int], Any], tmp_path: Path
    ) -> None:
        good = tmp_path / "good.pdf"
        Image.fromarray(toy_page(904)[0]).save(good, resolution=72)
        document = pypdfium2.PdfDocument.new()
        document.new_page(612, 100_000)
        document.import_pages(pypdfium2.PdfDocument(good))
        document.save(tmp_path / "both.pdf")
        out = tmp_path / "found.json"
        result = CliRunner().invoke(
            app, [str(tmp_path / "both.pdf"), "--detector", str(toy_detector.folder), "--json", str(out)], catch_exceptions=False
        )
        assert result.exit_code == 1
        endless, page = json.loads(out.read_text())["pages"]
        assert "it is 612 x 100000 points" in endless["fault"]
        assert page["redactions"]

    def test_a_pdf_without_a_page_is_one_sentence(self, app: Typer, toy_detector: Detector, tmp_path: Path) -> None:
        pypdfium2.PdfDocument.new().save(tmp_path / "none.pdf")
        result = CliRunner().invoke(app, [str(tmp_path / "none.pdf"), "--detector", str(toy_detector.folder)])
        assert "has no page" in str(result.exception) or "cannot be opened" in str(result.exception)
