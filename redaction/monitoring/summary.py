"""The judgement of a window as one small HTML page: verdict, reasons, and histograms of each column."""

from __future__ import annotations

from redaction.catalog.tables import Verdict
from redaction.html import render
from redaction.monitoring.comparison import WindowComparison
from redaction.monitoring.histograms import Histograms
from redaction.monitoring.judgement import ColumnJudgement, MonitoringJudgement

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


def summary_html(judgement: MonitoringJudgement, compared: WindowComparison) -> str:
    """Render the self-contained page of a judgement and the comparison that it rests on."""
    css_class, title, sentence = VERDICT_TEXTS[judgement.verdict]
    ordered = sorted(judgement.columns, key=lambda c: -c.statistic / c.threshold)
    return render(
        "redaction.monitoring",
        "summary.html.j2",
        judgement=judgement,
        css_class=css_class,
        title=title,
        sentence=sentence,
        columns=[(column, _drawn(column, compared)) for column in ordered],
        descriptions=COLUMN_DESCRIPTIONS,
    )


def _drawn(column: ColumnJudgement, compared: WindowComparison) -> Histograms:
    current = compared.current_part(column.window_share)
    return Histograms.of(compared.reference[column.column], current[column.column])
