"""How far synthetic pages are from the real ones that they stand beside: page by page, and in the boxes drawn on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from redaction.dataset import AnnotatedPage, Dataset
from redaction.monitoring.evidently_report import measured_by_evidently
from redaction.pages.features import PageFeatures, page_features
from redaction.pages.geometry import covered_share
from redaction.pages.image import page_from_file
from redaction.values import Frozen

MOST_PAGES = 300
"""Of more pages, on either side, as many are looked at, evenly spaced."""

UNLIKE = 0.3
"""From this distance on a column is marked. Synthetic pages are meant to be more various than the real ones at hand, so that a
distance is no fault; a column that stands out says where to look."""


class PageLook(PageFeatures):
    """What a page looks like, and the redactions on it. Lengths are shares of the page, medians over its boxes."""

    boxes: float
    covered_share: float
    box_width: float | None
    box_height: float | None
    box_aspect: float | None
    """Width by height."""


class Realism(Frozen):
    """Real against synthetic pages."""

    real_pages: int
    synthetic_pages: int
    distances: dict[str, float]
    """Kolmogorov-Smirnov distance by column: 0 for the same distribution, 1 for disjoint ones."""
    html: str
    """Evidently's report."""

    @property
    def unlike(self) -> tuple[str, ...]:
        """The columns that are furthest apart, the worst first."""
        return tuple(sorted((c for c, d in self.distances.items() if d >= UNLIKE), key=lambda c: -self.distances[c]))


def compare_with_real(real: Dataset, synthetic: Dataset) -> Realism | None:
    """Measure how far apart they are; None where either has no page."""
    before, now = _looks(real), _looks(synthetic)
    columns = [name for name in PageLook.model_fields if len(before) and len(now) and _has_values(before[name], now[name])]
    if not columns:
        return None
    distances, html = measured_by_evidently(before, now, dict.fromkeys(columns, UNLIKE))
    return Realism(real_pages=len(before), synthetic_pages=len(now), distances=distances, html=html)


def _looks(dataset: Dataset) -> pd.DataFrame:
    pages = dataset.pages
    chosen = np.linspace(0, len(pages) - 1, min(len(pages), MOST_PAGES)).round().astype(int).tolist()
    return pd.DataFrame([_look(dataset, pages[index]).model_dump() for index in chosen], dtype=float)


def _has_values(*columns: pd.Series[float]) -> bool:
    return all(column.notna().any() for column in columns)


def _look(dataset: Dataset, page: AnnotatedPage) -> PageLook:
    features = page_features(page_from_file(dataset.image_path(page)))
    sizes = page.xyxy[:, 2:] - page.xyxy[:, :2]
    width, height = np.median(sizes, axis=0).tolist() if len(sizes) else (None, None)
    return PageLook(
        **features.model_dump(),
        boxes=len(sizes),
        covered_share=covered_share(page.xyxy, page.width, page.height),
        box_width=width and width / page.width,
        box_height=height and height / page.height,
        box_aspect=width and height and width / height,
    )
