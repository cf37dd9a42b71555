"""``python -m benchmarks.detector FOLDER``: a detector of full size with hardly any training, to measure how fast it is served.

It is made in a process of its own: what is measured afterwards must not inherit the peak memory of a training.
"""

from __future__ import annotations

import sys
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


if __name__ == "__main__":
    sys.stdout.write(f"{barely_trained(Path(sys.argv[1])).folder}\n")
