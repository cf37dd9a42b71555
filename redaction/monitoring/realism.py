"""Compare synthetic pages with real ones: features of the pages and of the redactions on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from redaction.dataset import AnnotatedPage, Dataset
from redaction.monitoring.evidently_report import compare_with_evidently
from redaction.pages.features import PageFeatures, page_features
from redaction.pages.geometry import covered_share
from redaction.pages.image import page_from_file
from redaction.values import Frozen

MAX_COMPARED_PAGES = 300
"""If either side has more pages, this many are sampled from it, evenly spaced."""

MIN_MARKED_DISTANCE = 0.3
"""Columns with at least this distance are marked. Synthetic pages are meant to be more diverse than the available real ones, so a
distance is not an error; it shows where to look."""


class RealismFeatures(PageFeatures):
    """Features of a page and of its redactions. Box sizes are shares of the page's width and height, medians over its boxes."""

    boxes: float
    covered_share: float
    box_width: float | None
    box_height: float | None
    box_aspect: float | None
    """Width over height."""


class Realism(Frozen):
    """How far the synthetic pages are from the real ones."""

    real_pages: int
    synthetic_pages: int
    distances: dict[str, float]
    """Kolmogorov-Smirnov distance by column: 0 for the same distribution, 1 for disjoint ones."""
    html: str
    """Evidently's report."""

    @property
    def differing_columns(self) -> tuple[str, ...]:
        """The columns with at least `MIN_MARKED_DISTANCE`, largest first."""
        return tuple(sorted((c for c, d in self.distances.items() if d >= MIN_MARKED_DISTANCE), key=lambda c: -self.distances[c]))


def compare_with_real(real: Dataset, synthetic: Dataset) -> Realism | None:
    """Measure the distance of each column; None if either dataset has no page."""
    before, now = _feature_table(real), _feature_table(synthetic)
    columns = [name for name in RealismFeatures.model_fields if len(before) and len(now) and _has_values(before[name], now[name])]
    if not columns:
        return None
    distances, html = compare_with_evidently(before, now, dict.fromkeys(columns, MIN_MARKED_DISTANCE))
    return Realism(real_pages=len(before), synthetic_pages=len(now), distances=distances, html=html)


def _feature_table(dataset: Dataset) -> pd.DataFrame:
    pages = dataset.pages
    chosen = np.linspace(0, len(pages) - 1, min(len(pages), MAX_COMPARED_PAGES)).round().astype(int).tolist()
    return pd.DataFrame([_features(dataset, pages[index]).model_dump() for index in chosen], dtype=float)


def _has_values(*columns: pd.Series[float]) -> bool:
    return all(column.notna().any() for column in columns)


def _features(dataset: Dataset, page: AnnotatedPage) -> RealismFeatures:
    features = page_features(page_from_file(dataset.image_path(page)))
    sizes = page.xyxy[:, 2:] - page.xyxy[:, :2]
    width, height = np.median(sizes, axis=0).tolist() if len(sizes) else (None, None)
    return RealismFeatures(
        **features.model_dump(),
        boxes=len(sizes),
        covered_share=covered_share(page.xyxy, page.width, page.height),
        box_width=width and width / page.width,
        box_height=height and height / page.height,
        box_aspect=width and height and width / height,
    )
