"""The operating point is the score with the best smoothed F2, or the highest one that reaches a target recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.evaluation import EvaluatedPage, compute_metrics
from redaction.pages.geometry import Detections, as_xyxy
from redaction.training.operating_point import DEFAULT_OPERATING_POINT, choose_operating_point, recall_claim


def page(truth: int, true_scores: list[float], false_scores: list[float], document: str = "") -> EvaluatedPage:
    """A page with `truth` redactions, true positives with the scores `true_scores`, and false positives with `false_scores`."""
    boxes = [(0, 20 * row, 10, 20 * row + 10) for row in range(truth)]
    false = [(100, 20 * row, 110, 20 * row + 10) for row in range(len(false_scores))]
    return EvaluatedPage(
        "black",
        as_xyxy(boxes),
        Detections(as_xyxy(boxes[: len(true_scores)] + false), np.array(true_scores + false_scores, np.float32)),
        document=document,
    )


@pytest.mark.parametrize(
    ("pages", "between", "recall", "precision"),
    [
        ([page(2, [0.9, 0.8], [0.1])], (0.1, 0.8), 1.0, 1.0),  # between true and false positives
        ([page(6, [0.9] * 6, [0.2] * 6)], (0.4, 0.7), 1.0, 1.0),  # well between them, not at the end
        ([page(1, [0.01], [])], (0.0, 0.01), 1.0, 1.0),  # however low the score
        ([page(3000, [0.6], [])], (0.0, 0.6), 0.0003, 1.0),  # however little is found
        ([page(20, [0.9] * 10 + [0.1] * 10, [0.5] * 99)], (0.5, 0.9), 0.5, 1.0),  # ten more are not worth 99 false positives
        ([page(20, [0.9] * 10 + [0.1] * 10, [0.5] * 12)], (0.0, 0.1), 1.0, 0.625),  # but worth twelve: recall weighs more
        # the best F2 is at a narrow peak: on the next page the scores .95 (true) and .93 (false) may be swapped
        ([page(20, [0.95, *[0.7] * 19], [0.93, *[0.2] * 30])], (0.2, 0.7), 1.0, 0.9524),
    ],
)
def test_the_score_has_good_scores_on_both_sides(
    pages: list[EvaluatedPage], between: tuple[float, float], recall: float, precision: float
) -> None:
    point = choose_operating_point(pages).point
    assert between[0] < point.score <= between[1]
    assert (point.recall, point.precision) == (recall, precision)


@pytest.mark.parametrize(
    ("pages", "target", "score", "recall"),
    [
        ([page(2, [0.9, 0.2], [0.8, 0.7, 0.6, 0.5])], 0.9, 0.2, 1.0),  # however many false positives that costs
        ([page(4, [0.9, 0.8, 0.7, 0.6], [])], 0.75, 0.7, 0.75),  # and no lower than needed
        ([page(100, [0.9] * 54 + [0.3], [])], 0.55, 0.3, 0.55),  # 0.55 * 100 is 55.000000000000007
    ],
)
def test_a_recall_target_selects_the_highest_score_that_reaches_it(
    pages: list[EvaluatedPage], target: float, score: float, recall: float
) -> None:
    point = choose_operating_point(pages, target).point
    assert point.score == pytest.approx(score, abs=1e-3)
    assert point.recall == recall


def test_an_unreachable_recall_target_falls_back_to_the_best_f2_and_the_rule_mentions_it() -> None:
    pages = [page(2, [0.9], [0.8])]
    point = choose_operating_point(pages, 0.9).point
    assert point.score == choose_operating_point(pages).point.score
    assert "no score reaches a recall of 0.9" in point.rule


@pytest.mark.parametrize("pages", [[], [page(0, [], [])], [page(3, [], [0.9])]])
def test_without_true_positives_the_default_is_returned_without_a_claim(pages: list[EvaluatedPage]) -> None:
    chosen = choose_operating_point(pages)
    assert (chosen.point, chosen.claim) == (DEFAULT_OPERATING_POINT, None)


def test_a_recall_of_one_does_not_give_a_claim_of_one() -> None:
    """To claim 95 % with 95 % confidence takes 59 boxes, all found: .95 ** 58 is .051, .95 ** 59 is .048."""
    pages = [page(1, [0.9], [], document=str(number)) for number in range(59)]
    claim = choose_operating_point(pages, 0.95).claim
    assert claim is not None
    assert (claim.boxes, claim.documents, claim.confidence) == (59, 59, 0.95)
    assert claim.at_least == pytest.approx(0.05 ** (1 / 59), abs=1e-4)
    smaller = recall_claim(pages[:58], 0.5)
    assert smaller is not None
    assert smaller.at_least < 0.95 < claim.at_least


def test_misses_in_one_document_lower_the_claim_more_than_the_same_number_spread_over_all() -> None:
    """40 of 400 boxes are missed: all in one of ten documents, or four in each."""
    clustered = [page(40, [0.9] * 40 if number else [], [], document=str(number)) for number in range(10)]
    spread = [page(40, [0.9] * 36, [], document=str(number)) for number in range(10)]
    bounds = [recall_claim(pages, 0.5) for pages in (clustered, spread)]
    assert bounds[0] is not None
    assert bounds[1] is not None
    assert bounds[0].at_least < 0.75
    # the published Clopper-Pearson bound, for independent boxes
    assert bounds[1].at_least == pytest.approx(0.872, abs=0.002)


def test_there_is_no_claim_without_redactions_and_a_claim_of_zero_without_true_positives() -> None:
    assert recall_claim([page(0, [], [0.9])], 0.5) is None
    nothing_found = recall_claim([page(3, [], [0.9])], 0.5)
    assert nothing_found is not None
    assert nothing_found.at_least == 0.0


scores = st.lists(st.integers(1, 99).map(lambda percent: percent / 100), max_size=6)
drawn_pages = st.lists(st.tuples(st.integers(0, 6), scores, scores), min_size=1, max_size=4)


@given(drawn_pages, st.sampled_from([None, 0.5, 0.9]))
def test_the_metrics_at_the_point_equal_the_evaluation(
    drawn: list[tuple[int, list[float], list[float]]], target: float | None
) -> None:
    pages = [page(truth, true_scores[:truth], false_scores) for truth, true_scores, false_scores in drawn]
    point = choose_operating_point(pages, target).point
    if point is DEFAULT_OPERATING_POINT:
        return
    evaluated = compute_metrics(pages, point.score)
    assert point.recall > 0
    assert [point.precision, point.recall, point.f1] == pytest.approx(
        [evaluated.precision or 0, evaluated.recall, evaluated.f1], abs=1e-4
    )


def test_it_varies_less_between_sets_of_pages_than_the_score_with_the_best_f2() -> None:
    """Realistic scores: true positives around .85, false positives around .15, three of each on each of ten pages."""
    rng = np.random.default_rng(5)

    def drawn(mean: float) -> list[float]:
        return (1 / (1 + np.exp(-rng.normal(mean, 1.5, 3)))).tolist()

    def f2(pages: list[EvaluatedPage], score: float) -> float:
        metrics = compute_metrics(pages, score)
        precision, recall = metrics.precision or 0.0, metrics.recall or 0.0
        return 5 * precision * recall / (4 * precision + recall) if recall else 0.0

    def best_f2(pages: list[EvaluatedPage]) -> float:
        candidates = sorted(float(score) for evaluated in pages for score in evaluated.detections.scores)
        return max(candidates, key=lambda score: f2(pages, score))

    sets = [[page(3, drawn(1.7), drawn(-1.7)) for _ in range(10)] for _ in range(20)]
    points = [choose_operating_point(pages).point.score for pages in sets]
    assert np.std(points) < 0.85 * np.std([best_f2(pages) for pages in sets])
