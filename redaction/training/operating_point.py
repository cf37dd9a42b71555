"""From which score on a detection counts, chosen on the validation pages, and what they allow one to promise of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import beta, norm

from redaction.detection.artifact import OperatingPoint, RecallClaim
from redaction.evaluation import EvaluatedPage, document_draws, match
from redaction.values import Frozen

UNDECIDED = OperatingPoint(
    score=0.5, rule="nothing on the validation pages was found, so the middle", precision=0.0, recall=0.0, f1=0.0
)
CONFIDENCE = 0.95
RESAMPLES = 2000
_RECALL_WEIGHT = 2
"""C. J. van Rijsbergen, Information Retrieval (1979), chapter 7."""
_AS_GOOD = 0.999
"""Share of the best F2 that is as good."""
_SPREAD = 0.5
"""Of the neighborhood over which F2 is averaged, in log-odds (docs/detector.md says what narrower and wider ones cost)."""


class ChosenPoint(Frozen):
    """The operating point, and the recall that it may be trusted to reach on other documents."""

    point: OperatingPoint
    claim: RecallClaim | None
    """None where nothing was found, so that there is nothing to claim."""


class _Scores(NamedTuple):
    """Scores of all detections and of those that hit a redaction, both ascending, and the number of redactions."""

    all: NDArray[np.float64]
    hits: NDArray[np.float64]
    boxes: int

    def found_and_counted(self, score: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """How many redactions are found, and how many detections count, from each of these scores on."""
        return len(self.hits) - np.searchsorted(self.hits, score), len(self.all) - np.searchsorted(self.all, score)


def choose_operating_point(pages: Sequence[EvaluatedPage], recall_target: float | None = None) -> ChosenPoint:
    """The score around which F2 is best; or the highest score that finds `recall_target` of the boxes, if any does.

    F2, in which recall weighs twice as much as precision: a missed redaction costs more than a false one.
    """
    scores = np.concatenate([page.detections.scores for page in pages] or [np.zeros(0, np.float32)]).astype(np.float64)
    hits = np.concatenate([match(page.truth, page.detections) for page in pages] or [np.zeros(0, bool)])
    judged = _Scores(np.sort(scores), np.sort(scores[hits]), sum(len(page.truth) for page in pages))
    if not len(judged.hits):
        return ChosenPoint(point=UNDECIDED, claim=None)
    score, rule = _best_around(judged), "best F2 around it on the validation pages"
    if recall_target is not None:
        needed = max(1, math.ceil(recall_target * judged.boxes - 1e-9))
        if needed <= len(judged.hits):
            score, rule = judged.hits[-needed], f"highest score with a recall of {recall_target:g} on the validation pages"
        else:
            rule += f" (a recall of {recall_target:g} was not reached at any score)"
    # rounded down, so that the detection which set the mark still passes it
    score = math.floor(score * 1e4) / 1e4
    (found,), (counted,) = judged.found_and_counted(np.array([score]))
    point = OperatingPoint(
        score=score,
        rule=rule,
        precision=round(float(found / max(1, counted)), 4),
        recall=round(float(found / judged.boxes), 4),
        f1=round(float(2 * found / (counted + judged.boxes)), 4),
    )
    return ChosenPoint(point=point, claim=recall_claim(pages, score))


def _best_around(judged: _Scores) -> float:
    """The score in whose neighborhood, by a normal distribution over log-odds, F2 is best on average.

    The score of the best F2 itself moves with every page, the more so the fewer there are. Of nearly equal ones the highest wins,
    which reports less.
    """
    log_odds = np.linspace(-7, 7, 281)
    scores = expit(log_odds)
    found, counted = judged.found_and_counted(scores)
    near = norm.pdf(log_odds[:, None], log_odds, _SPREAD)
    around = (
        near / near.sum(axis=1, keepdims=True) @ ((1 + _RECALL_WEIGHT**2) * found / (counted + _RECALL_WEIGHT**2 * judged.boxes))
    )
    around[found == 0] = 0
    return float(scores[np.flatnonzero(around >= _AS_GOOD * around.max())[-1]])


def recall_claim(pages: Sequence[EvaluatedPage], score: float, confidence: float = CONFIDENCE) -> RecallClaim | None:
    """The recall at `score` that documents like these reach with this confidence; None where no page holds a box.

    The lower of two one-sided bounds, because each is blind to something:

    - Clopper and Pearson's takes boxes for independent of each other. It holds although the score was chosen on these very boxes
      for a recall: the share of a population that lies above the k-th best of n draws has the same Beta distribution.
    - Drawing whole documents again, with replacement, knows that boxes of a document are found or missed together, but cannot
      imagine a miss where there was none.
    """
    with_boxes = [page for page in pages if len(page.truth)]
    if not with_boxes:
        return None
    found = np.array([match(page.truth, page.detections.at_least(score)).sum() for page in with_boxes])
    boxes = np.array([len(page.truth) for page in with_boxes])
    independent = float(beta.ppf(1 - confidence, found.sum(), boxes.sum() - found.sum() + 1)) if found.any() else 0.0
    draws = document_draws([page.document for page in with_boxes], RESAMPLES)
    drawn = draws @ found / (draws @ boxes)
    return RecallClaim(
        at_least=math.floor(min(independent, float(np.quantile(drawn, 1 - confidence))) * 1e4) / 1e4,
        confidence=confidence,
        boxes=int(boxes.sum()),
        documents=len({page.document for page in with_boxes}),
        method=f"lower of the one-sided Clopper-Pearson bound and the {1 - confidence:.0%} quantile over "
        f"{RESAMPLES} draws of documents",
    )
