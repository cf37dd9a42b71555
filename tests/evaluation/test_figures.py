"""Figures of a detector, by hand-counted cases and against two other implementations."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from redaction.dataset import AnnotatedPage, Box, Split, Style
from redaction.evaluation import JudgedPage, average_precision, evaluate, figures, match, page_style
from redaction.geometry import Detections, as_xyxy, xyxy_to_xywh

HERE = [0, 0, 10, 10]
BESIDE = [20, 0, 30, 10]
FAR = [100, 100, 110, 110]


def judged(truth: list[list[float]], found: list[tuple[list[float], float]], style: str = "black") -> JudgedPage:
    detections = Detections(as_xyxy([box for box, _ in found]), np.array([score for _, score in found], np.float32))
    return JudgedPage(style, as_xyxy(truth), detections)


@pytest.mark.parametrize(
    ("truth", "found", "expected"),
    [
        ([HERE], [(HERE, 0.9)], [True]),
        ([HERE], [(FAR, 0.9)], [False]),
        ([HERE], [(HERE, 0.9), (HERE, 0.8)], [True, False]),  # the second one finds nothing new
        ([HERE], [([0, 0, 10, 5.1], 0.9)], [True]),
        ([HERE], [([0, 0, 10, 5], 0.9)], [False]),  # exactly half of it is not enough
        ([], [(HERE, 0.9)], [False]),
        ([HERE, BESIDE], [], []),
    ],
)
def test_a_box_is_found_once_and_by_at_least_half(truth: list, found: list, expected: list[bool]) -> None:
    page = judged(truth, found)
    assert match(page.truth, page.detections).tolist() == expected


def test_figures_counted_by_hand() -> None:
    pages = [
        judged([HERE, BESIDE], [(HERE, 0.9), (FAR, 0.8), (BESIDE, 0.2)]),  # BESIDE is below the operating point
        judged([], [(FAR, 0.7)], "no redaction"),
    ]
    counted = figures(pages, operating_point=0.5)
    assert (counted.pages, counted.boxes, counted.false_positives) == (2, 2, 2)
    assert counted.recall == 1 / 2
    assert counted.precision == 1 / 3
    assert counted.f1 == pytest.approx(2 * 1 / (2 * 1 + 2 + 1))
    # precision is 1 up to recall .5 (51 of the 101 points), and 2/4 beyond (50 points)
    assert counted.ap50 == pytest.approx((51 * 1 + 50 * 0.5) / 101)


def test_a_figure_that_cannot_be_had_is_missing_and_not_zero() -> None:
    nothing = figures([judged([], [], "no redaction")], operating_point=0.5)
    assert (nothing.ap, nothing.ap50, nothing.precision, nothing.recall, nothing.f1) == (None,) * 5
    blind = figures([judged([HERE], [])], operating_point=0.5)
    assert (blind.ap, blind.ap50, blind.precision, blind.recall, blind.f1) == (0.0, 0.0, None, 0.0, 0.0)


def test_more_than_a_hundred_redactions_on_a_page_all_count() -> None:
    boxes = [[x * 20, y * 20, x * 20 + 10, y * 20 + 10] for x in range(15) for y in range(15)]
    assert average_precision([judged(boxes, [(box, 0.9) for box in boxes])]) == (1.0, 1.0)


def page(*styles: Style) -> AnnotatedPage:
    boxes = tuple(Box(x0=i, y0=0, x1=i + 1, y1=1, style=style) for i, style in enumerate(styles))
    return AnnotatedPage(page="d/0000", document="d", image="i", sha256="s", width=9, height=9, split=Split.TEST, boxes=boxes)


def test_the_style_of_a_page_is_what_its_redactions_share() -> None:
    assert page_style(page()) == "no redaction"
    assert page_style(page(Style.GREY, Style.GREY)) == "grey"
    assert page_style(page(Style.GREY, Style.BLACK)) == "mixed"


def test_false_positives_are_also_counted_where_nothing_is_redacted() -> None:
    pages = [judged([], [(HERE, 0.9), (FAR, 0.1)], "no redaction"), judged([], [], "no redaction"), judged([HERE], [(HERE, 0.9)])]
    evaluation = evaluate(pages, "p", version="v", detector_digest="d", operating_point=0.5)
    assert evaluation.false_positives_per_clean_page == 1 / 2
    assert evaluation.by_style["black"].recall == 1.0


def test_the_figures_agree_with_an_independent_scorer(tmp_path: Path, real_dev: Path) -> None:
    """The same predictions, a jittered copy of the truth with some noise, through the scorer that ships with the real pages."""
    random = np.random.default_rng(7)
    truth = json.loads((real_dev / "annotations.json").read_text())
    pages, results = [], []
    for image in truth["images"]:
        boxes = as_xyxy(
            [[x, y, x + w, y + h] for x, y, w, h in (a["bbox"] for a in truth["annotations"] if a["image_id"] == image["id"])]
        )
        noise = random.uniform(0, 500, (int(random.integers(0, 3)), 2)).astype(np.float32)
        found = np.concatenate([boxes + random.normal(0, 3, boxes.shape), np.concatenate([noise, noise + 40], axis=1)])
        found = found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])]
        detections = Detections(as_xyxy(found), random.uniform(0, 1, len(found)).astype(np.float32))
        pages.append(JudgedPage("x", boxes, detections))
        for box, score in zip(xyxy_to_xywh(detections.xyxy).tolist(), detections.scores.tolist(), strict=True):
            results.append({"image_id": image["id"], "bbox": box, "score": score})
    (tmp_path / "predictions.json").write_text(json.dumps(results))
    scorer = real_dev.parent.parent / "tools" / "score.py"
    command = [sys.executable, str(scorer), str(real_dev / "annotations.json"), str(tmp_path / "predictions.json")]
    table = subprocess.run([*command, "--threshold", "0.4"], check=True, capture_output=True, text=True).stdout
    precision, recall, f1, _, ap50, ap = (float(cell) for cell in table.splitlines()[-1].split()[3:9])
    ours = figures(pages, operating_point=0.4)
    assert (ours.precision, ours.recall, ours.f1, ours.ap50, ours.ap) == pytest.approx(
        (precision, recall, f1, ap50, ap), abs=1e-3
    )
