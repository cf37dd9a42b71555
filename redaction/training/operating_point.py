"""Choosing the operating point on the validation pages, and the recall that they allow to claim for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binomtest, norm

from redaction.detection.artifact import OperatingPoint, RecallClaim
from redaction.evaluation import EvaluatedPage, bootstrap_weights, match
from redaction.values import Frozen

DEFAULT_OPERATING_POINT = OperatingPoint(
    score=0.5, rule="default: no redaction of the validation pages was found", precision=0.0, recall=0.0, f1=0.0
)
CLAIM_CONFIDENCE = 0.95
CLAIM_RESAMPLES = 2000
_BETA = 2
"""Of F-beta: recall weighs twice as much as precision. C. J. van Rijsbergen, Information Retrieval (1979), chapter 7."""
_MIN_SHARE_OF_BEST_F2 = 0.999
"""An F2 from this share of the best on counts as equally good."""
_SMOOTHING_LOG_ODDS = 0.5
"""Standard deviation of the normal distribution over which F2 is averaged (docs/detector.md compares narrower and wider ones)."""


class OperatingPointChoice(Frozen):
    """The operating point, and the recall that it can be expected to reach on other documents."""

    point: OperatingPoint
    claim: RecallClaim | None
    """None where no redaction was found."""


class _Scores(NamedTuple):
    """Scores of all detections and of the true positives, both ascending, and the number of redactions."""

    detections: NDArray[np.float64]
    true_positives: NDArray[np.float64]
    redactions: int

    def counts_at(self, thresholds: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The number of true positives and of detections with at least each score in `thresholds`."""
        return (
            len(self.true_positives) - np.searchsorted(self.true_positives, thresholds),
            len(self.detections) - np.searchsorted(self.detections, thresholds),
        )


def choose_operating_point(pages: Sequence[EvaluatedPage], recall_target: float | None = None) -> OperatingPointChoice:
    """The score around which F2 is best; with `recall_target`, the highest score that reaches this recall, if any does.

    F2 because a missed redaction costs more than a false one.
    """
    detections = np.concatenate([page.detections.scores for page in pages] or [np.zeros(0, np.float32)]).astype(np.float64)
    matched = np.concatenate([match(page.truth, page.detections) for page in pages] or [np.zeros(0, bool)])
    scores = _Scores(np.sort(detections), np.sort(detections[matched]), sum(len(page.truth) for page in pages))
    if not len(scores.true_positives):
        return OperatingPointChoice(point=DEFAULT_OPERATING_POINT, claim=None)
    score, rule = _best_smoothed_f2(scores), "best smoothed F2 on the validation pages"
    if recall_target is not None:
        needed = max(1, math.ceil(recall_target * scores.redactions - 1e-9))
        if needed <= len(scores.true_positives):
            score = scores.true_positives[-needed]
            rule = f"highest score with a recall of {recall_target:g} on the validation pages"
        else:
            rule += f" (no score reaches a recall of {recall_target:g})"
    # rounded down, so that the detection whose score this is still counts
    score = math.floor(score * 1e4) / 1e4
    (true_positives,), (counted,) = scores.counts_at(np.array([score]))
    point = OperatingPoint(
        score=score,
        rule=rule,
        precision=round(float(true_positives / max(1, counted)), 4),
        recall=round(float(true_positives / scores.redactions), 4),
        f1=round(float(2 * true_positives / (counted + scores.redactions)), 4),
    )
    return OperatingPointChoice(point=point, claim=recall_claim(pages, score))


def _best_smoothed_f2(scores: _Scores) -> float:
    """The score with the best F2, averaged over a normal distribution of log-odds around it.

    The score with the best F2 itself varies from page to page, and more so on few pages. Of nearly equal scores the highest is
    taken, because it gives the fewest false detections.
    """
    log_odds = np.linspace(-7, 7, 281)
    thresholds = expit(log_odds)
    true_positives, counted = scores.counts_at(thresholds)
    f2 = (1 + _BETA**2) * true_positives / (counted + _BETA**2 * scores.redactions)
    kernel = norm.pdf(log_odds[:, None], log_odds, _SMOOTHING_LOG_ODDS)
    smoothed = kernel / kernel.sum(axis=1, keepdims=True) @ f2
    smoothed[true_positives == 0] = 0
    return float(thresholds[np.flatnonzero(smoothed >= _MIN_SHARE_OF_BEST_F2 * smoothed.max())[-1]])


def recall_claim(pages: Sequence[EvaluatedPage], score: float, confidence: float = CLAIM_CONFIDENCE) -> RecallClaim | None:
    """A lower confidence bound on the recall at `score` in documents like these; None where no page has a redaction.

    The lower of two one-sided bounds, because each has a blind spot:

    - Clopper-Pearson assumes that boxes are independent. It holds although the score was chosen on the same boxes to reach a
      recall: the share of a population above the k-th best of n draws has the same Beta distribution.
    - The bootstrap over whole documents accounts for boxes of one document being found or missed together, but gives a recall of
      1 where the sample has no miss.
    """
    with_boxes = [page for page in pages if len(page.truth)]
    if not with_boxes:
        return None
    found = np.array([match(page.truth, page.detections.at_least(score)).sum() for page in with_boxes])
    boxes = np.array([len(page.truth) for page in with_boxes])
    exact = binomtest(int(found.sum()), int(boxes.sum()), alternative="greater").proportion_ci(confidence, method="exact")
    weights = bootstrap_weights([page.document for page in with_boxes], CLAIM_RESAMPLES)
    resampled = weights @ found / (weights @ boxes)
    return RecallClaim(
        at_least=math.floor(min(float(exact.low), float(np.quantile(resampled, 1 - confidence))) * 1e4) / 1e4,
        confidence=confidence,
        boxes=int(boxes.sum()),
        documents=len({page.document for page in with_boxes}),
        method=f"lower of the one-sided Clopper-Pearson bound and the {1 - confidence:.0%} quantile over "
        f"{CLAIM_RESAMPLES} bootstrap resamples of documents",
    )
