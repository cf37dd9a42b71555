"""How much a figure would change with other documents of the same kind: the bootstrap over documents.

Boxes of a page, and pages of a document, are alike: a detector finds all of them or none. So whole documents are drawn, with
replacement, as many as there are, and every figure is computed of each draw (Efron's percentile interval).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from redaction.values import Frozen

RESAMPLES, SEED, CONFIDENCE = 1000, 0, 0.95
FEWEST_DOCUMENTS = 5
"""Draws from fewer documents than this are all alike, and an interval from them would promise too much."""


class Interval(Frozen):
    """Where a figure lies in the middle `CONFIDENCE` of the draws."""

    low: float
    high: float


class Resampling(Frozen):
    """How the intervals of an evaluation were made."""

    resamples: int = RESAMPLES
    seed: int = SEED
    confidence: float = CONFIDENCE
    documents: int


def document_draws(documents: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED) -> NDArray[np.float64]:
    """How often each page counts in each draw of whole documents; shape (resamples, pages). The same seed, the same draws.

    Args:
        documents: the document of each page.
        resamples: how many draws.
        seed: of the chance.
    """
    names, document = np.unique(np.asarray(documents, str), return_inverse=True)
    if not len(names):
        return np.zeros((resamples, 0))
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)
    return np.asarray(draws[:, document], np.float64)


def interval(drawn: NDArray[np.float64], documents: int) -> Interval | None:
    """The interval of a figure.

    Args:
        drawn: the figure of each draw; NaN where a draw does not have it, such as recall where no box was drawn.
        documents: how many different documents the figure rests on.

    Returns:
        None where they are too few, or where most draws do not have the figure.
    """
    known = drawn[~np.isnan(drawn)]
    if documents < FEWEST_DOCUMENTS or 2 * len(known) < len(drawn):
        return None
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(low=float(low), high=float(high))
