"""What the starter is trained on: synthetic pages made from seeds."""

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
    """Everything that determines the starter. Real pages are used neither for training nor for choosing the operating point."""

    training_pages: SynthesisConfig
    validation_pages: SynthesisConfig
    training: TrainingConfig

    @model_validator(mode="after")
    def _check_seeds_differ(self) -> StarterConfig:
        if self.training_pages.seed == self.validation_pages.seed:
            raise ValueError(
                "training_pages and validation_pages have the same seed and would be the same pages; change one of the seeds"
            )
        return self


def load_or_synthesize(config: SynthesisConfig, folder: Path, name: str, progress: ProgressCallback | None = None) -> Dataset:
    """The synthetic pages of a config; read from `folder` where an earlier call made them.

    Args:
        name: what `progress` calls these pages.
    """
    recipe = f"{GENERATOR_VERSION} {config.model_dump_json(exclude={'workers'})}"
    pages_folder = folder / "pages" / sha256_of_bytes(recipe.encode())[:16]
    if pages_folder.exists():
        return read_synthetic(pages_folder)
    pages_folder.parent.mkdir(parents=True, exist_ok=True)
    return synthesize(config, None, pages_folder, (lambda done, wanted: progress(name, done, wanted)) if progress else None)
