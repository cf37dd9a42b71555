"""Where the course of a training is written down: Weights & Biases, offline unless a key is there."""

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

SECONDS_TO_ANSWER = 60
"""After so long without an answer from W&B the run goes on offline: a training must not be lost to somebody's network."""

logger = logging.getLogger(__name__)
LABEL = {0: "redaction"}


@dataclass(frozen=True)
class TrackedPage:
    """A page as the tracker shows it: its image (RGB, uint8), the boxes that are there, and those that were found."""

    name: str
    image: NDArray[np.uint8]
    truth: Xyxy
    found: Detections


class Tracker(Protocol):
    """What a training tells while it runs."""

    def log(self, figures: Mapping[str, float], epoch: int) -> None:
        """Losses and metrics of one epoch, counted from 1."""
        ...

    def log_pages(self, pages: Sequence[TrackedPage]) -> None:
        """Example pages with both kinds of boxes."""
        ...


class NoTracker:
    """Tracks nothing, behind the same calls."""

    def log(self, figures: Mapping[str, float], epoch: int) -> None:
        """Forget the figures."""

    def log_pages(self, pages: Sequence[TrackedPage]) -> None:
        """Forget the pages."""


class WandbTracker:
    """Writes to one run of Weights & Biases."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def log(self, figures: Mapping[str, float], epoch: int) -> None:
        """Losses and metrics of one epoch, against the epoch."""
        self._run.log({**figures, "epoch": epoch})

    def log_pages(self, pages: Sequence[TrackedPage]) -> None:
        """The pages as W&B images, true and found boxes as two layers that can be switched on and off."""
        import wandb

        # one key for each: W&B cannot show images of different sizes under the same one
        images = {
            f"page {number}": wandb.Image(
                page.image,
                caption=page.name,
                boxes={
                    "truth": {"box_data": [_box(xyxy) for xyxy in page.truth], "class_labels": LABEL},
                    "found": {
                        "box_data": [
                            _box(xyxy, float(score)) for xyxy, score in zip(page.found.xyxy, page.found.scores, strict=True)
                        ],
                        "class_labels": LABEL,
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
    """A run of Weights & Biases for the length of the ``with`` block; it fails with the block.

    Online where ``WANDB_API_KEY`` is set and W&B answers; otherwise everything stays in `folder`, and ``wandb sync`` can send it
    later. Without a key no network is touched.

    Args:
        config: what decides the run; shown beside its figures.
        folder: where W&B writes; made if missing.
        run_id: the same id continues the same run, as an interrupted training does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _everything_in(folder):
        run = _start(config, folder, project, run_id)
        failed = True
        try:
            yield WandbTracker(run)
            failed = False
        finally:
            run.finish(exit_code=int(failed))


def _start(config: Mapping[str, Any], folder: Path, project: str, run_id: str | None) -> Any:
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
                init_timeout=SECONDS_TO_ANSWER,
                x_disable_stats=True,
                x_disable_machine_info=True,
            ),
        )

    if not os.environ.get("WANDB_API_KEY"):
        return start("offline")
    try:
        return start("online")
    except wandb.Error as fault:
        reason = str(fault).partition("\n")[0]
        logger.warning("W&B cannot be used (%s): the run is kept in %s; 'wandb sync' sends it later.", reason, folder)
        return start("offline")


@contextmanager
def _everything_in(folder: Path) -> Iterator[None]:
    """W&B's caches, configuration and staging, which would go to the home folder, in `folder`; no reports of its own faults."""
    # a folder named .wandb would be taken for the place of the runs themselves
    here = {name: str(folder / "caches") for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")}
    wanted = here | {"WANDB_ERROR_REPORTING": "false"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _box(xyxy: NDArray[np.float32], score: float | None = None) -> dict[str, Any]:
    x0, y0, x1, y1 = (float(side) for side in xyxy)
    box: dict[str, Any] = {"position": {"minX": x0, "minY": y0, "maxX": x1, "maxY": y1}, "domain": "pixel", "class_id": 0}
    if score is not None:
        box |= {"scores": {"score": score}, "box_caption": f"{score:.2f}"}
    return box
