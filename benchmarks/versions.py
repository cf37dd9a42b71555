"""Detectors of several versions, for services that change theirs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from redaction.detection.artifact import MANIFEST, Detector, seal
from redaction.detection.predictor import Predictor
from redaction.detection.starter import starter_detector
from serving.local.golden import GoldenPage
from serving.release.golden import golden_pages


def starter_version(root: Path, number: int) -> Detector:
    """The starter in a folder below `root`, under a version of its own."""
    folder = root / f"detector-{number}"
    shutil.copytree(starter_detector().folder, folder, ignore=shutil.ignore_patterns(MANIFEST))
    return seal(folder, starter_detector().manifest.model_copy(update={"version": f"nano-{number:08d}"}))


def golden_of(detector: Detector, images: Iterable[Path]) -> tuple[GoldenPage, ...]:
    """The golden pages of a detector."""
    return golden_pages(Predictor(detector), images)
