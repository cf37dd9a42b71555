"""Callbacks of IceVision's fastai training loop: determinism, resume state, progress."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from fastai.callback.core import Callback
from fastai.torch_core import set_seed, to_device
from icevision.metrics import COCOMetric
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from redaction.errors import RedactionError
from redaction.files import new_file
from redaction.progress import format_duration, shows_bars
from redaction.tracking import Tracker
from redaction.training.history import write_history

logger = logging.getLogger(__name__)

EpochMetrics = dict[str, float]
"""Of one epoch; the names are the fields of `redaction.training.history.Epoch`."""


class ValidationMetric(COCOMetric):  # type: ignore[misc]
    """IceVision's COCO metric, with AP, AP50 and AR of the last epoch as attributes, and without its failure on no detections."""

    def __init__(self) -> None:
        super().__init__()
        self.ap = self.ap50 = self.ar = 0.0

    def finalize(self) -> dict[str, float]:
        """Compute the epoch's AP, AP50 and AR; zero if there is no detection (pycocotools fails on an empty list)."""
        if any(len(prediction.detection.bboxes) for prediction in self._preds):
            metrics = super().finalize()
            self.ap, self.ap50 = (float(metrics[f"AP (IoU={iou}) area=all"]) for iou in ("0.50:0.95", "0.50"))
            self.ar = float(metrics["AR (IoU=0.50:0.95) area=all maxDets=100"])
        else:
            self._reset()
            self.ap = self.ap50 = self.ar = 0.0
        return {"ap": self.ap}


class KeepEvalMode(Callback):  # type: ignore[misc]
    """IceVision returns to training mode after each validation batch; batch normalization would then learn from the next one."""

    order = 1  # directly after IceVision's own callback

    def after_loss(self) -> None:
        """Return to evaluation mode."""
        if not self.training:
            self.model.eval()


class SeedEachEpoch(Callback):  # type: ignore[misc]
    """Makes each epoch depend only on its number and the state before it, so that a resumed training gives the same result."""

    order = -100

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def before_epoch(self) -> None:
        """Seed every source of randomness: augmentation, order of the pages, the network."""
        seed = self.seed * 10_007 + self.epoch
        set_seed(seed)
        self.dls.train.dataset.seed = seed
        self.dls.train.rng = random.Random(seed)  # noqa: S311  # page order, not cryptography


class SaveEachEpoch(Callback):  # type: ignore[misc]
    """Saves the resume state and the best weights so far after each epoch, and passes the epoch's metrics to the tracker."""

    order = 60  # after fastai's recorder

    def __init__(
        self, state_file: Path, best_file: Path, metric: ValidationMetric, history: list[EpochMetrics], tracker: Tracker
    ) -> None:
        self.state_file, self.best_file, self.metric, self.history, self.tracker = state_file, best_file, metric, history, tracker

    def before_train(self) -> None:
        """Start a new list of losses."""
        self.losses: list[float] = []

    def after_batch(self) -> None:
        """Record the loss of a training batch."""
        if self.training:
            self.losses.append(self.loss.item())

    def after_epoch(self) -> None:
        """Save the best weights and the metrics of all epochs, then the resume state.

        In this order, a process that dies between the files repeats the epoch, with the same result.
        """
        if self.epoch < len(self.history):
            return  # fastai skips the epochs before start_epoch, but calls this for them
        # not fastai's own training loss: it is smoothed over all epochs of the process, so it differs after a resume
        train_loss, validation_loss = sum(self.losses) / len(self.losses), float(self.recorder.values[-1][1])
        scores = {"ap": self.metric.ap, "ap50": self.metric.ap50, "ar": self.metric.ar}
        metrics = {"train_loss": train_loss, "validation_loss": validation_loss, **scores}
        if not all(math.isfinite(value) for value in metrics.values()):
            raise RedactionError(
                f"the training diverged in epoch {self.epoch + 1} (training loss {train_loss}); use a lower learning_rate."
            )
        self.history.append(metrics)
        network = self.learn.model.model
        if self.metric.ap >= max(epoch["ap"] for epoch in self.history):
            save_torch({"model": network.state_dict()}, self.best_file)
        write_history(self.state_file.parent, self.history)
        state = {"model": network.state_dict(), "optimizer": _to_builtins(self.opt.state_dict()), "history": self.history}
        save_torch(state, self.state_file)
        self.tracker.log(self.history[-1], len(self.history))


