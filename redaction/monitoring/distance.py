"""Drift of each column between two windows of pages: a Kolmogorov-Smirnov distance and the threshold that it must reach.

Why not a p-value: pages come in documents, and the pages of one document are similar (same scanner, same paper, same way of
redacting). The effective sample size of a hundred pages may be twelve, and a test that assumes a hundred independent pages raises
a false alarm in most windows. On large windows, a test also finds differences that are too small to matter. So a column has
drifted if the Kolmogorov-Smirnov *distance* between the two windows (the largest difference between their cumulative
distributions: 0 for equal, 1 for disjoint ones) reaches both the distance that matters (from the configuration) and the critical
distance of a two-sample test at the effective sample sizes. These are estimated from the pages themselves, see `design_effect`.
In the simulation of the tests, fewer than 5 of 100 windows without drift are called drifted, for documents of one page and of
seventeen; if every page counted as independent, it would be two in three.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from redaction.errors import RedactionError
from redaction.values import Frozen

MONITORED_COLUMNS = (
    "width",
    "height",
    "brightness",
    "contrast",
    "ink_density",
    "block_density",
    "colourfulness",
    "sharpness",
    "boxes",
    "top_score",
    "mean_score",
    "covered_share",
)
"""The fields of `redaction.monitoring.records.PageRecord` without the latency, which has a budget of its own."""

MIN_LEVEL_CHANGE_SHARE = 0.5
"""Share of the variance of ranks that one cut must explain to count as the start of a drift. A cut between two disjoint levels
explains 3/4 in the middle of a window and 1/2 after a fifth of it; without drift, a dozen documents reach about 1/3 by chance."""

SOKAL_WINDOW = 5
"""Autocorrelations are summed up to this many autocorrelation times."""


class MonitoringConfig(Frozen):
    """When a window of requests is judged, and when it counts as drifted."""

    min_requests: int = Field(200, ge=10)
    """A window with fewer pages is not judged."""
    max_pages: int = Field(20_000, ge=100)
    """If either side has more pages, this many are sampled from it, evenly spaced."""
    false_alarms: float = Field(0.02, gt=0, lt=1)
    """The share of windows without drift that may be called drifted, over all columns together."""
    least_alike_pages: float = Field(2.0, ge=1)
    """Lower bound of the design effect (pages per independent page): a short window does not show how similar its pages are."""
    ks_distances: dict[str, float] = Field(default_factory=lambda: dict.fromkeys(MONITORED_COLUMNS, 0.2))
    """The columns to judge, and for each the smallest Kolmogorov-Smirnov distance that matters."""
    latency_quantile: float = Field(0.95, gt=0, lt=1)
    latency_budget_ms: float = Field(5_000, gt=0)
    """If the quantile of the latency exceeds this, the report says so; it is no reason to retrain."""

    def model_post_init(self, _context: object) -> None:
        """Check that the columns exist and the distances are possible."""
        if unknown := set(self.ks_distances) - set(MONITORED_COLUMNS):
            raise ValueError(f"unknown columns {sorted(unknown)}; known are {', '.join(MONITORED_COLUMNS)}")
        if not self.ks_distances or not all(0 < distance < 1 for distance in self.ks_distances.values()):
            raise ValueError("ks_distances must name at least one column, each with a distance between 0 and 1")


def ks_distance(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """The two-sample Kolmogorov-Smirnov distance, in [0, 1]; both samples need at least one value and no NaN.

    It equals ``scipy.stats.ks_2samp(..., method="asymp").statistic``, which takes six times as long because it adds a p-value.
    """
    reference, current = np.sort(reference), np.sort(current)
    values = np.concatenate([reference, current])
    below_reference = np.searchsorted(reference, values, side="right") / len(reference)
    below_current = np.searchsorted(current, values, side="right") / len(current)
    return float(np.abs(below_reference - below_current).max())


def design_effect(values: pd.DataFrame, config: MonitoringConfig) -> float:
    """Number of consecutive pages that count as one independent page: their integrated autocorrelation time.

    It is computed on ranks, as the distance is, with Sokal's window; the result is the upper quartile over the columns, and at
    least `least_alike_pages`. One clear change of level is first removed from each column: a drift that starts in the middle of
    a window makes the pages before it alike and the pages after it alike, and so would hide itself.

    Args:
        values: one row a page, in the order in which they arrived.
        config: the settings.
    """
    ranks = [column.dropna().rank().to_numpy(float) for _, column in values.items()]
    times = [_autocorrelation_time(_without_level_change(column)) for column in ranks]
    return max(config.least_alike_pages, float(np.quantile(times, 0.75)))


def _without_level_change(series: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Subtract the means of the series' two parts, cut where that explains most; its overall mean if that explains too little."""
    centered = series - series.mean() if len(series) else series
    if not centered.any():
        return centered
    sizes = np.arange(1, len(series))
    sums = np.cumsum(centered)[:-1]
    between = sums**2 * (1 / sizes + 1 / (len(series) - sizes))
    cut = int(between.argmax()) + 1
    if between[cut - 1] < MIN_LEVEL_CHANGE_SHARE * (centered**2).sum():
        return centered
    return np.concatenate([part - part.mean() for part in (centered[:cut], centered[cut:])])


