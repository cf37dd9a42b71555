"""Detector versions in the workspace: the detector's folder, its reference window for monitoring, and its golden pages."""

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

MAX_REFERENCE_PAGES = 1000
"""More pages would slow deployment down without making drift easier to detect."""

MAX_GOLDEN_PAGES = 6


def reference_file(workspace: Workspace, version: str) -> Path:
    """File of a version's reference window in the workspace."""
    return workspace.inside(f"models/{version}/{FILE_NAME}")


def store_version(workspace: Workspace, detector: Detector) -> Detector:
    """Store the detector in the workspace, so that its version is enough to name it. Idempotent.

    Raises:
        RedactionError: a different detector with this version is already stored.
    """
    target = workspace.models / detector.version
    if not target.exists():
        with new_folder(target) as unfinished:
            shutil.copytree(detector.folder, unfinished / "detector")
    stored = Detector.load(workspace.detector(detector.version))
    if stored.digest != detector.digest:
        raise RedactionError(
            f"The workspace already has a different detector {detector.version} in {target}; train again to get a new version."
        )
    return stored


def store_reference(workspace: Workspace, detector: Detector, dataset: Dataset, renew: bool = False) -> None:
    """Store the reference window of a version, with which monitoring compares the traffic of the service.

    Args:
        workspace: where the version is stored.
        detector: the version.
        dataset: the pages to choose from; see `reference_pages`.
        renew: replace an existing window.
    """
    file = reference_file(workspace, detector.version)
    if renew or not file.exists():
        pages = reference_pages(dataset)
        documents = [page.document for page in pages]
        records = page_records(_predictions(detector, pages, dataset), detector.operating_point, documents)
        write_reference(file, records)


def reference_pages(dataset: Dataset) -> list[AnnotatedPage]:
    """Choose real pages that represent ordinary traffic, held-out pages first.

    A detector scores higher on pages that it was trained on, so they are used only if there are too few held-out pages. Where
    there is no real page at all, synthetic ones stand in.
    """
    real = [page for page in dataset.pages if not page.synthetic] or list(dataset.pages)
    return sorted(real, key=lambda page: page.split is Split.TRAIN)[:MAX_REFERENCE_PAGES]


def golden_images(dataset: Dataset) -> list[Path]:
    """Images of a few held-out pages, with and without redactions, on which a service must give the detector's own detections."""
    held_out = [page for page in dataset.pages if page.split is not Split.TRAIN] or list(dataset.pages)
    redacted = [page for page in held_out if page.boxes]
    clean = [page for page in held_out if not page.boxes]
    chosen = [*redacted[: MAX_GOLDEN_PAGES - min(2, len(clean))], *clean[:2]]
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
