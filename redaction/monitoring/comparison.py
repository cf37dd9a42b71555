"""Compare a window of pages with the reference: one question, with one share of false alarms, for all columns together.

A column has drifted if its Kolmogorov-Smirnov distance reaches both the distance that matters (from the configuration) and the
critical distance: the one that chance rarely reaches with so few independent units. A unit is a document where the documents are
known, and otherwise a page, of which only as many count as `redaction.monitoring.dependence` estimates.

The columns are correlated: a dark scan is dark, full of ink and low in contrast. So the critical distances come from the
*largest* standardized distance of all columns, under random exchanges of units between the reference and the window (a
permutation test of the maximum, Westfall and Young 1993). A drift may begin anywhere in the window; therefore the last half and
the last quarter of the window are compared as well, and their distances belong to the same maximum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from redaction.monitoring.dependence import design_effect
from redaction.monitoring.distance import MonitoringConfig, monitored_values, sampled
from redaction.monitoring.units import Units, common_grid, document_groups, units_of

WINDOW_SHARES = (1.0, 0.5, 0.25)
"""The last units that are compared with the reference, as shares of the window."""

MIN_DOCUMENTS = 10
"""With fewer documents on either side, a window is not judged."""

MIN_INDEPENDENT_PAGES = 20
"""The same for windows without documents. It is higher because the number of independent pages is itself only estimated."""

PERMUTATIONS = 999
"""More are drawn if `false_alarms` is so small that 999 cannot show it."""

PERMUTATIONS_AT_ONCE = 100
MAX_UNITS = 1000
"""Of more units on either side, this many are exchanged: standardized distances hardly depend on their number."""

GRID_POINTS = 100
"""Distributions are compared at this many values: a distance is exact to one hundredth."""


@dataclass(frozen=True)
class ColumnDistance:
    """The distance of one column in that part of the window where it is largest in relation to its limit."""

    distance: float
    limit: float
    """The distance from which the column has drifted."""
    window_share: float
    """The part: this last share of the window."""


@dataclass(frozen=True)
class WindowComparison:
    """A window compared with the reference."""

    reference: pd.DataFrame
    """The values of the judged columns, one row a page."""
    current: pd.DataFrame
    by_documents: bool
    independent_reference: float
    """Number of documents, or of independent pages."""
    independent_current: float
    columns: dict[str, ColumnDistance]
    """Empty if there are too few independent units; columns with too few values to show drift are left out."""
    groups: NDArray[np.int64]
    """The unit of each page of the window, in the order in which they arrived."""

    def current_part(self, share: float) -> pd.DataFrame:
        """The pages in the last `share` of the window."""
        units = int(self.groups.max()) + 1
        return self.current[self.groups >= units - _part_size(units, share)]


def compare(
    reference: pd.DataFrame, current: pd.DataFrame, config: MonitoringConfig, permutations: int = PERMUTATIONS
) -> WindowComparison:
    """Measure the distance of each column and its limit. The result is the same for the same pages.

    Args:
        reference: page records; the optional column `document` names each page's document.
        current: the same, in the order in which the pages arrived. The comparison is by documents if both sides know them.
        config: the columns to judge, and how strictly.
        permutations: how many random exchanges of units are compared.

    Raises:
        RedactionError: one of the tables lacks a judged column.
    """
    tables = [sampled(reference, config), sampled(current, config)]
    before, now = (monitored_values(table, config) for table in tables)
    documents = [document_groups(table) for table in tables]
    by_documents = all(groups is not None for groups in documents)
    groups = [g if by_documents and g is not None else np.arange(len(t)) for g, t in zip(documents, tables, strict=True)]
    independent = [
        float(groups_.max(initial=-1) + 1) if by_documents else len(values) / design_effect(values, config.least_alike_pages)
        for groups_, values in zip(groups, (before, now), strict=True)
    ]
    columns: dict[str, ColumnDistance] = {}
    if min(independent) >= (MIN_DOCUMENTS if by_documents else MIN_INDEPENDENT_PAGES):
        grid = common_grid(before, now, GRID_POINTS)
        units = [units_of(values, g, grid) for values, g in zip((before, now), groups, strict=True)]
        columns = _judge(units[0], units[1], round(independent[0]), round(independent[1]), config, permutations)
    return WindowComparison(before, now, by_documents, independent[0], independent[1], columns, groups[1])


def _judge(
    reference: Units, current: Units, reference_count: int, current_count: int, config: MonitoringConfig, permutations: int
) -> dict[str, ColumnDistance]:
    numbers = np.arange(len(reference) + len(current))[None]
    units = _joined(reference, current)
    distances, reference_sizes, current_sizes = _measure(units, numbers[:, : len(reference)], numbers[:, len(reference) :])
    scales = _scale(reference_sizes * reference_count / len(reference), current_sizes * current_count / len(current))
    exchanged = reference.thinned(min(reference_count, MAX_UNITS)), current.thinned(min(current_count, MAX_UNITS))
    null = _largest_by_chance(*exchanged, config, permutations)
    rank = math.ceil((1 - config.false_alarms) * (len(null) + 1) - 1e-9)
    critical = float(np.sort(null)[min(rank, len(null) - 1)]) * scales[:, 0]
    limits = np.maximum(critical, list(config.ks_distances.values()))
    ratios = np.where(limits < 1, distances[:, 0] / limits, -1)
    found = {}
    for number, column in enumerate(config.ks_distances):
        part = int(ratios[:, number].argmax())
        if ratios[part, number] >= 0:
            distance, limit = float(distances[part, 0, number]), float(limits[part, number])
            found[column] = ColumnDistance(distance, limit, WINDOW_SHARES[part])
    return found


def _largest_by_chance(reference: Units, current: Units, config: MonitoringConfig, permutations: int) -> NDArray[np.float64]:
    """The largest standardized distance of all columns and parts of the window, for each random exchange of units."""
    units = _joined(reference, current)

    def largest(reference_units: NDArray[np.int64], current_units: NDArray[np.int64], axis: int) -> NDArray[np.float32]:
        distances, reference_sizes, current_sizes = _measure(units, np.atleast_2d(reference_units), np.atleast_2d(current_units))
        return np.asarray((distances / _scale(reference_sizes, current_sizes)).max(axis=(0, 2)))

    result = stats.permutation_test(
        (np.arange(len(reference)), np.arange(len(reference), len(units))),
        largest,
        vectorized=True,
        n_resamples=max(permutations, math.ceil(2 / config.false_alarms)),
        batch=PERMUTATIONS_AT_ONCE,
        alternative="greater",
        axis=-1,
        rng=np.random.default_rng(0),
    )
    return np.asarray(result.null_distribution, np.float64)


def _measure(
    units: Units, reference: NDArray[np.int64], current: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Measure the distance of each part of the window from the reference.

    Args:
        units: of both sides.
        reference: shape (selections, n), numbers of units.
        current: the same for the window, in the order in which the units arrived.

    Returns:
        The distances, and the numbers of units with a value on either side; each of shape (parts, selections, columns).
    """
    before, reference_sizes = units.distributions(_one_hot(reference, len(units)))
    distances, current_sizes = [], []
    for share in WINDOW_SHARES:
        part = current[:, -_part_size(current.shape[1], share) :]
        now, sizes = units.distributions(_one_hot(part, len(units)))
        distances.append(np.abs(now - before).max(axis=2))
        current_sizes.append(sizes)
    return np.array(distances), reference_sizes[None], np.array(current_sizes)


def _scale(reference_sizes: NDArray[np.floating[Any]], current_sizes: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """What a K-S distance by chance is proportional to; infinite without values."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(1 / reference_sizes + 1 / current_sizes))


def _one_hot(chosen: NDArray[np.int64], units: int) -> NDArray[np.float32]:
    selected = np.zeros((len(chosen), units), np.float32)
    np.put_along_axis(selected, chosen, 1, axis=1)
    return selected


def _joined(*both: Units) -> Units:
    return Units(np.concatenate([u.cumulative for u in both]), np.concatenate([u.present for u in both]))


def _part_size(units: int, share: float) -> int:
    return max(1, round(units * share))