def _autocorrelation_time(series: NDArray[np.floating[Any]]) -> float:
    deviations = series - series.mean() if len(series) else series
    if not deviations.any():
        return 1.0
    spectrum = np.fft.rfft(deviations, 2 * len(series))
    correlations = np.fft.irfft(np.abs(spectrum) ** 2)[: len(series)]
    times = 2 * np.cumsum(correlations / correlations[0]) - 1
    wide_enough = np.flatnonzero(np.arange(len(series)) >= SOKAL_WINDOW * times)
    return max(1.0, float(times[wide_enough[0] if len(wide_enough) else -1]))


def critical_distance(reference_size: float, current_size: float, config: MonitoringConfig) -> float:
    """The critical distance of the two-sample Kolmogorov-Smirnov test (asymptotic) at these effective sample sizes.

    The permitted share of false alarms is divided by the number of columns (Bonferroni). A result above 1 means that samples
    of these sizes cannot show drift.
    """
    if not reference_size or not current_size:
        return math.inf
    significance = config.false_alarms / len(config.ks_distances)
    return math.sqrt(math.log(2 / significance) / 2 * (1 / reference_size + 1 / current_size))


def monitored_values(pages: pd.DataFrame, config: MonitoringConfig) -> pd.DataFrame:
    """Select the judged columns of at most `max_pages` pages, as floats.

    The mean score is NaN where nothing was found: a zero would only repeat that the page has no box, and hide a change in the
    scores of those that have some.

    Raises:
        RedactionError: a column is missing.
    """
    if missing := set(config.ks_distances) - set(pages.columns):
        raise RedactionError(
            f"The page records lack {', '.join(sorted(missing))}: another version wrote them; deploy again to write new ones."
        )
    if len(pages) > config.max_pages:
        pages = pages.iloc[np.linspace(0, len(pages) - 1, config.max_pages).astype(int)]
    values = pages[list(config.ks_distances)].astype(float).reset_index(drop=True)
    if "mean_score" in values:
        values["mean_score"] = values["mean_score"].where(pages["boxes"].to_numpy() > 0)
    return values


def thresholds(reference: pd.DataFrame, current: pd.DataFrame, config: MonitoringConfig) -> dict[str, float]:
    """The distance from which each column has drifted; a column with too few values to show drift is left out."""
    before, now = reference.count() / design_effect(reference, config), current.count() / design_effect(current, config)
    critical = {column: critical_distance(float(before[column]), float(now[column]), config) for column in config.ks_distances}
    return {column: max(relevant, critical[column]) for column, relevant in config.ks_distances.items() if critical[column] < 1}


def distances(reference: pd.DataFrame, current: pd.DataFrame, columns: list[str]) -> dict[str, float]:
    """The distance of each column; missing values (NaN) are left out."""
    return {c: ks_distance(reference[c].dropna().to_numpy(float), current[c].dropna().to_numpy(float)) for c in columns}
