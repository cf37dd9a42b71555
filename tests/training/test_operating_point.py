"""The operating point is the score where the validation pages come out best."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.evaluation import EvaluatedPage, figures
from redaction.pages.geometry import Detections, as_xyxy
from redaction.training.operating_point import UNDECIDED, choose_operating_point, recall_claim


def page(truth: int, hits: list[float], misses: list[float], document: str = "") -> EvaluatedPage:
    """A page with so many redactions, detections of the first ones with the scores `hits`, and false ones with `misses`."""
    boxes = [(0, 20 * row, 10, 20 * row + 10) for row in range(truth)]
    false = [(100, 20 * row, 110, 20 * row + 10) for row in range(len(misses))]
    return EvaluatedPage(
        "black",
        as_xyxy(boxes),
        Detections(as_xyxy(boxes[: len(hits)] + false), np.array(hits + misses, np.float32)),
        document=document,
    )


@pytest.mark.parametrize(
    ("pages", "between", "recall", "precision"),
    [
        ([page(2, [0.9, 0.8], [0.1])], (0.1, 0.8), 1.0, 1.0),  # in the gap between what is and what is not
        ([page(6, [0.9] * 6, [0.2] * 6)], (0.4, 0.7), 1.0, 1.0),  # well within it, not at its end
        ([page(1, [0.01], [])], (0.0, 0.01), 1.0, 1.0),  # however low the score
        ([page(3000, [0.6], [])], (0.0, 0.6), 0.0003, 1.0),  # however little is found
        ([page(20, [0.9] * 10 + [0.1] * 10, [0.5] * 99)], (0.5, 0.9), 0.5, 1.0),  # ten redactions cost 99 false ones
        ([page(20, [0.9] * 10 + [0.1] * 10, [0.5] * 12)], (0.0, 0.1), 1.0, 0.625),  # but twelve they may: recall weighs more
        # one page's peak is narrow: on the next page the box at .95 is found at .93 and the false one at .93 scores .95
        ([page(20, [0.95, *[0.7] * 19], [0.93, *[0.2] * 30])], (0.2, 0.7), 1.0, 0.9524),
    ],
)
def test_the_score_chosen_is_amid_good_ones(
    pages: list[EvaluatedPage], between: tuple[float, float], recall: float, precision: float
) -> None:
    point = choose_operating_point(pages).point
    assert between[0] < point.score <= between[1]
    assert (point.recall, point.precision) == (recall, precision)


@pytest.mark.parametrize(
    ("pages", "target", "score", "recall"),
    [
        ([page(2, [0.9, 0.2], [0.8, 0.7, 0.6, 0.5])], 0.9, 0.2, 1.0),  # whatever false boxes it costs
        ([page(4, [0.9, 0.8, 0.7, 0.6], [])], 0.75, 0.7, 0.75),  # and no lower than the target needs
        ([page(100, [0.9] * 54 + [0.3], [])], 0.55, 0.3, 0.55),  # whose product with the boxes is 55.000000000000007
    ],
)
def test_a_target_of_recall_is_met_by_the_highest_score_that_does(
    pages: list[EvaluatedPage], target: float, score: float, recall: float
) -> None:
    point = choose_operating_point(pages, target).point
    assert point.score == pytest.approx(score, abs=1e-3)
    assert point.recall == recall


def test_a_target_out_of_reach_falls_back_to_the_best_f2_and_says_so() -> None:
    pages = [page(2, [0.9], [0.8])]
    point = choose_operating_point(pages, 0.9).point
    assert point.score == choose_operating_point(pages).point.score
    assert "was not reached" in point.rule


@pytest.mark.parametrize("pages", [[], [page(0, [], [])], [page(3, [], [0.9])]])
def test_where_nothing_was_found_it_says_so(pages: list[EvaluatedPage]) -> None:
    chosen = choose_operating_point(pages)
    assert (chosen.point, chosen.claim) == (UNDECIDED, None)


def test_nothing_missed_is_not_a_promise_of_everything() -> None:
    """It takes 59 boxes, all found, to say 95 % with 95 % confidence: .95 ** 58 is .051, .95 ** 59 is .048."""
    pages = [page(1, [0.9], [], document=str(number)) for number in range(59)]
    promised = choose_operating_point(pages, 0.95).claim
    assert promised is not None
    assert (promised.boxes, promised.documents, promised.confidence) == (59, 59, 0.95)
    assert promised.at_least == pytest.approx(0.05 ** (1 / 59), abs=1e-4)
    fewer = recall_claim(pages[:58], 0.5)
    assert fewer is not None
    assert fewer.at_least < 0.95 < promised.at_least


def test_misses_that_come_together_weigh_more_than_as_many_apart() -> None:
    """40 boxes are missed of 400: in one document of ten, or a few in each."""
    together = [page(40, [0.9] * 40 if number else [], [], document=str(number)) for number in range(10)]
    apart = [page(40, [0.9] * 36, [], document=str(number)) for number in range(10)]
    bounds = [recall_claim(pages, 0.5) for pages in (together, apart)]
    assert bounds[0] is not None
    assert bounds[1] is not None
    assert bounds[0].at_least < 0.75
    assert bounds[1].at_least == pytest.approx(
        0.872, abs=0.002
    )  # Clopper and Pearson's, as tables have it: boxes stay independent


def test_there_is_no_claim_without_boxes_and_none_worth_anything_without_hits() -> None:
    assert recall_claim([page(0, [], [0.9])], 0.5) is None
    blind = recall_claim([page(3, [], [0.9])], 0.5)
    assert blind is not None
    assert blind.at_least == 0.0


scores = st.lists(st.integers(1, 99).map(lambda percent: percent / 100), max_size=6)
drawn_pages = st.lists(st.tuples(st.integers(0, 6), scores, scores), min_size=1, max_size=4)


@given(drawn_pages, st.sampled_from([None, 0.5, 0.9]))
def test_the_figures_at_the_point_are_the_evaluations(
    drawn: list[tuple[int, list[float], list[float]]], target: float | None
) -> None:
    pages = [page(truth, hits[:truth], misses) for truth, hits, misses in drawn]
    point = choose_operating_point(pages, target).point
    if point is UNDECIDED:
        return
    evaluated = figures(pages, point.score)
    assert point.recall > 0
    assert [point.precision, point.recall, point.f1] == pytest.approx(
        [evaluated.precision or 0, evaluated.recall, evaluated.f1], abs=1e-4
    )


def test_it_moves_less_from_one_set_of_pages_to_the_next_than_the_best_f2_does() -> None:
    """As a detector scores: redactions around .85, other things around .15, three of either on each of ten pages."""
    rng = np.random.default_rng(5)

    def drawn(mean: float) -> list[float]:
        return (1 / (1 + np.exp(-rng.normal(mean, 1.5, 3)))).tolist()

    def f2(pages: list[EvaluatedPage], score: float) -> float:
        at_it = figures(pages, score)
        precision, recall = at_it.precision or 0.0, at_it.recall or 0.0
        return 5 * precision * recall / (4 * precision + recall) if recall else 0.0

    def best_f2(pages: list[EvaluatedPage]) -> float:
        candidates = sorted(float(score) for judged in pages for score in judged.detections.scores)
        return max(candidates, key=lambda score: f2(pages, score))

    sets = [[page(3, drawn(1.7), drawn(-1.7)) for _ in range(10)] for _ in range(20)]
    points = [choose_operating_point(pages).point.score for pages in sets]
    assert np.std(points) < 0.85 * np.std([best_f2(pages) for pages in sets])
