"""Judge a window of requests against the reference: has the traffic, or what the detector says of it, changed?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from redaction.catalog.tables import Verdict
from redaction.monitoring.distance import MonitoringConfig, alike_pages, judged_values, thresholds
from redaction.monitoring.evidently_report import METHOD, measured_by_evidently
from redaction.monitoring.judgement import ColumnJudgement, LatencyJudgement, MonitoringJudgement
from redaction.monitoring.summary import summary_html


@dataclass(frozen=True)
class JudgedWindow:
    """The judgement, and what people read of it."""

    judgement: MonitoringJudgement
    summary_html: str
    """A small page that needs nothing from elsewhere."""
    evidently_html: str | None
    """Evidently's own interactive report (about 4 MB); none when there was too little to judge."""


def judge(reference: pd.DataFrame, current: pd.DataFrame, config: MonitoringConfig) -> JudgedWindow:
    """Judge the pages of `current` against those of `reference`.

    Args:
        reference: page records of the detector in production on pages that it was evaluated on (see `reference.page_records`).
        current: page records of requests that this same detector answered (see `windows.read_requests`).
        config: what is judged, and how strictly.

    Raises:
        RedactionError: one of the tables lacks a judged column.
    """
    before, now = judged_values(reference, config), judged_values(current, config)
    limits = thresholds(before, now, config)
    latency = _latency(current, config)
    if len(current) < config.min_requests or not limits:
        judgement = _too_few(len(reference), len(current), latency, config)
        return JudgedWindow(judgement, summary_html(judgement, before, now), None)
    statistics, evidently_html = measured_by_evidently(before, now, limits)
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
    unrelated = len(current) / alike_pages(now, config)
    judgement = _judgement(len(reference), len(current), unrelated, columns, latency, config)
    return JudgedWindow(judgement, summary_html(judgement, before, now), evidently_html)


def _judgement(
    reference_pages: int,
    requests: int,
    unrelated_requests: float,
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
    reasons = reasons or [f"None of {len(columns)} columns is further from the reference than its limit."]
    judged = {c.column for c in columns}
    return MonitoringJudgement(
        verdict=Verdict.DRIFTED if drifted else Verdict.STABLE,
        requests=requests,
        reference_pages=reference_pages,
        unrelated_requests=unrelated_requests,
        columns=columns,
        unjudged=tuple(column for column in config.ks_distances if column not in judged),
        latency=latency,
        reasons=(*reasons, *_slowness(latency)),
        retraining_requested=bool(drifted),
    )


def _too_few(
    reference_pages: int, requests: int, latency: LatencyJudgement | None, config: MonitoringConfig
) -> MonitoringJudgement:
    reason = (
        f"{requests} pages were requested since the last judged window; {config.min_requests} are needed."
        if requests < config.min_requests
        else f"{requests} requested pages and a reference of {reference_pages} are too few to tell drift from chance."
    )
    return MonitoringJudgement(
        verdict=Verdict.TOO_FEW_REQUESTS,
        requests=requests,
        reference_pages=reference_pages,
        unjudged=tuple(config.ks_distances),
        latency=latency,
        reasons=(reason, *_slowness(latency)),
    )


def _latency(current: pd.DataFrame, config: MonitoringConfig) -> LatencyJudgement | None:
    if current.empty:
        return None
    value = float(np.quantile(current["latency_ms"].to_numpy(float), config.latency_quantile))
    return LatencyJudgement(quantile=config.latency_quantile, latency_ms=value, budget_ms=config.latency_budget_ms)


def _slowness(latency: LatencyJudgement | None) -> list[str]:
    if latency is None or latency.within_budget:
        return []
    return [
        f"The detector is slow: {latency.quantile:.0%} of the pages took up to {latency.latency_ms:,.0f} ms, "
        f"the budget is {latency.budget_ms:,.0f} ms. This asks for a faster machine or a smaller profile, not for training."
    ]
