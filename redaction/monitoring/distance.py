"""What monitoring judges, when, and how strictly; and the Kolmogorov-Smirnov distance.

Why not a p-value: on large windows, a test finds differences that are too small to matter. So a column has drifted only if the
*distance* between the two windows (the largest difference between their cumulative distributions: 0 for equal, 1 for disjoint
ones) reaches the distance that matters, and on small windows the one that chance alone rarely reaches
(`redaction.monitoring.comparison`).
"""

from __future__ import annotations

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


class MonitoringConfig(Frozen):
    """When a window of requests is judged, and when it counts as drifted."""

    min_requests: int = Field(200, ge=10)
    """A window with fewer pages is not judged."""
    max_pages: int = Field(20_000, ge=100)
    """If either side has more pages, this many are sampled from it, evenly spaced."""
    false_alarms: float = Field(0.02, gt=0, lt=1)
    """The share of windows without drift that may be called drifted, over all columns together."""
    least_alike_pages: float = Field(2.0, ge=1)
    """Where documents are unknown: lower bound of the number of pages that count as one independent page."""
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


def sampled(pages: pd.DataFrame, config: MonitoringConfig) -> pd.DataFrame:
    """At most `max_pages` of the pages, evenly spaced."""
    if len(pages) > config.max_pages:
        pages = pages.iloc[np.linspace(0, len(pages) - 1, config.max_pages).astype(int)]
    return pages.reset_index(drop=True)


def monitored_values(pages: pd.DataFrame, config: MonitoringConfig) -> pd.DataFrame:
    """Select the judged columns, as floats.

    The mean score is NaN where nothing was found: a zero would only repeat that the page has no box, and hide a change in the
    scores of those that have some.

    Raises:
        RedactionError: a column is missing.
    """
    if missing := set(config.ks_distances) - set(pages.columns):
        raise RedactionError(
            f"The page records lack {', '.join(sorted(missing))}: another version wrote them; deploy again to write new ones."
        )
    values = pages[list(config.ks_distances)].astype(float)
    if "mean_score" in values:
        values["mean_score"] = values["mean_score"].where(pages["boxes"].to_numpy() > 0)
    return values
