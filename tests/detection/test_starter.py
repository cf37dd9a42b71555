"""The detector that ships with the program: small enough, whole, and of use without any training."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from redaction.cli.starter import starter
from redaction.configuration import read_yaml
from redaction.dataset import Dataset
from redaction.detection.artifact import CARD, ONNX, OPENVINO, WEIGHTS, Detector
from redaction.detection.predictor import Predictor, load_openvino, to_page_detections
from redaction.detection.profiles import TrainingConfig
from redaction.detection.starter import STARTER_PROFILE, starter_detector
from redaction.errors import RedactionError
from redaction.evaluation import EvaluatedPage, average_precision
from redaction.evaluation.coco_pages import read_pages
from redaction.pages.geometry import iou_matrix
from redaction.pages.image import PageImage
from redaction.synthesis import SynthesisConfig
from redaction.training.starter_recipe import StarterConfig, load_or_synthesize


def letter(bars: list[tuple[int, int, int, int]], outlined: bool = False) -> PageImage:
    """A US Letter page at 150 dpi, 40 lines of writing, some of it behind bars."""
    page = np.full((1650, 1275, 3), 255, np.uint8)
    for line in range(40):
        text = "The committee received a copy of the report before the hearing in March."
        cv2.putText(page, text, (140, 150 + 34 * line), cv2.FONT_HERSHEY_COMPLEX_SMALL, 0.95, (0, 0, 0), 1, cv2.LINE_AA)
    for x0, y0, x1, y1 in bars:
        page[y0:y1, x0:x1] = 0
        if outlined:
            page[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] = 255
    return page


class TestTheShippedDetector:
    """`starter_detector()`, as it lies in the package."""

    def test_it_has_at_most_six_megabytes(self) -> None:
        files = [path.stat().st_size for path in starter_detector().folder.iterdir()]
        assert sum(files) <= 6_000_000

    def test_it_was_trained_on_synthetic_pages_only(self) -> None:
        provenance = starter_detector().manifest.provenance
        assert provenance.synthetic_pages == provenance.training_pages > 0
        assert provenance.data_revision is None

    @pytest.mark.parametrize("outlined", [False, True], ids=["black", "outlined"])
    def test_it_finds_plain_redactions_at_its_operating_point(self, outlined: bool) -> None:
        bars = [(140, 200, 700, 234), (300, 506, 520, 536), (140, 740, 1100, 910), (600, 1220, 1000, 1252)]
        detector = starter_detector()
        found = Predictor(detector).predict(letter(bars, outlined)).at_least(detector.operating_point)
        overlaps = iou_matrix(np.array(bars, np.float32), found.xyxy)
        assert (overlaps.max(axis=1, initial=0) > 0.5).all(), f"bars {bars}, found {found}"

    def test_the_one_for_onnx_runtime_is_the_same_detector(self) -> None:
        """The core has no OpenVINO, so its starter is an export of its own."""
        starter = starter_detector()
        other = Detector.load(starter.folder.with_name(f"{STARTER_PROFILE}-onnx"))
        same = {"version", "preprocessing", "postprocessing", "rescoring", "operating_point", "training", "provenance"}
        assert other.manifest.model_dump(include=same) == starter.manifest.model_dump(include=same)
        page = letter([(140, 200, 700, 234), (300, 506, 520, 536), (140, 740, 1100, 910), (600, 1220, 1000, 1252)])
        found, expected = (Predictor(detector).predict(page).at_least(starter.operating_point) for detector in (other, starter))
        assert Predictor(other).runtime == "onnxruntime"
        assert len(expected) == 4
        np.testing.assert_allclose(found.xyxy, expected.xyxy, atol=0.1)
        np.testing.assert_allclose(found.scores, expected.scores, atol=0.002)

    def test_it_is_the_one_for_onnx_runtime_where_openvino_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "openvino" else find_spec(name))
        assert set(starter_detector().manifest.files) == {CARD, ONNX}

    def test_it_finds_nothing_on_a_page_of_text(self) -> None:
        detector = starter_detector()
        assert not len(Predictor(detector).predict(letter([])).at_least(detector.operating_point))


PREDICT = """
import hashlib, sys
import os
import subprocess
import sys
from pathlib import Path
from redaction.detection.predictor import Predictor
from redaction.detection.starter import starter_detector
from redaction.evaluation.coco_pages import read_pages

