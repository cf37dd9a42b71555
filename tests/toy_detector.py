"""Toy pages that a network of a million parameters learns in seconds, and one detector trained on them, shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from redaction.dataset import AnnotatedPage, Box, Dataset, Split, Style
from redaction.detection.artifact import Detector
from redaction.detection.profiles import TrainingConfig
from redaction.files import sha256_of_file

# With more threads than free cores, torch's threads mostly wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "2")

ToyPage = tuple[NDArray[np.uint8], list[tuple[int, int, int, int]]]
WIDTH, HEIGHT = 340, 440
CONFIG = TrainingConfig(epochs=8, batch_size=2, learning_rate=2e-3, width=160, height=224)


def draw_toy_page(seed: int, bars: int = 3) -> ToyPage:
    """A page (RGB) with lines of scribble and thick black bars over some of them, and the boxes of the bars."""
    rng = np.random.default_rng(seed)
    page = np.full((HEIGHT, WIDTH, 3), 250, np.uint8)
    for y in range(30, HEIGHT - 30, 14):
        for x in range(30, WIDTH - 30, 5):
            cv2.line(page, (x, y), (x + int(rng.integers(0, 4)), y + int(rng.integers(2, 7))), (60, 60, 60), 1)
    boxes = []
    for row in rng.choice(8, size=bars, replace=False):
        x0, y0 = int(rng.integers(30, 120)), 30 + int(row) * 46
        x1, y1 = x0 + int(rng.integers(80, 180)), y0 + int(rng.integers(24, 36))
        page[y0:y1, x0:x1] = 0
        boxes.append((x0, y0, x1, y1))
    return page, boxes


def toy_dataset(folder: Path, pages: int, split: Split, seed: int = 0) -> Dataset:
    """Toy pages as image files with annotations; every fifth page has no redaction."""
    folder.mkdir(parents=True)
    annotated = []
    for number in range(pages):
        image, boxes = draw_toy_page(seed + number, bars=0 if number % 5 == 4 else 3)
        file = folder / f"{number:03d}.png"
        cv2.imwrite(str(file), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        digest = sha256_of_file(file)
        annotated.append(
            AnnotatedPage(
                page=f"{digest}/0000",
                document=digest,
                image=file.name,
                sha256=digest,
                width=WIDTH,
                height=HEIGHT,
                split=split,
                boxes=tuple(Box(x0=x0, y0=y0, x1=x1, y1=y1, style=Style.BLACK) for x0, y0, x1, y1 in boxes),
            )
        )
    return Dataset(root=str(folder), pages=tuple(annotated))


@pytest.fixture(scope="session")
def toy_page() -> Callable[[int], ToyPage]:
    """Function that draws the toy page for a seed."""
    return draw_toy_page


@pytest.fixture(scope="session")
def toy_config() -> TrainingConfig:
    return CONFIG


@pytest.fixture(scope="session")
def toy_training(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return toy_dataset(tmp_path_factory.mktemp("toy") / "train", 30, Split.TRAIN)


@pytest.fixture(scope="session")
def toy_validation(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return toy_dataset(tmp_path_factory.mktemp("toy") / "validation", 6, Split.VALIDATION, seed=1000)


@pytest.fixture(scope="session")
def trainings_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trainings")


@pytest.fixture(scope="session")
def toy_detector(toy_training: Dataset, toy_validation: Dataset, trainings_folder: Path) -> Detector:
    """A detector from a small but real training."""
    from redaction.training.vfnet.training import train

    return train(toy_training, toy_validation, CONFIG, trainings_folder)
