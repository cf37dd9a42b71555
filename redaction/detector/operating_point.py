"""From which score on a detection counts, chosen on the validation pages, and what they allow one to promise of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import beta

from redaction.dataset import Frozen
from redaction.detector.artifact import OperatingPoint, RecallClaim
from redaction.evaluation import JudgedPage, document_draws, match

UNDECIDED = OperatingPoint(
    score=0.5, rule="nothing on the validation pages was found, so the middle", precision=0.0, recall=0.0, f1=0.0
)
CONFIDENCE = 0.95
RESAMPLES = 2000


class ChosenPoint(Frozen):
    """The operating point, and the recall that it may be trusted to reach on other documents."""

    point: OperatingPoint
    claim: RecallClaim | None
    """None where nothing was found, so that there is nothing to claim."""


def choose_operating_point(pages: Sequence[JudgedPage], recall_target: float | None = None) -> ChosenPoint:
    """The score with the best F1; or the highest score that finds `recall_target` of the boxes, if any does.

    Only scores of detections are candidates. Of equally good ones the highest wins, which reports less.
    """
    boxes = sum(len(page.truth) for page in pages)
    scores = np.concatenate([page.detections.scores for page in pages] or [np.zeros(0, np.float32)])
    hits = np.concatenate([match(page.truth, page.detections) for page in pages] or [np.zeros(0, bool)])
    if not hits.any():
        return ChosenPoint(point=UNDECIDED, claim=None)
    order = np.argsort(-scores, kind="stable")
    scores, found = scores[order], np.cumsum(hits[order])
    # where scores tie, all of them count or none
    last_of_tie = np.append(scores[1:] != scores[:-1], True)
    scores, found, counted = scores[last_of_tie], found[last_of_tie], np.flatnonzero(last_of_tie) + 1
    precision, recall, f1 = found / counted, found / boxes, 2 * found / (counted + boxes)
    best, rule = int(f1.argmax()), "best F1 on the validation pages"
    if recall_target is not None and (recall >= recall_target).any():
        best, rule = (
            int((recall >= recall_target).argmax()),
            f"highest score with a recall of {recall_target:g} on the validation pages",
        )
    elif recall_target is not None:
        rule += f" (a recall of {recall_target:g} was not reached at any score)"
    # rounded down, so that the detection which set the mark still passes it
    score = math.floor(float(scores[best]) * 1e4) / 1e4
    point = OperatingPoint(
        score=score,
        rule=rule,
        precision=round(float(precision[best]), 4),
        recall=round(float(recall[best]), 4),
        f1=round(float(f1[best]), 4),
    )
    return ChosenPoint(point=point, claim=recall_claim(pages, score))


def recall_claim(pages: Sequence[JudgedPage], score: float, confidence: float = CONFIDENCE) -> RecallClaim | None:
    """The recall at `score` that documents like these reach with this confidence; None where no page holds a box.

    The lower of two one-sided bounds, because each is blind to something:

    - Clopper and Pearson's takes boxes for independent of each other. It holds although the score was chosen on these very boxes
      for a recall: the share of a population that lies above the k-th best of n draws has the same Beta distribution.
    - Drawing whole documents anew, with replacement, knows that boxes of a document are found or missed together, but cannot
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