predictor, digest = Predictor(starter_detector()), hashlib.sha256()
folder = Path(sys.argv[1])
for _, image in read_pages(folder / "annotations.json", pdfs=folder / "pdfs", images=None).images():
    found = predictor.predict(image)
    digest.update(found.xyxy.tobytes() + found.scores.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.skipif("avx2" not in Path("/proc/cpuinfo").read_text(), reason="the digest was computed with AVX2 instructions")
def test_the_predictions_on_real_pages_are_unchanged(real_dev: Path) -> None:
    """Refactoring must not change a bit. A change that is meant to: evaluate it, and record the new digest here.

    The instruction set is fixed, because it changes the last digits of what OpenVINO computes.
    """
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    command = [sys.executable, "-c", PREDICT, str(real_dev)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "b0fad0c22aba32f49067bb150958f98e99cc67bb6433321e918bbac5ed702e84"


def test_the_export_agrees_with_pytorch_on_real_pages(real_dev: Path) -> None:
    """With the same weights, on every sixth page: boxes before suppression, where near ties upset nothing, and AP after it."""
    import torch
    from safetensors.torch import load_file

    from redaction.training.vfnet.export import DecodedNetwork, compare_with_pytorch
    from redaction.training.vfnet.model import build_model

    detector = starter_detector()
    manifest, predictor = detector.manifest, Predictor(detector)
    model = build_model(manifest.profile).eval()
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(detector.path(WEIGHTS)).items()})
    network = DecodedNetwork(model, manifest.preprocessing).eval()
    batches, by_torch, by_export = [], [], []
    listed = read_pages(real_dev / "annotations.json", pdfs=real_dev / "pdfs")
    for page, image in listed.images(listed.pages[::6]):
        prepared, placement = manifest.preprocessing.prepare(image)
        batches.append(prepared[None])
        with torch.no_grad():
            boxes, scores = (output[0].numpy() for output in network(torch.from_numpy(prepared[None])))
        found = to_page_detections(boxes, scores, placement, manifest.postprocessing)
        by_torch.append(EvaluatedPage(page.style, page.truth, found))
        by_export.append(EvaluatedPage(page.style, page.truth, predictor.propose([image])[0]))
    box, score = compare_with_pytorch(network, load_openvino(str(detector.path(OPENVINO)), None), batches)
    assert box <= 0.5
    assert score <= 0.01
    assert average_precision(by_export) == pytest.approx(average_precision(by_torch), abs=0.002)


class TestSlim:
    """A training that keeps 16 bits of each weight, and one export."""

    @pytest.fixture(scope="class")
    def slim(
        self, toy_training: Dataset, toy_validation: Dataset, toy_config: TrainingConfig, trainings_folder: Path
    ) -> Detector:
        from redaction.training.vfnet.training import train

        config = toy_config.model_copy(update={"epochs": 2, "slim": True})
        return train(toy_training, toy_validation, config, trainings_folder)

    def test_it_is_half_the_size_and_has_one_export(self, slim: Detector, toy_detector: Detector) -> None:
        assert slim.path(WEIGHTS).stat().st_size < 0.55 * toy_detector.path(WEIGHTS).stat().st_size
        assert OPENVINO in slim.manifest.files
        assert ONNX not in slim.manifest.files

    def test_the_export_agrees_with_the_rounded_weights(self, slim: Detector) -> None:
        """The gate of the export compares the two; here is what it measured."""
        assert slim.manifest.metrics["parity_openvino_box_pixels"] < 0.25
        assert slim.manifest.metrics["parity_openvino_score"] < 0.001

    def test_a_missing_runtime_is_named(self, slim: Detector) -> None:
        assert Predictor(slim).runtime == "openvino"
        with pytest.raises(RedactionError, match=r"has no model\.onnx"):
            Predictor(slim, "onnxruntime")

    def test_a_training_can_start_from_it(self, slim: Detector, toy_config: TrainingConfig, tmp_path: Path) -> None:
        import torch

        from redaction.training.vfnet.pretrained import initial_model

        model = initial_model(toy_config.model_copy(update={"init": str(slim.folder)}), tmp_path)
        assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}