class ProgressReporter(Callback):  # type: ignore[misc]
    """Shows a progress bar in a terminal, and logs one line per epoch."""

    order = 70

    def __init__(self, history: list[EpochMetrics], log: Callable[[str], None] = logger.info) -> None:
        self.history, self.log = history, log
        self.bar: Progress | None = None

    def before_fit(self) -> None:
        """Start the clock and the bar."""
        self.started, self.first_epoch = time.monotonic(), None
        console = Console(stderr=True)
        if shows_bars(console):
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("batches"),
                TimeRemainingColumn(),
            )
            self.bar = Progress(*columns, console=console)
            self.task = self.bar.add_task("training", total=self.n_epoch * self._batches_per_epoch())
            self.bar.start()

    def before_train(self) -> None:
        """Note the first epoch that is not skipped; those before it are complete."""
        if self.first_epoch is None:
            self.first_epoch = self.epoch
            if self.bar:
                self.bar.update(self.task, completed=self.epoch * self._batches_per_epoch())

    def after_batch(self) -> None:
        """Advance the bar by one batch."""
        if self.bar:
            self.bar.update(self.task, advance=1, description=f"epoch {self.epoch + 1} of {self.n_epoch}")

    def after_epoch(self) -> None:
        """Log the epoch in one line, unless a resumed training skips it."""
        if self.first_epoch is None:
            return
        done = self.epoch + 1
        remaining_s = (time.monotonic() - self.started) / (done - self.first_epoch) * (self.n_epoch - done)
        metrics = self.history[-1]
        self.log(
            f"epoch {done} of {self.n_epoch}: training loss {metrics['train_loss']:.3f}, "
            f"validation loss {metrics['validation_loss']:.3f}, AP50 {metrics['ap50']:.3f}, AP {metrics['ap']:.3f}; "
            f"about {format_duration(remaining_s)} left"
        )

    def after_fit(self) -> None:
        """Stop the bar."""
        self._stop()

    def after_cancel_fit(self) -> None:
        """Stop the bar."""
        self._stop()

    def _batches_per_epoch(self) -> int:
        return len(self.dls.train) + len(self.dls.valid)

    def _stop(self) -> None:
        if self.bar:
            self.bar.stop()


def save_torch(state: dict[str, Any], path: Path) -> None:
    """Write a state atomically; `load_torch` reads it."""
    with new_file(path) as temporary:
        torch.save(state, temporary)


def load_torch(path: Path) -> dict[str, Any]:
    """Read a state that `save_torch` wrote. Only tensors, numbers, lists and dictionaries are read, never code."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def resume(learn: Any, path: Path) -> list[EpochMetrics]:
    """Restore network and optimizer from the resume state, if there is one.

    Returns:
        The metrics of the finished epochs.
    """
    if not path.exists():
        return []
    state = load_torch(path)
    network: nn.Module = learn.model.model
    network.load_state_dict(state["model"])
    learn.opt.load_state_dict(to_device(state["optimizer"], next(network.parameters()).device))
    history: list[EpochMetrics] = state["history"]
    return history


def _to_builtins(value: Any) -> Any:
    """Convert fastai's lists and NumPy's numbers to Python's, which `load_torch` accepts."""
    if isinstance(value, dict):
        return {key: _to_builtins(item) for key, item in value.items()}
    if isinstance(value, torch.Tensor) or value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "__iter__"):
        return [_to_builtins(item) for item in value]
    return float(value)
