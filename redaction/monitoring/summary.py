"""The judgement of a window as one small HTML page: verdict, reasons, and histograms of each column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from redaction.catalog.tables import Verdict
from redaction.html import render
from redaction.monitoring.judgement import MonitoringJudgement

BINS, BAR_WIDTH_PX, HISTOGRAM_HEIGHT_PX = 24, 10, 56

VERDICT_TEXTS = {
    Verdict.STABLE: ("good", "Stable", "The traffic is like the pages on which the detector was evaluated."),
    Verdict.DRIFTED: (
        "bad",
        "Drifted",
        "The traffic differs from the pages on which the detector was evaluated: retraining is requested.",
    ),
    Verdict.TOO_FEW_REQUESTS: ("open", "Too few requests", "There is not enough data to judge; the window stays open."),
}
"""CSS class, title and sentence of each verdict."""

COLUMN_DESCRIPTIONS = {
    "width": "page width, pixels",
    "height": "page height, pixels",
    "brightness": "mean gray level, 0 to 255",
    "contrast": "spread of gray levels",
    "ink_density": "share of dark pixels",
    "block_density": "share inside dark areas",
    "colourfulness": "mean saturation",
    "sharpness": "low for blurred scans",
    "boxes": "redactions found on a page",
    "top_score": "best score on a page",
    "mean_score": "mean score, pages with redactions",
    "covered_share": "share of the page redacted",
}


@dataclass(frozen=True)
class Histograms:
    """The histograms of one column as SVG geometry: the reference as bars, the window as a step line."""

    bars: list[tuple[int, float, float]]
    """``x``, ``y`` and height of each bar that is not empty."""
    steps: str
    """The points of the line."""
    low: float
    high: float
    """The values at the ends of the axis."""


def summary_html(judgement: MonitoringJudgement, reference: pd.DataFrame, current: pd.DataFrame) -> str:
    """Render the self-contained page.

    Args:
        judgement: of `current` against `reference`.
        reference: the judged columns of the reference, see `redaction.monitoring.distance.monitored_values`.
        current: the same columns of the window.
    """
    css_class, title, sentence = VERDICT_TEXTS[judgement.verdict]
    ordered = sorted(judgement.columns, key=lambda c: -c.statistic / c.threshold)
    return render(
        "redaction.monitoring",
        "summary.html.j2",
        judgement=judgement,
        css_class=css_class,
        title=title,
        sentence=sentence,
        columns=[(column, _histograms(reference[column.column].dropna(), current[column.column].dropna())) for column in ordered],
        descriptions=COLUMN_DESCRIPTIONS,
        svg_width=BINS * BAR_WIDTH_PX,
        svg_height=HISTOGRAM_HEIGHT_PX + 2,
        bar_width=BAR_WIDTH_PX - 1,
    )


def _histograms(reference: pd.Series[float], current: pd.Series[float]) -> Histograms:
    both = np.concatenate([reference.to_numpy(float), current.to_numpy(float)])
    # the outermost hundredth is clipped into the end bins, else one outlier would flatten the rest
    low, high = np.quantile(both, [0.005, 0.995])
    high = high if high > low else low + 1.0
    edges = np.linspace(low, high, BINS + 1)
    shares = [np.histogram(np.clip(values, low, high), edges)[0] / len(values) for values in (reference, current)]
    top = max(float(share.max()) for share in shares)
    bar_heights, step_heights = (np.round(HISTOGRAM_HEIGHT_PX * share / top, 1).tolist() for share in shares)
    steps = [
        f"{x},{HISTOGRAM_HEIGHT_PX - height + 1}"
        for n, height in enumerate(step_heights)
        for x in (n * BAR_WIDTH_PX, (n + 1) * BAR_WIDTH_PX)
    ]
    bars = [(n * BAR_WIDTH_PX, HISTOGRAM_HEIGHT_PX - height, height) for n, height in enumerate(bar_heights) if height]
    return Histograms(bars, " ".join(steps), float(low), float(high))
