"""What monitoring says of one window of requests."""

from __future__ import annotations

from redaction.catalog.tables import Verdict
from redaction.values import Frozen


class ColumnJudgement(Frozen):
    """One column of one window."""

    column: str
    method: str
    statistic: float
    threshold: float
    """The statistic from which on the column counts as drifted, for windows of these sizes."""
    reference_median: float
    current_median: float

    @property
    def drifted(self) -> bool:
        """Whether the statistic reaches the threshold."""
        return self.statistic >= self.threshold


class LatencyJudgement(Frozen):
    """How slow the detector was, against its budget. Slowness is never a reason to train."""

    quantile: float
    latency_ms: float
    budget_ms: float

    @property
    def within_budget(self) -> bool:
        """Whether the quantile is at or below the budget."""
        return self.latency_ms <= self.budget_ms


class MonitoringJudgement(Frozen):
    """What monitoring says of one window, for machines."""

    verdict: Verdict
    requests: int
    reference_pages: int
    unrelated_requests: float = 0.0
    """As many unrelated pages are the requests worth: the pages of one document look alike."""
    columns: tuple[ColumnJudgement, ...] = ()
    unjudged: tuple[str, ...] = ()
    """Columns of which these pages have too few values to say anything."""
    latency: LatencyJudgement | None = None
    reasons: tuple[str, ...]
    retraining_requested: bool = False

    @property
    def drifted_columns(self) -> tuple[str, ...]:
        """Names of the columns that drifted, the most drifted (against its threshold) first."""
        drifted = [column for column in self.columns if column.drifted]
        return tuple(c.column for c in sorted(drifted, key=lambda c: c.threshold / c.statistic))
