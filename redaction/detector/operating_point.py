"""From which score on a detection counts, chosen on the validation pages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from redaction.detector.artifact import OperatingPoint
from redaction.evaluation import JudgedPage, match

UNDECIDED = OperatingPoint(
    score=0.5, rule="nothing on the validation pages was found, so the middle", precision=0.0, recall=0.0, f1=0.0
)


def choose_operating_point(pages: Sequence[JudgedPage], recall_target: float | None = None) -> OperatingPoint:
    """The score with the best F1; or the highest score that finds `recall_target` of the boxes, if any does.

    Only scores of detections are candidates. Of equally good ones the highest wins, which reports less.
    """
    boxes = sum(len(page.truth) for page in pages)
    scores = np.concatenate([page.detections.scores for page in pages] or [np.zeros(0, np.float32)])
    hits = np.concatenate([match(page.truth, page.detections) for page in pages] or [np.zeros(0, bool)])
    if not hits.any():
        return UNDECIDED
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
    return OperatingPoint(
        # rounded down, so that the detection which set the mark still passes it
        score=math.floor(float(scores[best]) * 1e4) / 1e4,
        rule=rule,
        precision=round(float(precision[best]), 4),
        recall=round(float(recall[best]), 4),
        f1=round(float(f1[best]), 4),
    )