class TestStartingFromIt:
    """``init: starter``."""

    def test_the_network_has_its_weights(self, tmp_path: Path) -> None:
        import torch
        from safetensors.torch import load_file

        from redaction.training.vfnet.pretrained import initial_model

        model = initial_model(TrainingConfig(profile=STARTER_PROFILE, init="starter"), tmp_path).state_dict()
        weights = load_file(starter_detector().path(WEIGHTS))
        assert all(torch.equal(model[name], tensor.to(model[name].dtype)) for name, tensor in weights.items())

    def test_another_profile_is_refused(self, tmp_path: Path) -> None:
        from redaction.training.vfnet.pretrained import initial_model

        with pytest.raises(RedactionError, match="init: starter needs profile: nano, not small"):
            initial_model(TrainingConfig(profile="small", init="starter"), tmp_path)

    def test_other_initial_weights_give_another_training_id(
        self, toy_training: Dataset, toy_validation: Dataset, toy_config: TrainingConfig, tmp_path: Path
    ) -> None:
        from redaction.training.vfnet.training import training_id

        file = tmp_path / "weights.safetensors"
        config = toy_config.model_copy(update={"init": str(file)})
        names = set()
        for content in (b"one", b"other"):
            file.write_bytes(content)
            names.add(training_id(toy_training, toy_validation, config))
        assert len(names) == 2


class TestMakingIt:
    """`redaction starter`, which `make starter` calls."""

    def test_the_same_seed_for_both_sets_is_refused(self, tmp_path: Path) -> None:
        config = tmp_path / "starter.yaml"
        config.write_text("training_pages: {seed: 1}\nvalidation_pages: {seed: 1}\ntraining: {}\n")
        with pytest.raises(RedactionError, match="the same seed"):
            read_yaml(config, StarterConfig)

    def test_pages_are_made_once(self, tmp_path: Path) -> None:
        config = SynthesisConfig(pages=2, workers=1, long_side_px=400)
        other_workers = config.model_copy(update={"workers": 2})
        seen: list[tuple[str, int, int]] = []
        made = load_or_synthesize(config, tmp_path, "training pages", lambda *step: seen.append(step))
        again = load_or_synthesize(other_workers, tmp_path, "training pages", lambda *step: seen.append(step))
        assert made.digest == again.digest
        assert seen == [("training pages", 1, 2), ("training pages", 2, 2)]

    def test_the_command_trains_and_compares(self, tmp_path: Path) -> None:
        import typer

        config = tmp_path / "starter.yaml"
        config.write_text(
            "training_pages: {seed: 1, pages: 4, workers: 1, long_side_px: 400, share_without_redactions: 0}\n"
            "validation_pages: {seed: 2, pages: 3, workers: 1, long_side_px: 400, share_without_redactions: 0}\n"
            "training: {profile: nano, epochs: 1, width: 64, height: 96, slim: true}\n"
        )
        app = typer.Typer()
        app.command()(starter)
        result = CliRunner().invoke(app, ["--config", str(config), "--folder", str(tmp_path / "starter")])
        assert result.exit_code == 0, result.output
        assert "3 synthetic validation pages" in result.output
        assert "epoch 1 of 1" in result.output
        assert "new (" in result.output
        (small,) = (tmp_path / "starter" / "training").rglob("detector-onnx")
        assert set(Detector.load(small).manifest.files) == {CARD, ONNX}
        assert starter_detector().version in result.output
