"""A detector of full size with hardly any training: enough to measure how fast it predicts and is served."""

from __future__ import annotations

from pathlib import Path

from redaction.dataset import Dataset, Split
from redaction.detector.artifact import Detector
from redaction.detector.profiles import TrainingConfig
from redaction.synthesis import SynthesisConfig, synthesize

PAGES = 12


def barely_trained(folder: Path) -> Detector:
    """`nano` after one epoch on a dozen synthetic pages."""
    from redaction.detector.vfnet.training import train

    pages = synthesize(SynthesisConfig(seed=2, pages=PAGES, workers=1), None, folder / "pages")
    held_out = tuple(page.model_copy(update={"split": Split.VALIDATION, "synthetic": False}) for page in pages.pages)
    validation = Dataset(root=pages.root, pages=held_out)
    return train(pages, validation, TrainingConfig(profile="nano", epochs=1), folder / "training")
