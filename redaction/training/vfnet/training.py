"""Training a detector on annotated pages."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastai.callback.progress import ProgressCallback
from fastai.callback.training import GradientClip
from fastai.torch_core import no_random
from icevision.models.mmdet import vfnet
from torch import nn

from redaction.dataset import Dataset
from redaction.detection.artifact import Detector
from redaction.detection.profiles import TrainingConfig
from redaction.errors import RedactionError
from redaction.files import new_folder, sha256_of_file
from redaction.tracking import NoTracker, Tracker
from redaction.training.vfnet.build import build_detector, library_versions
from redaction.training.vfnet.callbacks import (
    EpochMetrics,
    KeepEvalMode,
    ProgressReporter,
    SaveEachEpoch,
    SeedEachEpoch,
    ValidationMetric,
    load_torch,
    resume,
)
from redaction.training.vfnet.data import data_loaders
from redaction.training.vfnet.pretrained import initial_model, initial_weights_digest

MAX_GRADIENT_NORM = 3.0
WARMUP_SHARE = 0.1
"""Share of the steps in which the learning rate rises."""
CODE = Path(__file__).parent.parent
"""The code that determines a training's result; see `training_id`."""


def train(train: Dataset, validation: Dataset, config: TrainingConfig, folder: Path, tracker: Tracker | None = None) -> Detector:
    """Train a detector, export it, verify the export, and choose the operating point on the validation pages.

    The resume state is kept in a folder of its own below `folder`, named by `training_id`. After an interruption, the same call
    continues after the last complete epoch and returns the same detector as an uninterrupted training. After the training has
    finished, it returns that detector at once. `redaction.training.history` reads the metrics of its epochs from the same folder.

    Raises:
        RedactionError: the training or the validation pages have no redaction, the initial weights do not fit, the training
            diverged, or an export differs from PyTorch.
    """
    _check_has_redactions(train, "training")
    _check_has_redactions(validation, "validation")
    training_folder = folder / training_id(train, validation, config)
    finished = training_folder / "detector"
    if finished.exists():
        return Detector.load(finished)
    model, history = fit(train, validation, config, training_folder, tracker or NoTracker())
    with new_folder(finished) as unfinished:
        _, examples = build_detector(model, history, train, validation, config, unfinished)
    for state in training_folder.glob("*.pt"):
        state.unlink()
    if tracker:
        tracker.log_pages(examples)
    return Detector.load(finished)


def training_id(train: Dataset, validation: Dataset, config: TrainingConfig) -> str:
    """Identifies a training by everything that determines its result: config, initial weights, pages, boxes, code, libraries."""
    code = sorted(f"{path.name} {sha256_of_file(path)}" for path in CODE.rglob("*.py"))
    libraries = [f"{name} {version}" for name, version in library_versions().items()]
    start = initial_weights_digest(config)
    parts = (config.model_dump_json(exclude={"workers"}), start, train.digest, validation.digest, *code, *libraries)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _check_has_redactions(dataset: Dataset, name: str) -> None:
    if not any(page.boxes for page in dataset.pages):
        raise RedactionError(
            f"none of the {len(dataset.pages)} {name} pages has a redaction; annotate pages of more documents, then train again."
        )


def fit(
    train: Dataset, validation: Dataset, config: TrainingConfig, folder: Path, tracker: Tracker
) -> tuple[nn.Module, list[EpochMetrics]]:
    """Run the epochs that are not finished yet.

    Args:
        folder: for this training's resume state.

    Returns:
        The network with the weights of the best epoch, and the metrics of all epochs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state_file, best_file = folder / "state.pt", folder / "best.pt"
    metric = ValidationMetric()
    learn = vfnet.fastai.learner(
        dls=data_loaders(train, validation, config.preprocessing, config.batch_size, config.workers),
        model=initial_model(config, folder.parent / "downloads"),
        metrics=[metric],
        cbs=[KeepEvalMode(), SeedEachEpoch(config.seed), GradientClip(MAX_GRADIENT_NORM)],
    )
    learn.unfreeze()  # IceVision's learner freezes everything but the head
    learn.remove_cb(ProgressCallback)
    learn.logger = lambda *_: None
    learn.create_opt()
    history = resume(learn, state_file)
    learn.add_cbs([SaveEachEpoch(state_file, best_file, metric, history, tracker), ProgressReporter(history)])
    if len(history) < config.epochs:
        with no_random(config.seed, reproducible=False):  # restores the process's random state afterwards
            learn.fit_one_cycle(config.epochs, config.learning_rate, pct_start=WARMUP_SHARE, start_epoch=len(history))
    model: nn.Module = learn.model.model
    model.cpu().load_state_dict(load_torch(best_file)["model"])
    return model.eval(), history
