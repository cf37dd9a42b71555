"""What goes into production with a detector: its folder in the workspace, its reference window, and the pages that prove it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from redaction.dataset import AnnotatedPage, Dataset, Split
from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.errors import RedactionError
from redaction.files import new_folder
from redaction.monitoring.reference import FILE_NAME, page_records, write_reference
from redaction.pages.geometry import Detections
from redaction.pages.image import page_from_file
from redaction.workspace import Workspace

REFERENCE_PAGES = 1000
"""More pages than this make no finer reference, only a slower deployment."""

GOLDEN_PAGES = 6


def detector_folder(workspace: Workspace, version: str) -> Path:
    """Where the workspace keeps a version of the detector."""
    return workspace.models / version / "detector"


def reference_file(workspace: Workspace, version: str) -> Path:
    """Where the workspace keeps what a version said of the pages it was judged on."""
    return workspace.models / version / FILE_NAME


def keep_version(workspace: Workspace, detector: Detector, dataset: Dataset) -> Detector:
    """Put the detector and its reference window into the workspace; the same version again changes nothing.

    Raises:
        RedactionError: another detector has this version.
    """
    target = workspace.models / detector.version
    if not target.exists():
        with new_folder(target) as unfinished:
            shutil.copytree(detector.folder, unfinished / "detector")
            records = page_records(_predictions(detector, reference_pages(dataset), dataset), detector.operating_point)
            write_reference(unfinished / FILE_NAME, records)
    kept = Detector.load(detector_folder(workspace, detector.version))
    if kept.digest != detector.digest:
        raise RedactionError(f"The workspace already has another detector {detector.version}; train again for a new version.")
    return kept


def reference_pages(dataset: Dataset) -> list[AnnotatedPage]:
    """The real pages that stand for ordinary traffic, those that were not trained on first.

    A detector is surer of pages it was trained on, so they fill up only what the held-out pages leave.
    """
    real = [page for page in dataset.pages if not page.synthetic]
    return sorted(real, key=lambda page: page.split is Split.TRAIN)[:REFERENCE_PAGES]


def golden_images(dataset: Dataset) -> list[Path]:
    """Images of a few held-out pages, with and without redactions, on which a service must answer as the detector does."""
    held_out = [page for page in dataset.pages if page.split is not Split.TRAIN] or list(dataset.pages)
    redacted = [page for page in held_out if page.boxes]
    clean = [page for page in held_out if not page.boxes]
    chosen = [*redacted[: GOLDEN_PAGES - min(2, len(clean))], *clean[:2]]
    return [dataset.image_path(page) for page in chosen]


def _predictions(
    detector: Detector, pages: list[AnnotatedPage], dataset: Dataset
) -> Iterator[tuple[NDArray[np.uint8], Detections, float]]:
    predictor = Predictor(detector)
    for page in pages:
        image = page_from_file(dataset.image_path(page))
        started = time.perf_counter()
        detections = predictor.predict(image)
        yield image, detections, 1000 * (time.perf_counter() - started)
