"""Scores that count what the page's own edges say of each box.

The network scores a box by what it expects of its overlap with the truth, from a page shrunk to its frame. Once the box was
moved to the page's edges, there is more to know: a logistic regression, fitted on training pages and kept in the detector's
manifest, weighs the network's score together with the evidence of the edges, and with the best score elsewhere on the page: who
redacts a page seldom does it once and nearly invisibly, so that a doubtful box on a page without a certain one is mostly none.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.dataset import Frozen
from redaction.detector.edges import Evidence, Fitted, fit_to_edges
from redaction.detector.preprocessing import Page
from redaction.geometry import Detections, Xyxy, iou_matrix, xyxy_to_xywh

LEAST_SCORE = 0.1
"""What the network scores less is not looked at again."""
_SCORE_LIMITS = (1e-3, 1 - 1e-3)
_MOST_ODDS_ELSEWHERE = 4.0
"""As log-odds, either way: a page with one certain box is a redacted page, and more certainty makes it no more so."""
_SAME_PLACE_IOU = 0.1


class Confirmation(Frozen):
    """The coefficients of the logistic regression: of the network's score (as log-odds), of each part of `Evidence`, and of the
    best score elsewhere on the page (as log-odds)."""

    intercept: float
    score: float
    purity: float
    darkness: float
    weakest_side: float
    second_side: float
    company: float = 0.0
    elsewhere: float = 0.0
    """Both 0 in detectors older than these fields, for which they did not count."""

    def scores(self, measured: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that each box lies well on a redaction; `measured` as from `measurements`."""
        evidence = (self.purity, self.darkness, self.weakest_side, self.second_side, self.company)
        weights = (self.score, *evidence, self.elsewhere)
        return np.asarray(1 / (1 + np.exp(-(measured @ np.array(weights) + self.intercept))))


def measurements(scores: NDArray[np.float32], fitted: Fitted) -> NDArray[np.float64]:
    """What is known of each fitted box, shape (n, 7): the network's score as log-odds, its evidence, the best score elsewhere.

    Args:
        scores: the network's, one for each of the boxes that were fitted.
    """
    likely = np.clip(scores[fitted.source].astype(np.float64), *_SCORE_LIMITS)
    odds = np.log(likely / (1 - likely))
    evidence = np.array(fitted.evidence, np.float64).reshape(len(odds), len(Evidence._fields))
    return np.column_stack([odds, evidence, _best_elsewhere(odds, fitted.xyxy)])


def _best_elsewhere(odds: NDArray[np.float64], xyxy: Xyxy) -> NDArray[np.float64]:
    """For each box, the best of those that do not lie where it lies; the lowest value where it is alone."""
    most = _MOST_ODDS_ELSEWHERE
    others = np.where(iou_matrix(xyxy, xyxy) > _SAME_PLACE_IOU, -most, odds[None, :])
    return np.asarray(others.max(axis=1, initial=-most).clip(-most, most))


def confirmed(page: Page, proposals: Detections, confirmation: Confirmation, nms_iou: float) -> Detections:
    """The network's boxes on a page (RGB), moved to its edges and scored anew; of boxes that thereby became one, the best."""
    candidates = proposals.at_least(LEAST_SCORE)
    fitted = fit_to_edges(page, candidates.xyxy)
    scores = confirmation.scores(measurements(candidates.scores, fitted)).astype(np.float32)
    best = surviving(fitted.xyxy, scores, nms_iou)
    return Detections(fitted.xyxy[best], scores[best])


def surviving(xyxy: Xyxy, scores: NDArray[np.float32], nms_iou: float) -> NDArray[np.intp]:
    """Non-maximum suppression: which boxes stay, best first; of two that overlap by more than `nms_iou`, the better one does."""
    if not len(scores):
        return np.zeros(0, np.intp)
    boxes = xyxy_to_xywh(xyxy).astype(np.float64).tolist()
    return np.asarray(cv2.dnn.NMSBoxes(boxes, scores.tolist(), 0.0, nms_iou), np.intp).reshape(-1)
