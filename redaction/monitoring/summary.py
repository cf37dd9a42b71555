"""The judgement of a window as one small HTML page: verdict, reasons, and each column's histogram then and now."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from redaction.catalog.tables import Verdict
from redaction.monitoring.judgement import ColumnJudgement, MonitoringJudgement

BINS, BAR_WIDTH, HEIGHT = 24, 10, 56

TITLES = {
    Verdict.STABLE: ("good", "Stable.", "The traffic looks like what the detector was evaluated on."),
    Verdict.DRIFTED: (
        "bad",
        "Drifted.",
        "The traffic no longer looks like what the detector was evaluated on: retraining is requested.",
    ),
    Verdict.TOO_FEW_REQUESTS: ("open", "Too few requests.", "Nothing can be said yet; the window goes on."),
}

MEANINGS = {
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

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; background: #f5f6f8; margin: 0; }
main { max-width: 1000px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { font-size: 25px; margin: 0 0 4px; } .lead { color: #566070; margin: 0 0 20px; }
.verdict { border-left: 6px solid; padding: 12px 18px; background: #fff; border-radius: 4px; font-size: 17px; }
.good { border-color: #1a8f4c; } .bad { border-color: #d62027; } .open { border-color: #c98a00; }
ul { padding-left: 20px; }
table { border-collapse: collapse; width: 100%; background: #fff; margin-top: 20px; box-shadow: 0 1px 3px #0002; }
th, td { text-align: left; padding: 8px 12px; border-top: 1px solid #e8ebf0; vertical-align: middle; }
th { color: #566070; font-weight: 600; border: 0; } .number { text-align: right; white-space: nowrap; }
td small { display: block; color: #566070; } tr.drifted td { background: #fdf1f1; }
tr.drifted td.number:last-child { color: #b3141b; font-weight: 600; }
.axis { display: flex; justify-content: space-between; color: #7a8494; font-size: 11px; width: 240px; }
.then { color: #7f8ea3; } .now { color: #d9822b; } svg { display: block; }
"""


def summary_html(judgement: MonitoringJudgement, reference: pd.DataFrame, current: pd.DataFrame) -> str:
    """The page, with everything inline.

    Args:
        judgement: of `current` against `reference`.
        reference: the judged columns of the reference, see `redaction.monitoring.distance.judged_values`.
        current: the same of the window.
    """
    kind, title, sentence = TITLES[judgement.verdict]
    ordered = sorted(judgement.columns, key=lambda c: -c.statistic / c.threshold)
    rows = "".join(_row(column, reference[column.column], current[column.column]) for column in ordered)
    heads = (
        "<tr><th>Column</th><th><span class='then'>■ reference</span> &nbsp;<span class='now'>■ this window</span></th>"
        "<th class='number'>Median</th><th class='number'>K-S distance<br>(limit)</th></tr>"
    )
    unjudged = f"<p class='lead'>Not judged, too few values: {', '.join(judgement.unjudged)}.</p>" if judgement.unjudged else ""
    body = [
        "<h1>Monitoring of one window of requests</h1>",
        f"<p class='lead'>{judgement.requests:,} requested pages{_worth(judgement)} against a reference of "
        f"{judgement.reference_pages:,}{_latency(judgement)}</p>",
        f"<div class='verdict {kind}'><b>{title}</b> {sentence}</div>",
        "<ul>" + "".join(f"<li>{escape(reason)}</li>" for reason in judgement.reasons) + "</ul>",
        f"<table>{heads}{rows}</table>" if rows else "",
        unjudged,
    ]
    head = f"<meta charset='utf-8'><title>{title[:-1]}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body><main>{''.join(body)}</main></body></html>"


def _worth(judgement: MonitoringJudgement) -> str:
    return f" (worth {judgement.unrelated_requests:,.0f} unrelated ones)" if judgement.columns else ""


def _latency(judgement: MonitoringJudgement) -> str:
    latency = judgement.latency
    if latency is None:
        return ""
    return f" · {latency.quantile:.0%} took up to {latency.latency_ms:,.0f} ms (budget {latency.budget_ms:,.0f})"


def _row(column: ColumnJudgement, reference: pd.Series[float], current: pd.Series[float]) -> str:
    return (
        f"<tr{' class=drifted' if column.drifted else ''}>"
        f"<td><b>{column.column}</b><small>{MEANINGS[column.column]}</small></td>"
        f"<td>{_histograms(reference.dropna(), current.dropna())}</td>"
        f"<td class='number'><span class='then'>{column.reference_median:.4g}</span><br>"
        f"<span class='now'>{column.current_median:.4g}</span></td>"
        f"<td class='number'>{column.statistic:.2f}<small>({column.threshold:.2f})</small></td></tr>"
    )


def _histograms(reference: pd.Series[float], current: pd.Series[float]) -> str:
    """Both histograms in one picture: the reference as bars, the window as a line of steps."""
    both = np.concatenate([reference.to_numpy(float), current.to_numpy(float)])
    # the outermost hundredth goes into the last bars, else one odd page would flatten all the rest
    low, high = np.quantile(both, [0.005, 0.995])
    high = high if high > low else low + 1.0
    edges = np.linspace(low, high, BINS + 1)
    shares = [np.histogram(np.clip(values, low, high), edges)[0] / len(values) for values in (reference, current)]
    top = max(float(share.max()) for share in shares)
    heights = [np.round(HEIGHT * share / top, 1) for share in shares]
    bars = "".join(
        f"<rect x='{n * BAR_WIDTH}' y='{HEIGHT - h}' width='{BAR_WIDTH - 1}' height='{h}' fill='#b9c4d3'/>"
        for n, h in enumerate(heights[0])
        if h
    )
    steps = " ".join(f"{x},{HEIGHT - h + 1}" for n, h in enumerate(heights[1]) for x in (n * BAR_WIDTH, (n + 1) * BAR_WIDTH))
    line = f"<polyline points='{steps}' fill='none' stroke='#d9822b' stroke-width='2'/>"
    size = f"width='{BINS * BAR_WIDTH}' height='{HEIGHT + 2}' viewBox='0 0 {BINS * BAR_WIDTH} {HEIGHT + 2}'"
    axis = f"<div class='axis'><span>{low:.4g}</span><span>{high:.4g}</span></div>"
    return f"<svg {size} role='img'>{bars}{line}</svg>{axis}"
