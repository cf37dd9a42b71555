"""What happens around IceVision's fastai training loop: determinism, checkpoints, and a word on what is left."""

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
from fastai.torch_core import set_seed
from icevision.metrics import COCOMetric
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from redaction.errors import RedactionError
from redaction.files import new_file
from redaction.tracking import Tracker

logger = logging.getLogger(__name__)

EpochMetrics = dict[str, float]
"""Of one epoch: ``train_loss``, ``validation_loss``, ``ap``, ``ap50``."""


class ValidationMetric(COCOMetric):  # type: ignore[misc]
    """IceVision's COCO metric, all of whose figures can be read after an epoch, and which can bear that nothing was found."""

    def __init__(self) -> None:
        super().__init__()
        self.ap = self.ap50 = 0.0

    def finalize(self) -> dict[str, float]:
        """The figures of the epoch; zero when not a single box was found (pycocotools stumbles over an empty list)."""
        if any(len(prediction.detection.bboxes) for prediction in self._preds):
            figures = super().finalize()
            self.ap, self.ap50 = (float(figures[f"AP (IoU={iou}) area=all"]) for iou in ("0.50:0.95", "0.50"))
        else:
            self._reset()
            self.ap = self.ap50 = 0.0
        return {"ap": self.ap}


class KeepEvalMode(Callback):  # type: ignore[misc]
    """IceVision goes back to training mode after each validation batch, and batch normalization would learn from the next one."""

    order = 1  # straight after IceVision's own callback

    def after_loss(self) -> None:
        """Back to evaluation mode."""
        if not self.training:
            self.model.eval()


class SeedEachEpoch(Callback):  # type: ignore[misc]
    """An epoch depends on nothing but the state before it and its number, so that a resumed training is the same training."""

    order = -100

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def before_epoch(self) -> None:
        """Seed every source of chance: augmentation, order of pages, the network's own."""
        seed = self.seed * 10_007 + self.epoch
        set_seed(seed)
        self.dls.train.dataset.seed = seed
        self.dls.train.rng = random.Random(seed)  # noqa: S311  # an order of pages, no secret


class SaveEachEpoch(Callback):  # type: ignore[misc]
    """Keeps the state after each epoch, and the weights of the best epoch so far, and hands on the epoch's figures."""

    order = 60  # after fastai's recorder

    def __init__(
        self, state_file: Path, best_file: Path, metric: ValidationMetric, history: list[EpochMetrics], tracker: Tracker
    ) -> None:
        self.state_file, self.best_file, self.metric, self.history, self.tracker = state_file, best_file, metric, history, tracker

    def before_train(self) -> None:
        """A new epoch, new losses."""
        self.losses: list[float] = []

    def after_batch(self) -> None:
        """Note the loss of a training batch."""
        if self.training:
            self.losses.append(self.loss.item())

    def after_epoch(self) -> None:
        """Best weights first: if the process dies between the two files, the epoch is repeated, with the same result."""
        if self.epoch < len(self.history):
            return  # done before the training was interrupted: fastai skips it, but says so here all the same
        # fastai's own training loss is smoothed over all epochs since the process began, so that a resumed one would differ
        train_loss, validation_loss = sum(self.losses) / len(self.losses), float(self.recorder.values[-1][1])
        figures = {"train_loss": train_loss, "validation_loss": validation_loss, "ap": self.metric.ap, "ap50": self.metric.ap50}
        if not all(math.isfinite(value) for value in figures.values()):
            raise RedactionError(
                f"the training diverged in epoch {self.epoch + 1} (training loss {train_loss}); use a lower learning_rate."
            )
        self.history.append(figures)
        network = self.learn.model.model
        if self.metric.ap >= max(epoch["ap"] for epoch in self.history):
            save_torch({"model": network.state_dict()}, self.best_file)
        state = {"model": network.state_dict(), "optimizer": _plain(self.opt.state_dict()), "history": self.history}
        save_torch(state, self.state_file)
        self.tracker.log(self.history[-1], len(self.history))


class ProgressReporter(Callback):  # type: ignore[misc]
    """A bar on a terminal; in a log, a line for each epoch."""

    order = 70

    def __init__(self, history: list[EpochMetrics], say: Callable[[str], None] = logger.info) -> None:
        self.history, self.say = history, say
        self.bar: Progress | None = None

    def before_fit(self) -> None:
        """Start the clock."""
        self.started, self.first_epoch = time.monotonic(), None
        console = Console(stderr=True)
        if console.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("batches"),
                TimeRemainingColumn(),
            )
            self.bar = Progress(*columns, console=console)
            self.task = self.bar.add_task("training", total=self.n_epoch * (len(self.dls.train) + len(self.dls.valid)))
            self.bar.start()

    def before_train(self) -> None:
        """Skipped epochs do not count as work done."""
        if self.first_epoch is None:
            self.first_epoch = self.epoch
            if self.bar:
                self.bar.update(self.task, completed=self.epoch * (len(self.dls.train) + len(self.dls.valid)))

    def after_batch(self) -> None:
        """One batch further."""
        if self.bar:
            self.bar.update(self.task, advance=1, description=f"epoch {self.epoch + 1} of {self.n_epoch}")

    def after_epoch(self) -> None:
        """The epoch in one line; epochs that a resumed training skips are not worth one."""
        if self.first_epoch is None:
            return
        done = self.epoch + 1
        left = (time.monotonic() - self.started) / (done - self.first_epoch) * (self.n_epoch - done)
        figures = self.history[-1]
        self.say(
            f"epoch {done} of {self.n_epoch}: training loss {figures['train_loss']:.3f}, "
            f"validation loss {figures['validation_loss']:.3f}, AP50 {figures['ap50']:.3f}, AP {figures['ap']:.3f}; "
            f"about {_duration(left)} left"
        )

    def after_fit(self) -> None:
        """Let go of the terminal."""
        self._stop()

    def after_cancel_fit(self) -> None:
        """Let go of the terminal here too."""
        self._stop()

    def _stop(self) -> None:
        if self.bar:
            self.bar.stop()


def save_torch(state: dict[str, Any], path: Path) -> None:
    """Write a state whole or not at all; `load_torch` reads it."""
    with new_file(path) as temporary:
        torch.save(state, temporary)


def load_torch(path: Path) -> dict[str, Any]:
    """Read a state that `save_torch` wrote: tensors, numbers, lists and dictionaries; anything else in the file is refused."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def resume(learn: Any, path: Path) -> list[EpochMetrics]:
    """Put network and optimizer back to where they were after the last whole epoch; the figures of the epochs done."""
    if not path.exists():
        return []
    state = load_torch(path)
    network: nn.Module = learn.model.model
    network.load_state_dict(state["model"])
    device = next(network.parameters()).device
    learn.opt.load_state_dict(_to_device(state["optimizer"], device))
    history: list[EpochMetrics] = state["history"]
    return history


def _plain(value: Any) -> Any:
    """fastai's own lists and numpy's numbers as plain ones, which can be read back without running code."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, torch.Tensor) or value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "__iter__"):
        return [_plain(item) for item in value]
    return float(value)


def _to_device(value: Any, device: torch.device) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _to_device(item, device) for key, item in value.items()}
    return [_to_device(item, device) for item in value] if isinstance(value, list) else value


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
