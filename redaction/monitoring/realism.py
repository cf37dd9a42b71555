"""Compare synthetic pages with real ones: features of the pages and of the redactions on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from redaction.dataset import AnnotatedPage, Dataset
from redaction.monitoring.distance import ks_distance
from redaction.monitoring.evidently_report import evidently_html
from redaction.monitoring.realism_report import RESOLUTION_FEATURES, PageRow, realism_html
from redaction.pages.features import PageFeatures, page_features
from redaction.pages.geometry import covered_share
from redaction.pages.image import page_from_file
from redaction.values import Frozen

MAX_COMPARED_PAGES = 300
"""If either side has more pages, this many are sampled from it, evenly spaced."""

MIN_MARKED_DISTANCE = 0.3
"""Columns with at least this distance are marked. Synthetic pages are meant to be more diverse than the available real ones, so a
distance is not an error; it shows where to look."""

SHOWN_PAGES = 6
"""So many pages of each kind are shown that are least like those of the other kind."""

MAX_DEVIATIONS = 4.0
"""A page's features are compared in standard deviations of both kinds together; beyond this, a single feature counts no more."""


class RealismFeatures(PageFeatures):
    """Features of a page and of its redactions. Sizes are shares of the page's, medians over its boxes."""

    boxes: float
    covered_share: float
    box_width: float | None
    box_height: float | None
    box_share: float | None
    box_aspect: float | None
    """Width over height."""


class Realism(Frozen):
    """How far the synthetic pages are from the real ones."""

    real_pages: int
    synthetic_pages: int
    distances: dict[str, float]
    """Kolmogorov-Smirnov distance by column: 0 for the same distribution, 1 for disjoint ones."""
    html: str
    """The report: distributions side by side, and the pages that are least like those of the other kind."""

    @property
    def differing_columns(self) -> tuple[str, ...]:
        """The columns with at least `MIN_MARKED_DISTANCE`, largest first."""
        return tuple(sorted((c for c, d in self.distances.items() if d >= MIN_MARKED_DISTANCE), key=lambda c: -self.distances[c]))


def compare_with_real(real: Dataset, synthetic: Dataset) -> Realism | None:
    """Measure the distance of each column, and draw the report; None if either dataset has no page."""
    first, second = _FeatureTable.of(real), _FeatureTable.of(synthetic)
    before, now = first.values, second.values
    columns = [name for name in RealismFeatures.model_fields if len(before) and len(now) and _has_values(before[name], now[name])]
    if not columns:
        return None
    distances = {c: ks_distance(before[c].dropna().to_numpy(float), now[c].dropna().to_numpy(float)) for c in columns}
    html = realism_html(
        before,
        now,
        distances,
        unlike_real=_least_alike(second, first),
        unlike_synthetic=_least_alike(first, second),
        min_marked_distance=MIN_MARKED_DISTANCE,
        evidently=evidently_html(before, now, {c: (distance, MIN_MARKED_DISTANCE) for c, distance in distances.items()}),
    )
    return Realism(real_pages=len(before), synthetic_pages=len(now), distances=distances, html=html)


@dataclass(frozen=True)
class _FeatureTable:
    dataset: Dataset
    pages: list[AnnotatedPage]
    values: pd.DataFrame
    """One row a page: `RealismFeatures`, NaN for what a page without boxes lacks."""

    @classmethod
    def of(cls, dataset: Dataset) -> _FeatureTable:
        pages = dataset.pages
        chosen = np.linspace(0, len(pages) - 1, min(len(pages), MAX_COMPARED_PAGES)).round().astype(int).tolist()
        kept = [pages[index] for index in chosen]
        values = pd.DataFrame([_features(dataset, page).model_dump() for page in kept], dtype=float)
        return cls(dataset, kept, values)


def _least_alike(table: _FeatureTable, others: _FeatureTable) -> list[PageRow]:
    """The pages of `table` that are furthest from their nearest page of `others`, furthest first."""
    own, other = _standardized(table.values, others.values)
    distances, nearest = NearestNeighbors(n_neighbors=1).fit(other).kneighbors(own)
    rows = []
    for number in np.argsort(-distances[:, 0], kind="stable")[:SHOWN_PAGES].tolist():
        match = int(nearest[number, 0])
        differences = (own.loc[number] - other.loc[match]).abs().sort_values(ascending=False)
        rows.append(
            PageRow(
                image=table.dataset.image_path(table.pages[number]),
                boxes=table.pages[number].boxes,
                values=table.values.iloc[number],
                nearest=others.values.iloc[match],
                differing=[str(feature) for feature in differences.index],
            )
        )
    return rows


def _standardized(*tables: pd.DataFrame) -> list[pd.DataFrame]:
    """The features in standard deviations from the common mean; 0 where a page lacks one. Page sizes are left out."""
    compared = [table.drop(columns=list(RESOLUTION_FEATURES)) for table in tables]
    both = pd.concat(compared)
    spread = both.std(ddof=0).replace(0, 1)
    return [((table - both.mean()) / spread).clip(-MAX_DEVIATIONS, MAX_DEVIATIONS).fillna(0) for table in compared]


def _has_values(*columns: pd.Series[float]) -> bool:
    return all(column.notna().any() for column in columns)


def _features(dataset: Dataset, page: AnnotatedPage) -> RealismFeatures:
    features = page_features(page_from_file(dataset.image_path(page)))
    sizes = (page.xyxy[:, 2:] - page.xyxy[:, :2]) / (page.width, page.height)
    width, height = np.median(sizes, axis=0).tolist() if len(sizes) else (None, None)
    share = float(np.median(sizes.prod(axis=1))) if len(sizes) else None
    return RealismFeatures(
        **features.model_dump(),
        boxes=len(sizes),
        covered_share=covered_share(page.xyxy, page.width, page.height),
        box_width=width,
        box_height=height,
        box_share=share,
        box_aspect=width and height and width * page.width / (height * page.height),
    )
