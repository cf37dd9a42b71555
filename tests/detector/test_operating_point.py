"""The operating point is the score where the validation pages come out best."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.detector.operating_point import UNDECIDED, choose_operating_point
from redaction.evaluation import JudgedPage, figures
from redaction.geometry import Detections, as_xyxy


def page(truth: int, hits: list[float], misses: list[float]) -> JudgedPage:
    """A page with so many redactions, detections of the first ones with the scores `hits`, and false ones with `misses`."""
    boxes = [(0, 20 * row, 10, 20 * row + 10) for row in range(truth)]
    false = [(100, 20 * row, 110, 20 * row + 10) for row in range(len(misses))]
    return JudgedPage(
        "black", as_xyxy(boxes), Detections(as_xyxy(boxes[: len(hits)] + false), np.array(hits + misses, np.float32))
    )


@pytest.mark.parametrize(
    ("pages", "target", "score", "recall"),
    [
        ([page(2, [0.9, 0.6], [0.3])], None, 0.6, 1.0),
        ([page(2, [0.9, 0.2], [0.8, 0.7, 0.6, 0.5])], None, 0.9, 0.5),  # the second redaction costs four false ones
        ([page(2, [0.9, 0.2], [0.8, 0.7, 0.6, 0.5])], 0.9, 0.2, 1.0),  # unless recall is what counts
        ([page(2, [0.9], [0.8])], 0.9, 0.9, 0.5),  # a target out of reach falls back to the best F1
        ([page(1, [0.5], [0.5, 0.5])], None, 0.5, 1.0),  # of equal scores all count, or none
    ],
)
def test_the_score_chosen(pages: list[JudgedPage], target: float | None, score: float, recall: float) -> None:
    point = choose_operating_point(pages, target)
    assert point.score == pytest.approx(score, abs=1e-3)
    assert point.recall == recall


@pytest.mark.parametrize("pages", [[], [page(0, [], [])], [page(3, [], [0.9])]])
def test_where_nothing_was_found_it_says_so(pages: list[JudgedPage]) -> None:
    assert choose_operating_point(pages) == UNDECIDED


scores = st.lists(st.integers(1, 99).map(lambda percent: percent / 100), max_size=6)


@given(st.lists(st.tuples(st.integers(0, 6), scores, scores), min_size=1, max_size=4))
def test_no_other_score_has_a_better_f1_and_the_evaluation_agrees(drawn: list[tuple[int, list[float], list[float]]]) -> None:
    pages = [page(truth, hits[:truth], misses) for truth, hits, misses in drawn]
    point = choose_operating_point(pages)
    if point is UNDECIDED:
        return
    evaluated = figures(pages, point.score)
    assert evaluated.f1 is not None
    every_score = {float(score) for judged in pages for score in judged.detections.scores}
    assert all((figures(pages, score).f1 or 0) <= evaluated.f1 + 1e-3 for score in every_score)
