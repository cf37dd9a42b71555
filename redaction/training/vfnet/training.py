"""From annotated pages to a detector."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fastai.callback.progress import ProgressCallback
from fastai.callback.training import GradientClip
from fastai.torch_core import no_random
from icevision.models.mmdet import vfnet
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from redaction.contact_sheet import SheetPage, contact_sheet_png
from redaction.dataset import Box, Dataset
from redaction.detection.artifact import CARD, WEIGHTS, Detector, Manifest, Postprocessing, Provenance, seal
from redaction.detection.predictor import Predictor
from redaction.detection.profiles import TrainingConfig
from redaction.errors import RedactionError
from redaction.evaluation import EvaluatedPage, average_precision, predict_pages
from redaction.files import new_folder, sha256_of_file, write_bytes, write_text
from redaction.pages.image import page_from_file
from redaction.tracking import NoTracker, TrackedPage, Tracker
from redaction.training.card import card
from redaction.training.operating_point import UNDECIDED, choose_operating_point
from redaction.training.rescoring_fit import fit_rescoring
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
from redaction.training.vfnet.data import CLASSES, data_loaders
from redaction.training.vfnet.export import export
from redaction.training.vfnet.half_precision import rounded
from redaction.training.vfnet.int8 import in_8_bits_if_as_good
from redaction.training.vfnet.pretrained import initial_model, initial_weights_digest

EXAMPLES = "examples.png"
LARGEST_GRADIENT = 3.0
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises."""
PARITY_PAGES = 4
EXAMPLE_PAGES = 6
CODE = Path(__file__).parent.parent
"""The detector's own code, an edit of which makes another training."""
LIBRARIES = ("torch", "torchvision", "icevision", "mmdet", "mmcv", "fastai", "albumentations", "openvino", "onnxruntime", "numpy")


def train(train: Dataset, validation: Dataset, config: TrainingConfig, folder: Path, tracker: Tracker | None = None) -> Detector:
    """Train a detector, export it, prove the export, and choose its operating point on the validation pages.

    The state after each epoch is kept in a folder of its own below `folder`, named by `training_id`. The same call again goes
    on after the last whole epoch and ends with the same detector as an undisturbed training; once finished, it returns at once.

    Raises:
        RedactionError: there is nothing to learn from or to judge by, the initial weights do not fit, the training diverged, or
            an export does not say what PyTorch says.
    """
    _check(train, "training")
    _check(validation, "validation")
    place = folder / training_id(train, validation, config)
    finished = place / "detector"
    if finished.exists():
        return Detector.load(finished)
    model, history = fit(train, validation, config, place, tracker or NoTracker())
    with new_folder(finished) as unfinished:
        detector = _pack(model, history, train, validation, config, unfinished)
        examples = _examples(detector, validation)
        if not config.slim:
            write_bytes(unfinished / EXAMPLES, contact_sheet_png(_sheet(examples), columns=3, page_width_px=420))
            seal(unfinished, detector.manifest)
    for state in place.glob("*.pt"):
        state.unlink()
    if tracker:
        tracker.log_pages(examples)
    return Detector.load(finished)


def training_id(train: Dataset, validation: Dataset, config: TrainingConfig) -> str:
    """Names a training by all that decides its result: config, initial weights, pages, boxes, the code and the libraries."""
    code = sorted(f"{path.name} {sha256_of_file(path)}" for path in CODE.rglob("*.py"))
    libraries = [f"{name} {version}" for name, version in _libraries().items()]
    start = initial_weights_digest(config)
    parts = (config.model_dump_json(exclude={"workers"}), start, train.digest, validation.digest, *code, *libraries)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _libraries() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def _check(dataset: Dataset, name: str) -> None:
    if not any(page.boxes for page in dataset.pages):
        raise RedactionError(
            f"none of the {len(dataset.pages)} {name} pages has a redaction; annotate pages of more documents, then train again."
        )


