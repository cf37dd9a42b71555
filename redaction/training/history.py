"""The metrics of a training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from redaction.files import write_text
from redaction.values import Frozen

HISTORY = "history.json"
"""File name in the folder of a training, beside its detector."""


class Epoch(Frozen):
    """The metrics of one epoch. AP and AR are the network's alone, on the validation pages, before refinement and rescoring."""

    train_loss: float
    validation_loss: float
    ap: float
    ap50: float
    ar: float
    """Average recall: the mean over IoU 0.50 to 0.95, with at most 100 detections a page."""


class TrainingHistory(Frozen):
    """The epochs of a training, the first one first."""

    epochs: tuple[Epoch, ...]

    @property
    def best(self) -> int:
        """Number of the epoch whose weights the detector has, counted from 1: the last one with the highest AP."""
        return max(range(len(self.epochs)), key=lambda index: (self.epochs[index].ap, index)) + 1


def write_history(folder: Path, epochs: Sequence[Mapping[str, float]]) -> None:
    """Write the metrics of each epoch into the folder of a training."""
    history = TrainingHistory(epochs=tuple(Epoch(**metrics) for metrics in epochs))
    write_text(folder / HISTORY, history.model_dump_json(indent=1) + "\n")


def read_history(folder: Path) -> TrainingHistory:
    """Read what `write_history` wrote into the folder of a finished training."""
    return TrainingHistory.model_validate_json((folder / HISTORY).read_bytes())
