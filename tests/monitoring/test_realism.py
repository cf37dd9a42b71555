"""Synthetic pages compared with real ones: only columns that differ are named."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from redaction.dataset import AnnotatedPage, Box, Dataset, Split, Style, concatenate
from redaction.files import sha256_of_file
from redaction.monitoring.realism import MAX_COMPARED_PAGES, SHOWN_PAGES, Realism, compare_with_real
from redaction.monitoring.realism_report import FEATURES, RESOLUTION_FEATURES


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


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Realism:
    """Ordinary synthetic pages except a dark one; ordinary real pages except one with far higher bars."""
    folder = tmp_path_factory.mktemp("odd")
    real, synthetic = pages(folder / "real", 12, 1), pages(folder / "synthetic", 12, 2)
    dark, tall = pages(folder / "dark", 1, 3, gray=90), pages(folder / "tall", 2, 4, bar_height=36)
    realism = compare_with_real(concatenate(real, tall.where(lambda page: bool(page.boxes))), concatenate(synthetic, dark))
    assert realism is not None
    return realism


def test_the_report_shows_each_feature_side_by_side_and_page_sizes_last(odd: Realism) -> None:
    own, evidently = odd.html.split("<iframe")
    titles = re.findall(r"<b>([^<]+)</b><span class=\"distance\">([\d.]+)", own)
    shown = [(FEATURES[name][0], distance) for name, distance in odd.distances.items() if name not in RESOLUTION_FEATURES]
    assert titles[:-2] == [(title, f"{distance:.2f}") for title, distance in sorted(shown, key=lambda f: -f[1])]
    assert [title for title, _ in titles[-2:]] == ["Page width", "Page height"]
    assert own.count("<svg") == len(titles) == len(odd.distances)
    assert "Index binned" not in own
    assert "Evidently" in evidently


def test_the_report_needs_no_other_host(odd: Realism) -> None:
    own, _ = odd.html.split("<iframe")
    assert {source[:22] for source in re.findall(r'(?:src|href)="([^"]*)"', own)} == {"data:image/jpeg;base64"}
    assert not re.findall(r"url\(|<script|@import|https?:", own)


def test_the_least_real_pages_come_first_with_what_differs(odd: Realism) -> None:
    synthetic, real = odd.html.split("<iframe")[0].split("<h2>")[1:]
    assert synthetic.startswith("Synthetic pages least like real ones")
    captions = [re.findall(r"<figcaption>(.*?)</figcaption>", gallery) for gallery in (synthetic, real)]
    assert [len(gallery) for gallery in captions] == [SHOWN_PAGES, SHOWN_PAGES]
    assert re.search(r"Brightness 8\d|Brightness 9\d", captions[0][0])
    assert "Redaction height 0.2" in captions[1][0]


def test_the_thumbnails_are_the_pages(odd: Realism) -> None:
    picture = re.findall(r"data:image/jpeg;base64,([^\"]+)", odd.html)[0]
    thumbnail = cv2.imdecode(np.frombuffer(base64.b64decode(picture), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert thumbnail is not None
    assert np.median(thumbnail) == pytest.approx(90, abs=4)


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
