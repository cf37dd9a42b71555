"""Confidence intervals of metrics: a bootstrap over documents.

The boxes of a page and the pages of a document are not independent: a detector tends to find all of them or none. So whole
documents are resampled with replacement, every metric is computed on each resample, and Efron's percentile interval is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from redaction.values import Frozen

RESAMPLES, BOOTSTRAP_SEED, CONFIDENCE = 1000, 0, 0.95
MIN_DOCUMENTS = 5
"""Resamples of fewer documents than this are too much alike, and their interval would be too narrow."""


class Interval(Frozen):
    """The interval that holds the middle `CONFIDENCE` of a metric's resampled values."""

    low: float
    high: float


class Resampling(Frozen):
    """The settings with which the intervals of an evaluation were computed."""

    resamples: int = RESAMPLES
    seed: int = BOOTSTRAP_SEED
    confidence: float = CONFIDENCE
    documents: int


def bootstrap_weights(documents: Sequence[str], resamples: int = RESAMPLES, seed: int = BOOTSTRAP_SEED) -> NDArray[np.float64]:
    """Count how often each page occurs in each resample of whole documents; shape (resamples, pages).

    Args:
        documents: the document of each page.
        resamples: number of resamples.
        seed: of the random numbers; the same seed gives the same resamples.
    """
    names, document = np.unique(np.asarray(documents, str), return_inverse=True)
    if not len(names):
        return np.zeros((resamples, 0))
    counts = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)
    return np.asarray(counts[:, document], np.float64)


def interval(resampled: NDArray[np.float64], documents: int) -> Interval | None:
    """Compute the interval of a metric.

    Args:
        resampled: the metric on each resample; NaN where it is undefined, such as recall where no box was drawn.
        documents: number of documents on which the metric is computed.

    Returns:
        None if there are too few documents, or if the metric is undefined on most resamples.
    """
    known = resampled[~np.isnan(resampled)]
    if documents < MIN_DOCUMENTS or 2 * len(known) < len(resampled):
        return None
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(low=float(low), high=float(high))
