"""A real training on toy pages: it learns, resumes after a kill with the same result, and refuses unusable input."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from redaction.dataset import AnnotatedPage, Dataset
from redaction.detection.artifact import WEIGHTS, Detector
from redaction.detection.predictor import Predictor
from redaction.detection.profiles import PROFILES, TrainingConfig
from redaction.errors import RedactionError
from redaction.pages.geometry import iou_matrix
from redaction.pages.image import page_from_file
from redaction.training.history import read_history

REPOSITORY = Path(__file__).parents[3]
SHORT = TrainingConfig(epochs=3, batch_size=2, learning_rate=1e-3, width=64, height=96)


@pytest.fixture(autouse=True, scope="module")
def prepared_icevision() -> None:
    """Lets each test run alone: without this import, IceVision downloads a font when it is imported."""
    import redaction.training.vfnet  # noqa: F401


def test_a_plain_black_bar_on_a_new_page_is_found(toy_detector: Detector, toy_page: Callable[[int], Any]) -> None:
    page, boxes = toy_page(77)
    found = Predictor(toy_detector).predict(page).at_least(toy_detector.operating_point)
    best = iou_matrix(np.array(boxes, np.float32), found.xyxy).max(axis=1, initial=0)
    assert (best > 0.5).sum() >= len(boxes) - 1, f"bars {boxes}, found {found}"


def test_the_manifest_has_the_metrics_on_the_validation_pages(toy_detector: Detector) -> None:
    assert toy_detector.manifest.metrics["ap50"] > 0.5
    assert toy_detector.manifest.operating_point.f1 > 0.5
    assert 0 < toy_detector.operating_point < 1


def test_a_finished_training_is_not_repeated(
    toy_detector: Detector, toy_training: Dataset, toy_validation: Dataset, toy_config: TrainingConfig, trainings_folder: Path
) -> None:
    from redaction.training.vfnet.training import train

    started = time.monotonic()
    assert train(toy_training, toy_validation, toy_config, trainings_folder).digest == toy_detector.digest
    assert time.monotonic() - started < 5


def test_seed_and_pages_change_the_training_id_and_workers_do_not(
    toy_training: Dataset, toy_validation: Dataset, toy_config: TrainingConfig
) -> None:
    from redaction.training.vfnet.training import training_id

    other = toy_config.model_copy(update={"seed": 1})
    names = {training_id(toy_training, toy_validation, config) for config in (toy_config, other)}
    names.add(training_id(toy_validation, toy_training, toy_config))
    assert len(names) == 3
    names.add(training_id(toy_training, toy_validation, toy_config.model_copy(update={"workers": 2})))
    assert len(names) == 3, "the number of workers changed the id"


FIT = """
import sys
from pathlib import Path
from redaction.dataset import Dataset
from redaction.detection.profiles import TrainingConfig
from redaction.training.vfnet.training import fit
from redaction.tracking import NoTracker
train, validation, config, folder = sys.argv[1:]
fit(Dataset.model_validate_json(train), Dataset.model_validate_json(validation),
    TrainingConfig.model_validate_json(config), Path(folder), NoTracker())
