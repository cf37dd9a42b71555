"""How far apart two windows of pages are, column by column, and from where on that is more than chance.

Why not a p-value: pages come in documents, and the pages of one document look alike (same scanner, same paper, same way of
redacting). A hundred pages may say no more than twelve unrelated ones, and a test that takes them for a hundred cries wolf in
most windows. And on large windows a test finds differences that matter to nobody. So a column has drifted when the
Kolmogorov-Smirnov *distance* of the two windows (the largest gap between their cumulative distributions: 0 for the same, 1 for
disjoint ones) reaches both the distance that matters (from the configuration) and the distance that chance alone would rarely
reach, with the pages counted as the unrelated pages that they are worth. How many that is shows in the pages themselves: see
`alike_pages`. In the simulation of the tests this calls fewer than 5 of 100 windows without drift drifted, be the documents of
one page or of seventeen; were every page counted as one, it would be two of three.
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

COLUMNS = (
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
"""What is judged: `redaction.monitoring.records.PageRecord` without the latency, which has its own budget."""

CHANGE_OF_LEVEL = 0.5
"""Share of the variance of ranks that one cut must explain to be taken for a drift that began. A cut between two disjoint levels
explains 3/4 in the middle of a window and 1/2 after a fifth of it; without drift, a dozen documents leave about 1/3 to chance."""


class MonitoringConfig(Frozen):
    """When a window of requests is judged, and from where on it counts as drifted."""

    min_requests: int = Field(200, ge=10)
    """Fewer pages than this are not judged."""
    max_pages: int = Field(20_000, ge=100)
    """Of more pages than this, on either side, as many are taken, evenly spaced."""
    false_alarms: float = Field(0.02, gt=0, lt=1)
    """The share of windows without drift that may be called drifted, over all columns together."""
    least_alike_pages: float = Field(2.0, ge=1)
    """At least so many pages are worth one unrelated page, even where no likeness of neighbors shows: short windows hide it."""
    ks_distances: dict[str, float] = Field(default_factory=lambda: dict.fromkeys(COLUMNS, 0.2))
    """The columns that are judged, and the least Kolmogorov-Smirnov distance in each that matters."""
    latency_quantile: float = Field(0.95, gt=0, lt=1)
    latency_budget_ms: float = Field(5_000, gt=0)
    """When the quantile of the latency is above this, a person is told; no retraining would help."""

    def model_post_init(self, _context: object) -> None:
        """Columns must exist and distances be possible."""
        if unknown := set(self.ks_distances) - set(COLUMNS):
            raise ValueError(f"unknown columns {sorted(unknown)}; known are {', '.join(COLUMNS)}")
        if not self.ks_distances or not all(0 < distance < 1 for distance in self.ks_distances.values()):
            raise ValueError("ks_distances must name at least one column, each with a distance between 0 and 1")


def ks_distance(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """The two-sample Kolmogorov-Smirnov distance, in [0, 1]; both samples need at least one value and no NaN.

    The same number as ``scipy.stats.ks_2samp(...).statistic``, without its p-value, whose exact computation takes a hundred
    times as long.
    """
    reference, current = np.sort(reference), np.sort(current)
    values = np.concatenate([reference, current])
    below_reference = np.searchsorted(reference, values, side="right") / len(reference)
    below_current = np.searchsorted(current, values, side="right") / len(current)
    return float(np.abs(below_reference - below_current).max())


def alike_pages(values: pd.DataFrame, config: MonitoringConfig) -> float:
    """How many pages, in the order in which they came, are worth one unrelated page: their integrated autocorrelation time.

    Taken on ranks, as the distance is, with Sokal's window (five times the result); the upper quartile over the columns. From
    each column one clear change of level is taken out first: a drift that begins in the middle of a window makes all pages before
    it alike, and all after it, and would hide itself. Never less than `least_alike_pages`.
    """
    ranks = [column.dropna().rank().to_numpy(float) for _, column in values.items()]
    times = [_autocorrelation_time(_without_change_of_level(column)) for column in ranks]
    return max(config.least_alike_pages, float(np.quantile(times, 0.75)))


def _without_change_of_level(series: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The series less the means of its two parts, cut where that explains most; less its own mean if that explains too little."""
    centered = series - series.mean() if len(series) else series
    if not centered.any():
        return centered
    sizes = np.arange(1, len(series))
    sums = np.cumsum(centered)[:-1]
    between = sums**2 * (1 / sizes + 1 / (len(series) - sizes))
    cut = int(between.argmax()) + 1
    if between[cut - 1] < CHANGE_OF_LEVEL * (centered**2).sum():
        return centered
    return np.concatenate([part - part.mean() for part in (centered[:cut], centered[cut:])])


def _autocorrelation_time(series: NDArray[np.floating[Any]]) -> float:
    deviations = series - series.mean() if len(series) else series
    if not deviations.any():
        return 1.0
    spectrum = np.fft.rfft(deviations, 2 * len(series))
    correlations = np.fft.irfft(np.abs(spectrum) ** 2)[: len(series)]
    times = 2 * np.cumsum(correlations / correlations[0]) - 1
    wide_enough = np.flatnonzero(np.arange(len(series)) >= 5 * times)
    return max(1.0, float(times[wide_enough[0] if len(wide_enough) else -1]))


def chance_distance(reference_pages: float, current_pages: float, config: MonitoringConfig) -> float:
    """The distance that windows of so many unrelated pages rarely reach without drift (Kolmogorov's and Smirnov's asymptote).

    The permitted share of false alarms is divided by the number of columns (Bonferroni). Above 1 it says that so few pages can
    show nothing.
    """
    if not reference_pages or not current_pages:
        return math.inf
    significance = config.false_alarms / len(config.ks_distances)
    return math.sqrt(math.log(2 / significance) / 2 * (1 / reference_pages + 1 / current_pages))


def judged_values(pages: pd.DataFrame, config: MonitoringConfig) -> pd.DataFrame:
    """The judged columns of at most `max_pages` pages, as floats.

    The mean score is left out (NaN) where nothing was found: it would only say again how many pages have no box, and hide how
    sure the detector is of those that have some.

    Raises:
        RedactionError: a column is missing.
    """
    if missing := set(config.ks_distances) - set(pages.columns):
        raise RedactionError(
            f"The page records lack {', '.join(sorted(missing))}: another version wrote them, make the reference again."
        )
    if len(pages) > config.max_pages:
        pages = pages.iloc[np.linspace(0, len(pages) - 1, config.max_pages).astype(int)]
    values = pages[list(config.ks_distances)].astype(float).reset_index(drop=True)
    if "mean_score" in values:
        values["mean_score"] = values["mean_score"].where(pages["boxes"].to_numpy() > 0)
    return values


def thresholds(reference: pd.DataFrame, current: pd.DataFrame, config: MonitoringConfig) -> dict[str, float]:
    """For each column that these pages can say something about, the distance from which on it has drifted."""
    before, now = reference.count() / alike_pages(reference, config), current.count() / alike_pages(current, config)
    chance = {column: chance_distance(float(before[column]), float(now[column]), config) for column in config.ks_distances}
    return {column: max(least, chance[column]) for column, least in config.ks_distances.items() if chance[column] < 1}


def distances(reference: pd.DataFrame, current: pd.DataFrame, columns: list[str]) -> dict[str, float]:
    """The distance of each of the columns; values that are missing are left out."""
    return {c: ks_distance(reference[c].dropna().to_numpy(float), current[c].dropna().to_numpy(float)) for c in columns}
