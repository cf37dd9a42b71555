"""A small valid dataset with real image files, and a fixture to make it invalid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from redaction.dataset import AnnotatedPage, Box, Dataset, Split, Style
from redaction.files import sha256_of_file

WIDTH, HEIGHT = 340, 440


@pytest.fixture(scope="session")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Six documents of two pages in all splits, every page with an image file and three redactions drawn on it."""
    root = tmp_path_factory.mktemp("valid")
    splits = [Split.TRAIN, Split.TRAIN, Split.TRAIN, Split.TRAIN, Split.VALIDATION, Split.TEST]
    return Dataset(root=str(root), pages=tuple(_page(root, d, p, splits[d]) for d in range(6) for p in range(2)))


def _page(root: Path, number: int, index: int, split: Split) -> AnnotatedPage:
    document = f"{number:x}" * 64
    boxes = tuple(
        Box(x0=40, y0=60 + 90 * k + index, x1=40 + 70 * (k + 1), y1=78 + 90 * k + index, style=Style.BLACK) for k in range(3)
    )
    image = np.full((HEIGHT, WIDTH, 3), 245 - number, np.uint8)
    for y in range(30, HEIGHT - 30, 18):
        cv2.line(image, (30, y), (WIDTH - 40, y), (120, 120, 120), 3)
    for box in boxes:
        cv2.rectangle(image, (int(box.x0), int(box.y0)), (int(box.x1) - 1, int(box.y1) - 1), (0, 0, 0), -1)
    path = root / "pages" / document[:8] / f"{index:04d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
    return AnnotatedPage(
        page=f"{document}/{index:04d}",
        document=document,
        image=str(path.relative_to(root)),
        sha256=sha256_of_file(path),
        width=WIDTH,
        height=HEIGHT,
        split=split,
        boxes=boxes,
    )


@pytest.fixture
def corrupt(valid: Dataset) -> Callable[..., Dataset]:
    """`corrupt(0, split=Split.TEST)` is the valid dataset with page 0 in another split."""

    def change(*numbers: int, **update: object) -> Dataset:
        pages = [page.model_copy(update=update) if n in numbers else page for n, page in enumerate(valid.pages)]
        return valid.model_copy(update={"pages": tuple(pages)})

    return change
