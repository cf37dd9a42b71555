"""The judgement of monitoring on one window of requests."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from redaction.catalog.tables import Verdict
from redaction.values import Frozen


class ColumnJudgement(Frozen):
    """The judgement of one column of a window."""

    column: str
    method: str
    statistic: float
    threshold: float
    """The statistic from which the column counts as drifted, for windows of these sizes."""
    reference_median: float
    current_median: float
    window_share: float = 1.0
    """The statistic and the median are those of this last share of the window: a drift may begin anywhere in it."""

    @property
    def drifted(self) -> bool:
        """Whether the statistic reaches the threshold."""
        return self.statistic >= self.threshold


class LatencyJudgement(Frozen):
    """The detector's latency and its budget. Slowness is never a reason to retrain."""

    quantile: float
    latency_ms: float
    budget_ms: float

    @property
    def within_budget(self) -> bool:
        """Whether the quantile is at or below the budget."""
        return self.latency_ms <= self.budget_ms


class MonitoringJudgement(Frozen):
    """The judgement of one window."""

    verdict: Verdict
    requests: int
    reference_pages: int
    effective_sample_size: float = Field(0.0, validation_alias=AliasChoices("effective_sample_size", "unrelated_requests"))
    """Number of independent pages that carry as much information as the requests, because pages of one document are similar; in a
    window judged by documents, their number. Judgements written by earlier versions call it ``unrelated_requests``."""
    by_documents: bool = False
    """Whether the window was judged by documents; otherwise by pages, since few documents were named."""
    columns: tuple[ColumnJudgement, ...] = ()
    unjudged: tuple[str, ...] = ()
    """Columns with too few values to judge."""
    latency: LatencyJudgement | None = None
    reasons: tuple[str, ...]
    retraining_requested: bool = False

    @property
    def drifted_columns(self) -> tuple[str, ...]:
        """Names of the columns that drifted, largest ratio of statistic to threshold first."""
        drifted = [column for column in self.columns if column.drifted]
        return tuple(c.column for c in sorted(drifted, key=lambda c: c.threshold / c.statistic))
