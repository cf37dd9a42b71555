"""Synthetic pages compared with real ones: only columns that differ are named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from redaction.dataset import AnnotatedPage, Box, Dataset, Split, Style
from redaction.files import sha256_of_file
from redaction.monitoring.realism import MAX_COMPARED_PAGES, compare_with_real


def pages(folder: Path, count: int, seed: int, gray: int = 250, bar_height: int = 12) -> Dataset:
    """Noisy pages of this gray level, two of three with one to three bars."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        image = np.clip(rng.normal(gray, 4, (140, 100, 3)), 0, 255).astype(np.uint8)
        boxes = []
        for bar in range(int(rng.integers(1, 4)) if number % 3 else 0):
            x, y = int(rng.integers(5, 30)), 10 + 40 * bar
            width, height = int(rng.integers(20, 60)), bar_height + int(rng.integers(0, 4))
            image[y : y + height, x : x + width] = 0
            boxes.append(Box(x0=x, y0=y, x1=x + width, y1=y + height, style=Style.BLACK))
        file = folder / f"{number}.png"
        cv2.imwrite(str(file), image)
        digest = sha256_of_file(file)
        made.append(
            AnnotatedPage(
                page=f"{digest}/0000",
                document=digest,
                image=file.name,
                sha256=digest,
                width=100,
                height=140,
                split=Split.TRAIN,
                boxes=tuple(boxes),
            )
        )
    return Dataset(root=str(folder), pages=tuple(made))


def test_pages_of_the_same_kind_do_not_differ(tmp_path: Path) -> None:
    realism = compare_with_real(pages(tmp_path / "real", 60, 1), pages(tmp_path / "synthetic", 60, 2))
    assert realism is not None
    assert (realism.real_pages, realism.synthetic_pages) == (60, 60)
    assert realism.differing_columns == ()
    assert realism.distances["width"] == 0


def test_darker_paper_and_taller_bars_are_named(tmp_path: Path) -> None:
    realism = compare_with_real(pages(tmp_path / "real", 40, 1), pages(tmp_path / "synthetic", 40, 2, gray=200, bar_height=24))
    assert realism is not None
    assert realism.distances["brightness"] == 1
    assert realism.distances["box_height"] == 1, "pages without boxes are ignored"
    assert {"brightness", "box_height"} <= set(realism.differing_columns)
    assert "box_width" not in realism.differing_columns
    assert "<html" in realism.html
    assert "box_height" in realism.html


def test_without_boxes_on_one_side_only_page_features_are_compared(tmp_path: Path) -> None:
    real = pages(tmp_path / "real", 1, 1)
    realism = compare_with_real(real, pages(tmp_path / "synthetic", 12, 2))
    assert realism is not None
    assert "box_height" not in realism.distances
    assert "sharpness" in realism.distances


def test_many_pages_are_sampled(tmp_path: Path) -> None:
    few = pages(tmp_path / "few", 3, 1)
    many = few.model_copy(update={"pages": few.pages * 200})
    realism = compare_with_real(many, few)
    assert realism is not None
    assert realism.real_pages == MAX_COMPARED_PAGES


def test_without_real_pages_there_is_nothing_to_compare(tmp_path: Path) -> None:
    synthetic = pages(tmp_path / "synthetic", 2, 1)
    assert compare_with_real(synthetic.model_copy(update={"pages": ()}), synthetic) is None
