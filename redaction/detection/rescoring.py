"""Rescoring: a logistic regression turns a proposal's score and the features of its refined box into the detection's score.

The network scores a proposal by the overlap with the ground truth that it expects, on a page reduced to its input size. More is
known of the refined box: how it is filled, how well its sides lie on edges, and whether another box with the same color on the
page scores well. Redactions on a page look alike, so a confident one supports a weak one. The coefficients are fitted on training
pages (`redaction.training.rescoring_fit`) and are part of the detector's manifest.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field

from redaction.detection.box_features import BoxFeatures, interline_gaps
from redaction.detection.colors import MAX_NOISE
from redaction.detection.refinement import RefinedBoxes, refine
from redaction.pages.geometry import Detections, Xyxy, iou_matrix, xyxy_to_xywh
from redaction.pages.image import PageImage
from redaction.values import Frozen

MIN_PROPOSAL_SCORE = 0.1
"""Proposals with a lower score are dropped before refinement."""
_PROBABILITY_LIMITS = (1e-3, 1 - 1e-3)
_MAX_SAME_COLOR_LOG_ODDS = 4.0
"""Limit in both directions: one confident box shows how the page was redacted, and more confidence adds nothing."""
_MAX_IOU_OF_ANOTHER_BOX = 0.1
_MIN_FRAME_FILL_BEYOND = 0.8
"""`BoxFeatures.fill_beyond` from which a box is a frame drawn on a colored background, however straight its lines are."""


class Rescoring(Frozen):
    """The coefficients of the logistic regression.

    They belong to the network's score (as log-odds), to each of the `BoxFeatures`, and to the best score of another box with the
    same color (as log-odds). The coefficients with a default are missing in older detectors, which did not use these features.
    """

    intercept: float
    score: float
    purity: float
    darkness: float
    weakest_side: float
    second_side: float
    fill_beyond: float = Field(0.0, validation_alias=AliasChoices("fill_beyond", "ground"))
    row_neighbors: float = Field(0.0, validation_alias=AliasChoices("row_neighbors", "company"))
    same_color_score: float = Field(0.0, validation_alias=AliasChoices("same_color_score", "alike"))

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that each box lies well on a redaction; `features` as from `feature_matrix`."""
        of_box = (self.purity, self.darkness, self.weakest_side, self.second_side, self.fill_beyond, self.row_neighbors)
        weights = (self.score, *of_box, self.same_color_score)
        return np.asarray(1 / (1 + np.exp(-(features @ np.array(weights) + self.intercept))))


def feature_matrix(scores: NDArray[np.float32], refined: RefinedBoxes) -> NDArray[np.float64]:
    """The features of each refined box, shape (n, 8): score as log-odds, `BoxFeatures`, best score of another box of its color.

    Args:
        scores: of the proposals that were refined.
        refined: their refined boxes.
    """
    probabilities = np.clip(scores[refined.source].astype(np.float64), *_PROBABILITY_LIMITS)
    log_odds = np.log(probabilities / (1 - probabilities))
    of_box = np.array(refined.features, np.float64).reshape(len(log_odds), len(BoxFeatures._fields))
    elsewhere = iou_matrix(refined.xyxy, refined.xyxy) <= _MAX_IOU_OF_ANOTHER_BOX
    another = elsewhere & (refined.source[:, None] != refined.source)
    same_color = another & (np.abs(refined.fills[:, None] - refined.fills).max(axis=2) <= MAX_NOISE)
    limit = _MAX_SAME_COLOR_LOG_ODDS
    best_same_color = np.where(same_color, log_odds, -limit).max(axis=1, initial=-limit).clip(-limit, limit)
    return np.column_stack([log_odds, of_box, best_same_color])


def refine_and_rescore(page: PageImage, proposals: Detections, rescoring: Rescoring, nms_iou: float) -> Detections:
    """Turn a page's proposals into detections.

    Interline gaps and frames on a colored background are dropped. Of boxes that overlap, the best is kept.
    """
    candidates = proposals.at_least(MIN_PROPOSAL_SCORE)
    refined = refine(page, candidates.xyxy)
    scores = rescoring.probabilities(feature_matrix(candidates.scores, refined)).astype(np.float32)
    frames = np.array([features.fill_beyond >= _MIN_FRAME_FILL_BEYOND for features in refined.features], np.bool_)
    possible = ~frames & ~interline_gaps(refined.xyxy, candidates.scores[refined.source])
    xyxy, scores = refined.xyxy[possible], scores[possible]
    kept = non_maximum_suppression(xyxy, scores, nms_iou)
    return Detections(xyxy[kept], scores[kept])


def non_maximum_suppression(xyxy: Xyxy, scores: NDArray[np.float32], nms_iou: float) -> NDArray[np.intp]:
    """The rows of the boxes to keep, best first: of two that overlap by more than `nms_iou`, the better one."""
    if not len(scores):
        return np.zeros(0, np.intp)
    boxes = xyxy_to_xywh(xyxy).astype(np.float64).tolist()
    return np.asarray(cv2.dnn.NMSBoxes(boxes, scores.tolist(), 0.0, nms_iou), np.intp).reshape(-1)
