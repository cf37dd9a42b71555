"""Scores that count what the page's own edges say of each box.

The network scores a box by what it expects of its overlap with the truth, from a page shrunk to its frame. Once the box was
moved to the page's edges, there is more to know: a logistic regression, fitted on training pages and kept in the detector's
manifest, weighs the network's score together with the evidence of the edges, and with the best score of another box of its shade
on the page: who redacts a page does it in one way throughout, so that a doubtful box is mostly one where a certain one looks like
it, and mostly none where nothing on the page does.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.detection.box_features import BoxFeatures, interline_gaps
from redaction.detection.colors import NOISE
from redaction.detection.refinement import RefinedBoxes, refine
from redaction.pages.geometry import Detections, Xyxy, iou_matrix, xyxy_to_xywh
from redaction.pages.image import PageImage
from redaction.values import Frozen

LEAST_SCORE = 0.1
"""What the network scores less is not looked at again."""
_SCORE_LIMITS = (1e-3, 1 - 1e-3)
_MOST_ODDS_OF_ALIKE = 4.0
"""As log-odds, either way: one certain box shows how the page was redacted, and more certainty shows no more."""
_SAME_PLACE_IOU = 0.1
_FRAME = 0.8
"""Of `BoxFeatures.ground`, from which a box is a frame that is drawn on a coloured ground, however straight its lines."""


class Rescoring(Frozen):
    """The coefficients of the logistic regression: of the network's score (as log-odds), of each of the `BoxFeatures`, and of the
    best score of another box of the same shade (as log-odds)."""

    intercept: float
    score: float
    purity: float
    darkness: float
    weakest_side: float
    second_side: float
    ground: float = 0.0
    company: float = 0.0
    alike: float = 0.0
    """These three are 0 in detectors older than them, for which they did not count."""

    def scores(self, measured: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that each box lies well on a redaction; `measured` as from `feature_matrix`."""
        evidence = (self.purity, self.darkness, self.weakest_side, self.second_side, self.ground, self.company)
        weights = (self.score, *evidence, self.alike)
        return np.asarray(1 / (1 + np.exp(-(measured @ np.array(weights) + self.intercept))))


def feature_matrix(scores: NDArray[np.float32], fitted: RefinedBoxes) -> NDArray[np.float64]:
    """What is known of each fitted box, shape (n, 8): the network's score as log-odds, its evidence, and the best score of
    another box of its shade.

    Args:
        scores: the network's, one for each of the boxes that were fitted.
    """
    likely = np.clip(scores[fitted.source].astype(np.float64), *_SCORE_LIMITS)
    odds = np.log(likely / (1 - likely))
    evidence = np.array(fitted.evidence, np.float64).reshape(len(odds), len(BoxFeatures._fields))
    another = (iou_matrix(fitted.xyxy, fitted.xyxy) <= _SAME_PLACE_IOU) & (fitted.source[:, None] != fitted.source)
    alike = another & (np.abs(fitted.fills[:, None] - fitted.fills).max(axis=2) <= NOISE)
    most = _MOST_ODDS_OF_ALIKE
    best_alike = np.where(alike, odds, -most).max(axis=1, initial=-most).clip(-most, most)
    return np.column_stack([odds, evidence, best_alike])


def refine_and_rescore(page: PageImage, proposals: Detections, confirmation: Rescoring, nms_iou: float) -> Detections:
    """The network's boxes on a page (RGB), moved to its edges and scored again; of boxes that thereby became one, the best.

    What cannot be a redaction is left out: gaps between bars, and frames on a coloured ground.
    """
    candidates = proposals.at_least(LEAST_SCORE)
    fitted = refine(page, candidates.xyxy)
    scores = confirmation.scores(feature_matrix(candidates.scores, fitted)).astype(np.float32)
    frames = np.array([seen.ground >= _FRAME for seen in fitted.evidence], np.bool_)
    can_be = ~frames & ~interline_gaps(fitted.xyxy, candidates.scores[fitted.source])
    xyxy, scores = fitted.xyxy[can_be], scores[can_be]
    best = non_maximum_suppression(xyxy, scores, nms_iou)
    return Detections(xyxy[best], scores[best])


def non_maximum_suppression(xyxy: Xyxy, scores: NDArray[np.float32], nms_iou: float) -> NDArray[np.intp]:
    """Non-maximum suppression: which boxes stay, best first; of two that overlap by more than `nms_iou`, the better one does."""
    if not len(scores):
        return np.zeros(0, np.intp)
    boxes = xyxy_to_xywh(xyxy).astype(np.float64).tolist()
    return np.asarray(cv2.dnn.NMSBoxes(boxes, scores.tolist(), 0.0, nms_iou), np.intp).reshape(-1)
