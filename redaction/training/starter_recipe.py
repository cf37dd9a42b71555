"""What the starter is made from: synthetic pages from seeds, and a training."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from redaction.dataset import Dataset
from redaction.detection.profiles import TrainingConfig
from redaction.files import sha256_of_bytes
from redaction.progress import ProgressCallback
from redaction.synthesis import SynthesisConfig, read_synthetic, synthesize
from redaction.synthesis.recipes import GENERATOR_VERSION
from redaction.values import Frozen


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


def synthetic_pages(config: SynthesisConfig, folder: Path, name: str, progress: ProgressCallback | None = None) -> Dataset:
    """The synthetic pages of that config, from the folder where they were made before."""
    made_from = f"{GENERATOR_VERSION} {config.model_dump_json(exclude={'workers'})}"
    place = folder / "pages" / sha256_of_bytes(made_from.encode())[:16]
    if place.exists():
        return read_synthetic(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    return synthesize(config, None, place, (lambda done, wanted: progress(name, done, wanted)) if progress else None)
