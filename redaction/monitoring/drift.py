"""Judge a window of requests against the reference: did the pages or the detections change?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from redaction.catalog.tables import Verdict
from redaction.monitoring.comparison import MIN_DOCUMENTS, MIN_INDEPENDENT_PAGES, WindowComparison, compare
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.evidently_report import METHOD, evidently_html
from redaction.monitoring.judgement import ColumnJudgement, LatencyJudgement, MonitoringJudgement
from redaction.monitoring.summary import summary_html

PART_TEXTS = {1.0: "now", 0.5: "in the last half of the window", 0.25: "in its last quarter"}
"""How a sentence names each of `WINDOW_SHARES`."""


@dataclass(frozen=True)
class JudgedWindow:
    """The judgement of a window, and its reports."""

    judgement: MonitoringJudgement
    summary_html: str
    """A small self-contained page."""
    evidently_html: str | None
    """Evidently's interactive report (about 4 MB); None if there was too little to judge."""


def judge_window(reference: pd.DataFrame, current: pd.DataFrame, config: MonitoringConfig) -> JudgedWindow:
    """Judge the pages of `current` against those of `reference`.

    The window is judged by documents if both tables name those of at least half of their pages (column `document`).

    Args:
        reference: page records of the detector in production for pages on which it was evaluated (see `reference.page_records`).
        current: page records of requests that the same detector answered, in their order (see `windows.read_requests`).
        config: the columns to judge, and how strictly.

    Raises:
        RedactionError: one of the tables lacks a judged column.
    """
    compared = compare(reference, current, config)
    latency = _latency(current, config)
    if len(current) < config.min_requests or not compared.columns:
        judgement = _too_few(len(reference), len(current), compared, latency, config)
        return JudgedWindow(judgement, summary_html(judgement, compared), None)
    judgement = _judgement(len(reference), len(current), compared, latency, config)
    distances = {column.column: (column.statistic, column.threshold) for column in judgement.columns}
    evidently = evidently_html(compared.reference, compared.current, distances)
    return JudgedWindow(judgement, summary_html(judgement, compared), evidently)


def _judgement(
    reference_pages: int,
    requests: int,
    compared: WindowComparison,
    latency: LatencyJudgement | None,
    config: MonitoringConfig,
) -> MonitoringJudgement:
    columns = tuple(
        ColumnJudgement(
            column=column,
            method=METHOD,
            statistic=found.distance,
            threshold=found.limit,
            reference_median=float(compared.reference[column].median()),
            current_median=float(compared.current_part(found.window_share)[column].median()),
            window_share=found.window_share,
        )
        for column, found in compared.columns.items()
    )
    drifted = sorted((c for c in columns if c.drifted), key=lambda c: c.threshold / c.statistic)
    reasons = [
        f"{c.column} moved: median {c.reference_median:.3g} in the reference, {c.current_median:.3g} "
        f"{PART_TEXTS[c.window_share]} (K-S distance {c.statistic:.2f}, limit {c.threshold:.2f})."
        for c in drifted
    ]
    reasons = reasons or [f"None of {len(columns)} columns reaches its limit."]
    return MonitoringJudgement(
        verdict=Verdict.DRIFTED if drifted else Verdict.STABLE,
        requests=requests,
        reference_pages=reference_pages,
        effective_sample_size=compared.independent_current,
        by_documents=compared.by_documents,
        columns=columns,
        unjudged=tuple(column for column in config.ks_distances if column not in compared.columns),
        latency=latency,
        reasons=(*reasons, *_latency_reasons(latency)),
        retraining_requested=bool(drifted),
    )


def _too_few(
    reference_pages: int, requests: int, compared: WindowComparison, latency: LatencyJudgement | None, config: MonitoringConfig
) -> MonitoringJudgement:
    if requests < config.min_requests:
        reason = f"{requests} pages were requested since the last judged window; {config.min_requests} are needed."
    elif compared.by_documents:
        reason = (
            f"{requests} requested pages of {compared.independent_current:.0f} documents and a reference of {reference_pages} "
            f"pages of {compared.independent_reference:.0f} documents are too few to distinguish drift from chance: "
            f"{MIN_DOCUMENTS} documents or more are needed on either side."
        )
    else:
        reason = (
            f"{requests} requested pages and a reference of {reference_pages} are too few to distinguish drift from chance: "
            f"they are as informative as {compared.independent_current:.0f} and {compared.independent_reference:.0f} independent "
            f"pages, and {MIN_INDEPENDENT_PAGES} or more are needed."
        )
    return MonitoringJudgement(
        verdict=Verdict.TOO_FEW_REQUESTS,
        requests=requests,
        reference_pages=reference_pages,
        effective_sample_size=compared.independent_current,
        by_documents=compared.by_documents,
        unjudged=tuple(config.ks_distances),
        latency=latency,
        reasons=(reason, *_latency_reasons(latency)),
    )


def _latency(current: pd.DataFrame, config: MonitoringConfig) -> LatencyJudgement | None:
    if current.empty:
        return None
    value = float(np.quantile(current["latency_ms"].to_numpy(float), config.latency_quantile))
    return LatencyJudgement(quantile=config.latency_quantile, latency_ms=value, budget_ms=config.latency_budget_ms)


def _latency_reasons(latency: LatencyJudgement | None) -> list[str]:
    if latency is None or latency.within_budget:
        return []
    return [
        f"The detector is slow: {latency.quantile:.0%} of the pages took up to {latency.latency_ms:,.0f} ms, "
        f"the budget is {latency.budget_ms:,.0f} ms. Use a faster machine or a smaller profile; retraining does not help."
    ]
