"""Experiment tracking with Weights & Biases; offline unless an API key is set."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from redaction.pages.geometry import Detections, Xyxy

PROJECT = "redaction-detector"
CLASS_LABELS = {0: "redaction"}
MAX_WANDB_INIT_S = 60
"""If W&B does not answer within this time, the run continues offline: a network failure must not end a training."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackedPage:
    """An example page: its image (RGB, uint8), the ground truth and the detections, both in page pixels."""

    name: str
    image: NDArray[np.uint8]
    truth: Xyxy
    detections: Detections


class Tracker(Protocol):
    """Records a training while it runs."""

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Losses and metrics of one epoch, counted from 1."""
        ...

    def log_pages(self, pages: Sequence[TrackedPage]) -> None:
        """Example pages with ground truth and detections."""
        ...


class NoTracker:
    """Tracks nothing."""

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Do nothing."""

    def log_pages(self, pages: Sequence[TrackedPage]) -> None:
        """Do nothing."""


class WandbTracker:
    """Records to one run of Weights & Biases."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Losses and metrics of one epoch, with the epoch itself as a metric to plot them against."""
        self._run.log({**metrics, "epoch": epoch})

    def log_pages(self, pages: Sequence[TrackedPage]) -> None:
        """The pages as W&B images, with ground truth and detections as two layers that can be switched on and off."""
        import wandb

        # one key per page: W&B cannot show images of different sizes under one key
        images = {
            f"page {number}": wandb.Image(
                page.image,
                caption=page.name,
                boxes={
                    "truth": {"box_data": [_wandb_box(xyxy) for xyxy in page.truth], "class_labels": CLASS_LABELS},
                    "found": {
                        "box_data": [
                            _wandb_box(xyxy, float(score))
                            for xyxy, score in zip(page.detections.xyxy, page.detections.scores, strict=True)
                        ],
                        "class_labels": CLASS_LABELS,
                    },
                },
            )
            for number, page in enumerate(pages, start=1)
        }
        self._run.log(images)


@contextmanager
def start_tracking(
    config: Mapping[str, Any], folder: Path, *, project: str = PROJECT, run_id: str | None = None
) -> Iterator[Tracker]:
    """A run of Weights & Biases for the duration of the ``with`` block; an exception in the block marks the run as failed.

    Online if ``WANDB_API_KEY`` is set and W&B answers. Otherwise the run is written to `folder` and ``wandb sync`` can upload it
    later. Without a key the network is not used.

    Args:
        config: the configuration of the run, shown beside its metrics.
        folder: where W&B writes; created if missing.
        run_id: reusing an id continues that run, as an interrupted training does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _wandb_files_in(folder):
        run = _start_run(config, folder, project, run_id)
        failed = True
        try:
            yield WandbTracker(run)
            failed = False
        finally:
            run.finish(exit_code=int(failed))


def _start_run(config: Mapping[str, Any], folder: Path, project: str, run_id: str | None) -> Any:
    import wandb

    def start(mode: Literal["online", "offline"]) -> Any:
        return wandb.init(
            project=project,
            id=run_id,
            resume="allow" if mode == "online" and run_id else None,
            config=dict(config),
            dir=folder,
            mode=mode,
            settings=wandb.Settings(
                silent=True,
                console="off",
                disable_git=True,
                save_code=False,
                init_timeout=MAX_WANDB_INIT_S,
                x_disable_stats=True,
                x_disable_machine_info=True,
            ),
        )

    if not os.environ.get("WANDB_API_KEY"):
        return start("offline")
    try:
        return start("online")
    except wandb.Error as error:
        reason = str(error).partition("\n")[0]
        logger.warning("W&B cannot be used (%s): the run is kept in %s; 'wandb sync' uploads it later.", reason, folder)
        return start("offline")


@contextmanager
def _wandb_files_in(folder: Path) -> Iterator[None]:
    """Keep W&B's caches, configuration and staging in `folder` instead of the home folder, and its error reporting off."""
    # not .wandb: W&B would take a folder of that name for the folder of the runs
    caches = {name: str(folder / "caches") for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")}
    settings = caches | {"WANDB_ERROR_REPORTING": "false"}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _wandb_box(xyxy: NDArray[np.float32], score: float | None = None) -> dict[str, Any]:
    x0, y0, x1, y1 = (float(side) for side in xyxy)
    box: dict[str, Any] = {"position": {"minX": x0, "minY": y0, "maxX": x1, "maxY": y1}, "domain": "pixel", "class_id": 0}
    if score is not None:
        box |= {"scores": {"score": score}, "box_caption": f"{score:.2f}"}
    return box