"""


def test_a_killed_training_resumes_and_ends_with_the_same_weights(
    toy_training: Dataset, toy_validation: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import torch

    from redaction.tracking import NoTracker
    from redaction.training.vfnet.training import fit

    training = toy_training.model_copy(update={"pages": toy_training.pages[:8]})
    validation = toy_validation.model_copy(update={"pages": toy_validation.pages[:2]})
    uninterrupted, history = fit(training, validation, SHORT, tmp_path / "uninterrupted", NoTracker())

    killed = tmp_path / "killed"
    arguments = (training.model_dump_json(), validation.model_dump_json(), SHORT.model_dump_json(), str(killed))
    process = subprocess.Popen([sys.executable, "-c", FIT, *arguments], cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": "."})
    while not (killed / "state.pt").exists():
        assert process.poll() is None, "the training ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    caplog.clear()  # the uninterrupted training is in the log if another test lowered the level of the root logger
    with caplog.at_level(logging.INFO):
        resumed, history_of_resumed = fit(training, validation, SHORT, killed, NoTracker())
    assert "epoch 1 of 3" not in caplog.text, "the first epoch was run twice"
    assert "epoch 3 of 3" in caplog.text
    written = read_history(killed).epochs
    assert [epoch.model_dump() for epoch in written] == history_of_resumed, "the page of a run reads them"
    assert [epoch["train_loss"] for epoch in history_of_resumed] == pytest.approx([epoch["train_loss"] for epoch in history])
    for name, tensor in uninterrupted.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, rtol=1e-4, atol=1e-5, msg=name)


def test_validation_does_not_change_the_network(toy_validation: Dataset, tmp_path: Path) -> None:
    """IceVision leaves the network in training mode after a validation batch, which must not change its running statistics."""
    import torch
    from icevision.models.mmdet import vfnet

    from redaction.training.vfnet.callbacks import KeepEvalMode, ValidationMetric
    from redaction.training.vfnet.data import data_loaders
    from redaction.training.vfnet.pretrained import initial_model

    loaders = data_loaders(toy_validation, toy_validation, SHORT.preprocessing, batch_size=2, workers=0)
    model = initial_model(SHORT, tmp_path)
    learn = vfnet.fastai.learner(dls=loaders, model=model, metrics=[ValidationMetric()], cbs=[KeepEvalMode()])
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with learn.no_bar(), learn.no_logging():
        loss = learn.validate()[0]
    assert np.isfinite(loss)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_training_pages_are_prepared_like_served_pages(toy_validation: Dataset) -> None:
    from icevision.models.mmdet import vfnet

    from redaction.training.vfnet.data import records

    (batch, _) = vfnet.build_valid_batch([records(toy_validation, SHORT.preprocessing, augment=False)[0]])
    page = toy_validation.pages[0]
    prepared, placement = SHORT.preprocessing.prepare(page_from_file(toy_validation.image_path(page)))
    np.testing.assert_array_equal(batch["img"][0].numpy(), prepared)
    np.testing.assert_allclose(batch["gt_bboxes"][0].numpy(), placement.to_input(page.xyxy), atol=1e-3)


def test_augmentation_moves_boxes_with_their_bars_and_fills_with_paper(toy_training: Dataset) -> None:
    from icevision.models.mmdet import vfnet

    from redaction.training.vfnet.data import records

    config = SHORT.model_copy(update={"width": 320, "height": 448})
    augmented = records(toy_training, config.preprocessing, augment=True)
    mean, std = (np.array(values)[:, None, None] for values in (config.preprocessing.mean, config.preprocessing.std))
    for index in range(12):
        (batch, _) = vfnet.build_train_batch([augmented[index]])
        image = (batch["img"][0].numpy() * std + mean).mean(axis=0)
        dark_outside = image < 40
        for x0, y0, x1, y1 in batch["gt_bboxes"][0].numpy().round().astype(int).tolist():
            assert np.median(image[y0:y1, x0:x1]) < 70, "no bar inside its box"
            dark_outside[max(0, y0 - 3) : y1 + 3, max(0, x0 - 3) : x1 + 3] = False
        assert dark_outside.mean() < 0.01, "black pixels outside the bars"


PRINT_BATCHES = """
import sys
from pathlib import Path
import redaction.training.vfnet
from fastai.callback.core import Callback
from icevision.models.mmdet import vfnet
from redaction.dataset import Dataset
from redaction.detection.profiles import TrainingConfig
from redaction.training.vfnet.callbacks import SeedEachEpoch
from redaction.training.vfnet.data import data_loaders
from redaction.training.vfnet.pretrained import initial_model
from redaction.files import sha256_of_bytes
pages, config = Dataset.model_validate_json(sys.argv[1]), TrainingConfig.model_validate_json(sys.argv[2])
class PrintDigest(Callback):
    def before_batch(self):
        if self.training:
            print("batch", self.epoch, sha256_of_bytes(self.xb[0]["img"].numpy().tobytes()))
