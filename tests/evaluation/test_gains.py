"""What a candidate gains over the champion, and how sure that is."""

from __future__ import annotations

import numpy as np
import pytest

from redaction.evaluation import EvaluatedPage, Gain, Measure, Part
from redaction.evaluation.gains import Contest, gains
from tests.evaluation.builders import evaluated_page

BOX, ELSEWHERE = [100.0, 100.0, 300.0, 130.0], [100.0, 700.0, 300.0, 730.0]
NOTHING = Contest([], 0.5, [], 0.5)


def redacted(document: int, score: float | None) -> EvaluatedPage:
    """A page with one redaction, found with this score or missed."""
    return evaluated_page([BOX], [] if score is None else [(BOX, score)], document=f"r{document}")


def clean(document: int, false_boxes: int) -> EvaluatedPage:
    """A page without redactions."""
    return evaluated_page([], [(ELSEWHERE, 0.9)] * false_boxes, document=f"c{document}")


def found(test: Contest, synthetic: Contest = NOTHING, confidence: float = 0.95) -> dict[tuple[Part, Measure], Gain]:
    return {(gain.part, gain.measure): gain for gain in gains(test, synthetic, confidence)}


def test_each_detector_counts_at_its_own_operating_point() -> None:
    pages = [redacted(number, 0.3 if number < 4 else 0.8) for number in range(10)]
    gain = found(Contest(pages, 0.2, pages, 0.5))[Part.TEST, Measure.RECALL]
    assert (gain.candidate, gain.champion, gain.value) == pytest.approx((1.0, 0.6, 0.4))


def test_f2_counts_recall_four_times_as_much_as_precision() -> None:
    pages = [redacted(0, 0.9), redacted(1, 0.9), redacted(2, None), clean(3, 2)]
    gain = found(Contest(pages, 0.5, pages, 0.5))[Part.TEST, Measure.F2]
    assert gain.candidate == pytest.approx(5 * 2 / (5 * 2 + 4 * 1 + 2))


def test_fewer_false_boxes_are_a_positive_gain() -> None:
    test = Contest([clean(n, 0) for n in range(20)], 0.5, [clean(n, 1) for n in range(20)], 0.5)
    gain = found(test)[Part.ALL, Measure.FALSE_BOXES]
    assert (gain.candidate, gain.champion, gain.value) == (0.0, 1.0, 1.0)


def test_pages_of_one_document_are_no_independent_evidence() -> None:
    def bounds(documents: int) -> float:
        ours = [redacted(number % documents, 0.9 if number % 4 else None) for number in range(60)]
        theirs = [redacted(number % documents, 0.9) for number in range(60)]
        gain = found(Contest(ours, 0.5, theirs, 0.5))[Part.TEST, Measure.RECALL]
        assert gain.low is not None
        return gain.value - gain.low

    assert bounds(documents=8) > 2 * bounds(documents=60)


def test_a_difference_that_no_page_shows_may_still_exist() -> None:
    """Neither reports anything on n pages: the rule of three, not certainty."""
    for pages in (10, 40):
        same = [clean(number, 0) for number in range(pages)]
        gain = found(Contest(same, 0.5, same, 0.5))[Part.ALL, Measure.FALSE_BOXES]
        assert gain.low == pytest.approx(-3.0 / pages, rel=0.01)


def test_false_boxes_of_test_split_and_panel_are_judged_together_and_the_test_split_also_alone() -> None:
    test = Contest([clean(0, 1)], 0.5, [clean(0, 0)], 0.5)
    panel = Contest([clean(n, 0) for n in range(1, 20)], 0.5, [clean(n, 0) for n in range(1, 20)], 0.5)
    both = found(test, panel)
    assert both[Part.ALL, Measure.FALSE_BOXES].value == pytest.approx(-0.05)
    assert both[Part.TEST, Measure.FALSE_BOXES].value == -1.0
    assert both[Part.TEST, Measure.FALSE_BOXES].low is None, "one document is no evidence"


def test_of_equal_detectors_one_in_twenty_comparisons_at_most_claims_a_gain() -> None:
    """Simulation: both miss a tenth of the redactions and report a tenth of the clean pages, independently of each other."""
    rng = np.random.default_rng(5)

    def side() -> list[EvaluatedPage]:
        return [redacted(n, None if rng.random() < 0.1 else 0.9) for n in range(60)] + [
            clean(n, int(rng.random() < 0.1)) for n in range(40)
        ]

    claims, repetitions = 0, 40
    for _ in range(repetitions):
        compared = found(Contest(side(), 0.5, side(), 0.5), Contest(side(), 0.5, side(), 0.5))
        claims += any(gain.joint_low is not None and gain.joint_low > 0 for gain in compared.values())
    assert claims <= 0.05 * repetitions + 3, claims  # 5 % and twice the standard error of 40 repetitions
