"""Making the starter anew: synthetic pages from a seed, a training, and how close the result came to the one that ships."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from redaction.dataset import Dataset, Frozen
from redaction.detector.artifact import Detector
from redaction.detector.profiles import TrainingConfig
from redaction.documents.progress import Report
from redaction.files import sha256_of_bytes
from redaction.synthesis import SynthesisConfig, read_synthetic, synthesize
from redaction.synthesis.recipes import GENERATOR_VERSION
from redaction.tracking import Tracker


class StarterConfig(Frozen):
    """All that the starter follows from. No real page has a part in it: not in training, and not in choosing the threshold."""

    training_pages: SynthesisConfig
    validation_pages: SynthesisConfig
    training: TrainingConfig

    @model_validator(mode="after")
    def _different_pages(self) -> StarterConfig:
        if self.training_pages.seed == self.validation_pages.seed:
            raise ValueError("training_pages and validation_pages have the same seed, so the same pages would train and judge")
        return self


def make_starter(config: StarterConfig, folder: Path, progress: Report | None = None, tracker: Tracker | None = None) -> Detector:
    """Make the pages and train on them; the same call after an interruption goes on.

    Args:
        folder: where pages, the training's state and the detector are kept.
        progress: called with ``training pages`` or ``validation pages``, the pages done and the pages wanted.

    Raises:
        RedactionError: see `redaction.detector.vfnet.training.train`.
    """
    # the training stack takes many seconds to import
    from redaction.detector.vfnet.training import train

    training, validation = (
        synthetic_pages(pages, folder, name, progress)
        for name, pages in (("training pages", config.training_pages), ("validation pages", config.validation_pages))
    )
    return train(training, validation, config.training, folder / "training", tracker)


def synthetic_pages(config: SynthesisConfig, folder: Path, name: str, progress: Report | None = None) -> Dataset:
    """The synthetic pages of that config, from the folder where they were made before."""
    made_from = f"{GENERATOR_VERSION} {config.model_dump_json(exclude={'workers'})}"
    place = folder / "pages" / sha256_of_bytes(made_from.encode())[:16]
    if place.exists():
        return read_synthetic(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    return synthesize(config, None, place, (lambda done, wanted: progress(name, done, wanted)) if progress else None)