loaders = data_loaders(pages, pages, config.preprocessing, config.batch_size, config.workers)
learn = vfnet.fastai.learner(dls=loaders, model=initial_model(config, Path()), cbs=[SeedEachEpoch(seed=3), PrintDigest()])
with learn.no_bar(), learn.no_logging():
    learn.fit(2, lr=0)
"""


def batches_with(workers: int, pages: Dataset) -> list[str]:
    """Digests of all batches of two epochs, read in a separate process because the workers are forked from it."""
    arguments = (pages.model_dump_json(), SHORT.model_copy(update={"workers": workers}).model_dump_json())
    command = [sys.executable, "-c", PRINT_BATCHES, *arguments]
    environment = os.environ | {"PYTHONPATH": "."}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=300)
    return [line for line in done.stdout.splitlines() if line.startswith("batch")]


def test_the_number_of_workers_does_not_change_the_batches(toy_training: Dataset) -> None:
    """`training_id` ignores `workers`, so the result must not depend on it. The augmentation differs between epochs."""
    pages = toy_training.model_copy(update={"pages": toy_training.pages[:6]})
    without, two = batches_with(0, pages), batches_with(2, pages)
    assert without == two
    assert len({line.split()[2] for line in without}) == 6, "the batches of two epochs with three batches each must all differ"


def without_boxes(dataset: Dataset) -> Dataset:
    bare: Callable[[AnnotatedPage], AnnotatedPage] = lambda page: page.model_copy(update={"boxes": ()})  # noqa: E731
    return dataset.model_copy(update={"pages": tuple(map(bare, dataset.pages))})


def test_training_or_validation_pages_without_redactions_are_refused(toy_training: Dataset, tmp_path: Path) -> None:
    from redaction.training.vfnet.training import train

    with pytest.raises(RedactionError, match="none of the 30 training pages has a redaction"):
        train(without_boxes(toy_training), toy_training, SHORT, tmp_path)
    with pytest.raises(RedactionError, match="none of the 0 validation pages"):
        train(toy_training, toy_training.model_copy(update={"pages": ()}), SHORT, tmp_path)


def test_an_image_with_another_size_than_annotated_is_refused(toy_training: Dataset) -> None:
    from redaction.training.vfnet.data import records

    page = toy_training.pages[0].model_copy(update={"width": 999})
    with pytest.raises(RedactionError, match="was annotated at 999 x 440"):
        records(toy_training.model_copy(update={"pages": (page,)}), SHORT.preprocessing, augment=False)[0]


class TestInitialWeights:
    """The weights that a training starts from."""

    def test_a_detector_folder_provides_the_weights(
        self, toy_detector: Detector, toy_config: TrainingConfig, tmp_path: Path
    ) -> None:
        import torch
        from safetensors.torch import load_file

        from redaction.training.vfnet.pretrained import initial_model

        config = toy_config.model_copy(update={"init": str(toy_detector.folder)})
        weights = load_file(toy_detector.path(WEIGHTS))
        model = initial_model(config, tmp_path).state_dict()
        assert all(torch.equal(model[name], tensor) for name, tensor in weights.items())

    def test_weights_of_another_profile_are_refused(self, toy_detector: Detector, tmp_path: Path) -> None:
        from redaction.training.vfnet.pretrained import initial_model

        with pytest.raises(RedactionError, match="fit the profile small"):
            initial_model(TrainingConfig(profile="small", init=str(toy_detector.folder)), tmp_path)

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            (TrainingConfig(init="coco"), "needs profile: base"),
            (TrainingConfig(init="weights.pth"), "weights.pth does not exist"),
            (TrainingConfig(init=__file__), "not a .safetensors file"),
        ],
    )
    def test_unusable_weights_are_refused_with_the_reason(self, config: TrainingConfig, message: str, tmp_path: Path) -> None:
        from redaction.training.vfnet.pretrained import initial_model

        with pytest.raises(RedactionError, match=message):
            initial_model(config, tmp_path)


def test_nano_has_about_a_million_parameters() -> None:
    from redaction.training.vfnet.model import build_model

    assert 0.9e6 < sum(parameter.numel() for parameter in build_model(PROFILES["nano"]).parameters()) < 1.2e6
