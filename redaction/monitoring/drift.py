"""Judge a window of requests against the reference: did the pages or the detections change?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from redaction.catalog.tables import Verdict
from redaction.monitoring.distance import MonitoringConfig, design_effect, monitored_values, thresholds
from redaction.monitoring.evidently_report import METHOD, compare_with_evidently
from redaction.monitoring.judgement import ColumnJudgement, LatencyJudgement, MonitoringJudgement
from redaction.monitoring.summary import summary_html


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

    Args:
        reference: page records of the detector in production for pages on which it was evaluated (see `reference.page_records`).
        current: page records of requests that the same detector answered (see `windows.read_requests`).
        config: the columns to judge, and how strictly.

    Raises:
        RedactionError: one of the tables lacks a judged column.
    """
    before, now = monitored_values(reference, config), monitored_values(current, config)
    limits = thresholds(before, now, config)
    latency = _latency(current, config)
    if len(current) < config.min_requests or not limits:
        judgement = _too_few(len(reference), len(current), latency, config)
        return JudgedWindow(judgement, summary_html(judgement, before, now), None)
    statistics, evidently_html = compare_with_evidently(before, now, limits)
    columns = tuple(
        ColumnJudgement(
            column=column,
            method=METHOD,
            statistic=statistics[column],
            threshold=limit,
            reference_median=float(before[column].median()),
            current_median=float(now[column].median()),
        )
        for column, limit in limits.items()
    )
    effective_size = len(current) / design_effect(now, config)
    judgement = _judgement(len(reference), len(current), effective_size, columns, latency, config)
    return JudgedWindow(judgement, summary_html(judgement, before, now), evidently_html)


def _judgement(
    reference_pages: int,
    requests: int,
    effective_sample_size: float,
    columns: tuple[ColumnJudgement, ...],
    latency: LatencyJudgement | None,
    config: MonitoringConfig,
) -> MonitoringJudgement:
    drifted = sorted((c for c in columns if c.drifted), key=lambda c: c.threshold / c.statistic)
    reasons = [
        f"{c.column} moved: median {c.reference_median:.3g} in the reference, {c.current_median:.3g} now "
        f"(K-S distance {c.statistic:.2f}, limit {c.threshold:.2f})."
        for c in drifted
    ]
    reasons = reasons or [f"None of {len(columns)} columns reaches its limit."]
    judged = {c.column for c in columns}
    return MonitoringJudgement(
        verdict=Verdict.DRIFTED if drifted else Verdict.STABLE,
        requests=requests,
        reference_pages=reference_pages,
        effective_sample_size=effective_sample_size,
        columns=columns,
        unjudged=tuple(column for column in config.ks_distances if column not in judged),
        latency=latency,
        reasons=(*reasons, *_latency_reasons(latency)),
        retraining_requested=bool(drifted),
    )


def _too_few(
    reference_pages: int, requests: int, latency: LatencyJudgement | None, config: MonitoringConfig
) -> MonitoringJudgement:
    reason = (
        f"{requests} pages were requested since the last judged window; {config.min_requests} are needed."
        if requests < config.min_requests
        else f"{requests} requested pages and a reference of {reference_pages} are too few to distinguish drift from chance."
    )
    return MonitoringJudgement(
        verdict=Verdict.TOO_FEW_REQUESTS,
        requests=requests,
        reference_pages=reference_pages,
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