def fit(
    train: Dataset, validation: Dataset, config: TrainingConfig, place: Path, tracker: Tracker
) -> tuple[nn.Module, list[EpochMetrics]]:
    """Run the epochs that are still to be run.

    Args:
        place: folder of this training's state and of nothing else.

    Returns:
        The network with the weights of the best epoch, and the figures of all epochs.
    """
    place.mkdir(parents=True, exist_ok=True)
    state_file, best_file = place / "state.pt", place / "best.pt"
    metric = ValidationMetric()
    learn = vfnet.fastai.learner(
        dls=data_loaders(train, validation, config.preprocessing, config.batch_size, config.workers),
        model=initial_model(config, place.parent / "downloads"),
        metrics=[metric],
        cbs=[KeepEvalMode(), SeedEachEpoch(config.seed), GradientClip(LARGEST_GRADIENT)],
    )
    learn.unfreeze()  # IceVision's learner starts with all but the head frozen
    learn.remove_cb(ProgressCallback)
    learn.logger = lambda *_: None
    learn.create_opt()
    history = resume(learn, state_file)
    learn.add_cbs([SaveEachEpoch(state_file, best_file, metric, history, tracker), ProgressReporter(history)])
    if len(history) < config.epochs:
        with no_random(config.seed, reproducible=False):  # gives the process its own chance back afterwards
            learn.fit_one_cycle(config.epochs, config.learning_rate, pct_start=WARM_UP, start_epoch=len(history))
    model: nn.Module = learn.model.model
    model.cpu().load_state_dict(load_torch(best_file)["model"])
    return model.eval(), history


def _pack(
    model: nn.Module, history: list[EpochMetrics], train: Dataset, validation: Dataset, config: TrainingConfig, folder: Path
) -> Detector:
    """Weights, exports, confirmation, operating point and card."""
    state = rounded(model) if config.slim else {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / WEIGHTS)
    shown = sorted(validation.pages, key=lambda page: -len(page.boxes))[:PARITY_PAGES]
    images = [page_from_file(validation.image_path(page)) for page in shown]
    parity = export(model, config.preprocessing, folder, images, config.slim)
    manifest = Manifest(
        version=f"{config.profile}-{sha256_of_file(folder / WEIGHTS)[:8]}",
        profile=config.shape,
        preprocessing=config.preprocessing,
        postprocessing=Postprocessing(),
        classes=CLASSES,
        operating_point=UNDECIDED,
        training=config,
        provenance=_provenance(train, validation),
        metrics={},
    )
    confirmation = fit_rescoring(Predictor(seal(folder, manifest)), train)
    manifest = manifest.model_copy(update={"confirmation": confirmation})
    detector = seal(folder, manifest)
    judged, figures = _judge(detector, validation), {f"parity_{name}": value for name, value in parity.items()}
    if config.int8:
        judged, quantized = in_8_bits_if_as_good(detector, judged, train, lambda other: _judge(other, validation))
        figures |= quantized
    ap, ap50 = average_precision(judged)
    best = max(history, key=lambda epoch: epoch["ap"])
    measured = {"ap": ap, "ap50": ap50, "train_loss": best["train_loss"], "validation_loss": best["validation_loss"]}
    chosen = choose_operating_point(judged, config.recall_target)
    manifest = manifest.model_copy(
        update={
            "operating_point": chosen.point,
            "recall_claim": chosen.claim,
            "metrics": measured | figures,
        }
    )
    write_text(folder / CARD, card(manifest))
    return seal(folder, manifest)


def _judge(detector: Detector, dataset: Dataset) -> list[EvaluatedPage]:
    """What the detector, as it will be served, says of each page."""
    images = ((page, page_from_file(dataset.image_path(page))) for page in dataset.pages)
    return list(predict_pages(Predictor(detector), images))


def _examples(detector: Detector, dataset: Dataset) -> list[TrackedPage]:
    """A few pages, spread over the dataset, with what the detector finds at its operating point."""
    predictor = Predictor(detector)
    pages = dataset.pages[:: max(1, len(dataset.pages) // EXAMPLE_PAGES)][:EXAMPLE_PAGES]
    images = {page.page: page_from_file(dataset.image_path(page)) for page in pages}
    return [
        TrackedPage(page.page, image, page.xyxy, predictor.predict(image).at_least(detector.operating_point))
        for page in pages
        for image in (images[page.page],)
    ]


def _sheet(examples: Sequence[TrackedPage]) -> list[SheetPage]:
    return [
        SheetPage(
            Image.fromarray(page.image),
            [Box(x0=x0, y0=y0, x1=x1, y1=y1) for x0, y0, x1, y1 in page.found.xyxy.tolist()],
            f"found {len(page.found)}, there are {len(page.truth)}",
        )
        for page in examples
    ]


def _provenance(train: Dataset, validation: Dataset) -> Provenance:
    return Provenance(
        data_revision=validation.revision or train.revision,
        training_digest=train.digest,
        validation_digest=validation.digest,
        training_pages=len(train.pages),
        synthetic_pages=sum(page.synthetic for page in train.pages),
        validation_pages=len(validation.pages),
        git_revision=_git_revision(),
        libraries=_libraries(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _git_revision() -> str | None:
    """Revision of the code in this folder, or None where it is not in a git repository (or git is missing)."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return None
    return answer.stdout.strip() or None
