"""How many consecutive pages carry the information of one independent page, where nobody knows the pages' documents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SOKAL_WINDOW = 5
"""Autocorrelations are summed up to this many autocorrelation times."""

COLUMN_QUANTILE = 0.75
"""The design effect is this quantile of the columns' autocorrelation times."""


def design_effect(values: pd.DataFrame, lower_bound: float) -> float:
    """Number of consecutive pages that count as one independent page: their integrated autocorrelation time.

    It is computed on ranks, because a K-S distance depends on ranks only, with Sokal's window, and raised by one standard error.
    A drift that starts within the window makes the pages before it similar and the pages after it similar, which looks like long
    documents and would hide the drift. It lies in one half of the window only, so the smaller value of the two halves counts.

    Args:
        values: one row a page, in the order in which they arrived; NaN is a missing value.
        lower_bound: the smallest result: a short window does not show how similar its pages are.
    """
    middle = len(values) // 2
    return max(lower_bound, min(_upper_quantile(values[:middle]), _upper_quantile(values[middle:])))


def _upper_quantile(values: pd.DataFrame) -> float:
    ranks = [column.dropna().rank().to_numpy(float) for _, column in values.items()]
    return float(np.quantile([_autocorrelation_time(column) for column in ranks], COLUMN_QUANTILE))


def _autocorrelation_time(series: NDArray[np.floating[Any]]) -> float:
    """The integrated autocorrelation time plus its standard error (Sokal 1997), at most the length of the series."""
    deviations = series - series.mean() if len(series) else series
    if not deviations.any():
        return 1.0
    spectrum = np.fft.rfft(deviations, 2 * len(series))
    correlations = np.fft.irfft(np.abs(spectrum) ** 2)[: len(series)]
    times = 2 * np.cumsum(correlations / correlations[0]) - 1
    wide_enough = np.flatnonzero(np.arange(len(series)) >= SOKAL_WINDOW * times)
    time = max(1.0, float(times[wide_enough[0] if len(wide_enough) else -1]))
    standard_error = time * np.sqrt(2 * (2 * SOKAL_WINDOW * time + 1) / len(series))
    return float(min(time + standard_error, len(series)))
