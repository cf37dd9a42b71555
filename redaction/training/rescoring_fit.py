"""Learning how much to trust the edges of a page: the coefficients of `redaction.detection.rescoring`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from redaction.dataset import AnnotatedPage, Dataset
from redaction.detection.predictor import Predictor
from redaction.detection.refinement import refine
from redaction.detection.rescoring import LEAST_SCORE, Rescoring, feature_matrix
from redaction.pages.geometry import iou_matrix
from redaction.pages.image import page_from_file

MOST_PAGES = 600
"""Some thirty thousand boxes, for nine coefficients: from 250 pages the coefficients, and what they let pass, still varied."""
LIES_WELL_IOU = 0.7
"""Stricter than the 0.5 of the evaluation: the box that ends where the redaction ends is to win over the one that nearly does."""
FEWEST_BOXES = 50
"""Of either kind; from fewer nothing is learnt."""


def fit_rescoring(predictor: Predictor, training: Dataset) -> Rescoring | None:
    """Coefficients that tell the network's boxes that lie well on a redaction from the others, on up to 600 training pages.

    Training pages, because the validation pages choose the operating point afterwards. None where the network proposes too few
    boxes, right or wrong, to learn from.
    """
    pages = training.pages[:: max(1, len(training.pages) // MOST_PAGES)][:MOST_PAGES]
    looked_at = [_boxes_of(predictor, training, page) for page in pages]
    measured, lies_well = (np.concatenate(parts) for parts in zip(*looked_at, strict=True))
    if min(lies_well.sum(), (~lies_well).sum()) < FEWEST_BOXES:
        return None
    scaler, regression = make_pipeline(StandardScaler(), LogisticRegression()).fit(measured, lies_well).named_steps.values()
    weights: Sequence[float] = regression.coef_[0] / scaler.scale_
    intercept = float(regression.intercept_[0] - weights @ scaler.mean_)
    rounded = (round(float(weight), 4) for weight in (intercept, *weights))
    return Rescoring.model_validate(dict(zip(Rescoring.model_fields, rounded, strict=True)))


def _boxes_of(predictor: Predictor, dataset: Dataset, page: AnnotatedPage) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of one page's proposals, what is known of each, and whether it lies well on a redaction."""
    image = page_from_file(dataset.image_path(page))
    (proposals,) = predictor.propose([image], LEAST_SCORE)
    fitted = refine(image, proposals.xyxy)
    lies_well = np.any(iou_matrix(fitted.xyxy, page.xyxy) >= LIES_WELL_IOU, axis=1)
    return feature_matrix(proposals.scores, fitted), np.asarray(lies_well)
