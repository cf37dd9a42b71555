"""Independent units of a window: its documents where they are known, otherwise its pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MIN_KNOWN_DOCUMENTS_SHARE = 0.5
"""A window is judged by documents if the document of at least this share of its pages is known."""


@dataclass(frozen=True)
class Units:
    """The distribution of each column within each unit; all units of a window have the same weight.

    A client sends one page of a document or all of them, and annotators choose some pages: only with equal weights is a document
    the same on both sides.
    """

    cumulative: NDArray[np.float32]
    """Shape (units, columns, points): share of the unit's values up to each grid point; 0 for a unit without a value."""
    present: NDArray[np.float32]
    """Shape (units, columns): 1 if the unit has a value in this column, otherwise 0."""

    def __len__(self) -> int:
        return len(self.present)

    def distributions(self, chosen: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The distributions of selections of units, and how many of these have a value.

        Args:
            chosen: shape (selections, units): 1 for each unit that belongs to the selection, otherwise 0.

        Returns:
            Arrays of shape (selections, columns, points) and (selections, columns).
        """
        counts = chosen @ self.present
        sums = (chosen @ self.cumulative.reshape(len(self), -1)).reshape(len(chosen), *self.cumulative.shape[1:])
        return sums / np.maximum(counts, 1)[..., None], counts

    def thinned(self, count: int) -> Units:
        """This many units, evenly spaced."""
        kept = np.linspace(0, len(self) - 1, count).round().astype(int)
        return Units(self.cumulative[kept], self.present[kept])


def units_of(values: pd.DataFrame, groups: NDArray[np.int64], grid: NDArray[np.float64]) -> Units:
    """Compute the distributions within each unit.

    Args:
        values: one row a page; NaN is a missing value.
        groups: the unit of each page, numbered from 0 without gaps.
        grid: shape (columns, points), see `common_grid`.
    """
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max(initial=-1) + 1))
    columns = values.to_numpy(float)[order].T
    counts = np.array([np.add.reduceat(~np.isnan(column), starts, dtype=np.float32) for column in columns])
    sums = [
        np.add.reduceat(column[:, None] <= points, starts, axis=0, dtype=np.float32)
        for column, points in zip(columns, grid, strict=True)
    ]
    cumulative = np.stack(sums, axis=1) / np.maximum(counts.T, 1)[..., None]
    return Units(cumulative.astype(np.float32), (counts.T > 0).astype(np.float32))


def common_grid(reference: pd.DataFrame, current: pd.DataFrame, points: int) -> NDArray[np.float64]:
    """For each column, values at evenly spaced quantiles of both tables together; shape (columns, points)."""
    shares = np.linspace(0, 1, points)
    both = (np.concatenate([reference[column].dropna(), current[column].dropna()]) for column in reference)
    return np.array([np.quantile(v, shares, method="inverted_cdf") if len(v) else np.zeros(points) for v in both])


def document_groups(pages: pd.DataFrame) -> NDArray[np.int64] | None:
    """The number of each page's document, in the order of their first pages; None if too few documents are known.

    Consecutive pages of unknown documents count as documents of the size in which an average page is, so that a client that
    names no documents does not turn every page into an independent one.
    """
    if "document" not in pages or pages.empty or pages["document"].notna().mean() < MIN_KNOWN_DOCUMENTS_SHARE:
        return None
    names = pages["document"].reset_index(drop=True)
    known = names.notna()
    sizes = names.value_counts()
    usual_size = round(float((sizes**2).sum() / sizes.sum()))
    runs = (known != known.shift()).cumsum()
    parts = runs.groupby(runs).cumcount() // usual_size
    unknown = pd.Series([f"{run}/{part}" for run, part in zip(runs, parts, strict=True)])
    return np.asarray(pd.factorize(("known " + names.astype(str)).where(known, unknown))[0], np.int64)
