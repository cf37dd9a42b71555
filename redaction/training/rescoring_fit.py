"""Fitting the coefficients of `redaction.detection.rescoring` on training pages."""

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
from redaction.detection.rescoring import MIN_PROPOSAL_SCORE, Rescoring, feature_matrix
from redaction.pages.geometry import iou_matrix
from redaction.pages.image import page_from_file

MAX_FIT_PAGES = 600
"""About thirty thousand boxes for nine coefficients. With 250 pages the coefficients and the accepted boxes still varied."""
MIN_POSITIVE_IOU = 0.7
"""Stricter than the 0.5 of the evaluation, so that the box that fits the redaction outscores one that nearly does."""
MIN_BOXES_PER_CLASS = 50
"""Positives and negatives each; with fewer, no rescoring is fitted."""


def fit_rescoring(predictor: Predictor, training: Dataset) -> Rescoring | None:
    """Fit the coefficients that tell boxes that fit a redaction from the others, on up to `MAX_FIT_PAGES` training pages.

    Training pages, because the validation pages choose the operating point afterwards.

    Returns:
        The coefficients; None where the network proposes too few positives or negatives.
    """
    pages = training.pages[:: max(1, len(training.pages) // MAX_FIT_PAGES)][:MAX_FIT_PAGES]
    samples = [_samples_of_page(predictor, training, page) for page in pages]
    features, positive = (np.concatenate(parts) for parts in zip(*samples, strict=True))
    if min(positive.sum(), (~positive).sum()) < MIN_BOXES_PER_CLASS:
        return None
    scaler, regression = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, positive).named_steps.values()
    # the scaler is folded into the coefficients
    weights: Sequence[float] = regression.coef_[0] / scaler.scale_
    intercept = float(regression.intercept_[0] - weights @ scaler.mean_)
    coefficients = (round(float(value), 4) for value in (intercept, *weights))
    # the fields of Rescoring follow the columns of the feature matrix
    return Rescoring.model_validate(dict(zip(Rescoring.model_fields, coefficients, strict=True)))


def _samples_of_page(
    predictor: Predictor, dataset: Dataset, page: AnnotatedPage
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The features of each refined proposal on a page, and whether it fits a redaction."""
    image = page_from_file(dataset.image_path(page))
    (proposals,) = predictor.propose([image], MIN_PROPOSAL_SCORE)
    refined = refine(image, proposals.xyxy)
    positive = np.any(iou_matrix(refined.xyxy, page.xyxy) >= MIN_POSITIVE_IOU, axis=1)
    return feature_matrix(proposals.scores, refined), np.asarray(positive)
