"""Building a detector from a trained network: weights, exports, rescoring, operating point, card."""

from __future__ import annotations

import importlib.metadata
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from safetensors.torch import save_file
from torch import nn

from redaction.contact_sheet import SheetPage, contact_sheet_png
from redaction.dataset import Box, Dataset
from redaction.detection.artifact import CARD, WEIGHTS, Detector, Manifest, Postprocessing, Provenance, seal
from redaction.detection.predictor import Predictor
from redaction.detection.profiles import TrainingConfig
from redaction.evaluation import EvaluatedPage, average_precision, predict_pages
from redaction.files import sha256_of_file, write_bytes, write_text
from redaction.pages.image import PageImage, page_from_file
from redaction.tracking import TrackedPage
from redaction.training.card import card_markdown
from redaction.training.operating_point import DEFAULT_OPERATING_POINT, choose_operating_point
from redaction.training.rescoring_fit import fit_rescoring
from redaction.training.vfnet.callbacks import EpochMetrics
from redaction.training.vfnet.data import CLASSES
from redaction.training.vfnet.export import PARITY, export
from redaction.training.vfnet.half_precision import round_to_half_precision
from redaction.training.vfnet.int8 import quantize_if_accurate

EXAMPLES = "examples.png"
PARITY_PAGES = 4
EXAMPLE_PAGES = 6
LIBRARIES = ("torch", "torchvision", "icevision", "mmdet", "mmcv", "fastai", "albumentations", "openvino", "onnxruntime", "numpy")


def build_detector(
    model: nn.Module, history: Sequence[EpochMetrics], train: Dataset, validation: Dataset, config: TrainingConfig, folder: Path
) -> tuple[Detector, list[TrackedPage]]:
    """Write a detector's files to an empty folder, and seal it.

    Args:
        model: the network with the weights of the best epoch.
        history: the metrics of each epoch.

    Returns:
        The detector, and its detections on a few validation pages.

    Raises:
        RedactionError: an export differs from PyTorch by more than is allowed.
    """
    _write_weights(model, config, folder)
    differences = export(model, config.preprocessing, folder, parity_images(validation), config.slim)
    draft = _draft(train, validation, config, folder)
    draft = _with(draft, rescoring=fit_rescoring(Predictor(draft), train))

    evaluated, int8_metrics = _predict(draft, validation), dict[str, float]()
    if config.int8:
        evaluated, int8_metrics = quantize_if_accurate(draft, evaluated, train, lambda other: _predict(other, validation))
    parity = {f"{PARITY}{name}": value for name, value in differences.items()}
    metrics = _validation_metrics(evaluated, history) | parity | int8_metrics
    chosen = choose_operating_point(evaluated, config.recall_target)
    draft = _with(draft, operating_point=chosen.point, recall_claim=chosen.claim, metrics=metrics)

    examples = _example_pages(draft, validation)
    write_text(folder / CARD, card_markdown(draft.manifest))
    if not config.slim:
        write_bytes(folder / EXAMPLES, contact_sheet_png(_sheet_pages(examples), columns=3, page_width_px=420))
    return seal(folder, draft.manifest), examples


def library_versions() -> dict[str, str]:
    """The installed version of each library that affects a training."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def _write_weights(model: nn.Module, config: TrainingConfig, folder: Path) -> None:
    if config.slim:
        state = round_to_half_precision(model)
    else:
        state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / WEIGHTS)


def parity_images(validation: Dataset) -> list[PageImage]:
    """The images of the pages with the most redactions."""
    pages = sorted(validation.pages, key=lambda page: -len(page.boxes))[:PARITY_PAGES]
    return [page_from_file(validation.image_path(page)) for page in pages]


def _draft(train: Dataset, validation: Dataset, config: TrainingConfig, folder: Path) -> Detector:
    """A detector that can predict but is not sealed: it is not on disk, and the digests of its files are not computed yet."""
    manifest = Manifest(
        version=f"{config.profile}-{sha256_of_file(folder / WEIGHTS)[:8]}",
        profile=config.shape,
        preprocessing=config.preprocessing,
        postprocessing=Postprocessing(),
        classes=CLASSES,
        operating_point=DEFAULT_OPERATING_POINT,
        training=config,
        provenance=_provenance(train, validation),
        metrics={},
        files={path.name: "" for path in folder.iterdir()},
    )
    return Detector(folder, manifest, digest="")


def _with(draft: Detector, **fields: Any) -> Detector:
    """The draft with other values in its manifest."""
    return replace(draft, manifest=draft.manifest.model_copy(update=fields))


def _predict(detector: Detector, dataset: Dataset) -> list[EvaluatedPage]:
    """The detections on each page, as they will be when serving."""
    images = ((page, page_from_file(dataset.image_path(page))) for page in dataset.pages)
    return list(predict_pages(Predictor(detector), images))


def _validation_metrics(evaluated: Sequence[EvaluatedPage], history: Sequence[EpochMetrics]) -> dict[str, float | None]:
    """AP and AP50 of the detector, and the losses of the best epoch."""
    ap, ap50 = average_precision(evaluated)
    best = max(history, key=lambda epoch: epoch["ap"])
    return {"ap": ap, "ap50": ap50, "train_loss": best["train_loss"], "validation_loss": best["validation_loss"]}


def _example_pages(detector: Detector, dataset: Dataset) -> list[TrackedPage]:
    """A few pages, spread over the dataset, with the detections at the operating point."""
    predictor = Predictor(detector)
    examples = []
    for page in dataset.pages[:: max(1, len(dataset.pages) // EXAMPLE_PAGES)][:EXAMPLE_PAGES]:
        image = page_from_file(dataset.image_path(page))
        detections = predictor.predict(image).at_least(detector.operating_point)
        examples.append(TrackedPage(page.page, image, page.xyxy, detections))
    return examples


def _sheet_pages(examples: Sequence[TrackedPage]) -> list[SheetPage]:
    return [
        SheetPage(
            Image.fromarray(page.image),
            [Box(x0=x0, y0=y0, x1=x1, y1=y1) for x0, y0, x1, y1 in page.detections.xyxy.tolist()],
            f"detections: {len(page.detections)}, ground truth: {len(page.truth)}",
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
        libraries=library_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _git_revision() -> str | None:
    """The revision of this code; None outside a git repository and without git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return None
    return done.stdout.strip() or None
