"""Decide whether to start a training."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, col, func, select

from redaction.catalog import Catalog
from redaction.catalog.tables import Annotation, MonitoringWindow, TrainingRun
from redaction.values import Frozen

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class RetrainingCheck(Frozen):
    """Whether to train, and the reasons as sentences."""

    proceed: bool
    reasons: tuple[str, ...]
    annotated_pages: int
    new_annotations: int
    """Pages annotated since the last finished training read its data."""
    open_requests: int
    """Retraining requests of monitoring that no training has answered."""


def check_retraining(catalog: Catalog, min_new_annotations: int, force: bool = False) -> RetrainingCheck:
    """Train if enough pages were annotated since the last finished training, if monitoring requests it, or if forced."""
    with catalog.snapshot() as session:
        last_read = session.exec(
            select(func.max(TrainingRun.data_read_at)).where(col(TrainingRun.finished_at).is_not(None))
        ).one()
        annotated = session.exec(select(func.count()).select_from(Annotation)).one()
        new = session.exec(
            select(func.count()).select_from(Annotation).where(col(Annotation.imported_at) > (last_read or BEGINNING))
        ).one()
        requests = len(open_retraining_requests(session))
    reasons = [f"Pages annotated since the last finished training: {new}; needed: {min_new_annotations}."]
    if requests:
        reasons.append(f"Monitoring requests a retraining (open requests: {requests}).")
    if force:
        reasons.append("Training is forced.")
    if not annotated:
        reasons = ["No page is annotated: annotate some pages, then run 'redaction annotations import FILE'."]
    return RetrainingCheck(
        proceed=bool(annotated) and (force or requests > 0 or new >= min_new_annotations),
        reasons=tuple(reasons),
        annotated_pages=annotated,
        new_annotations=new,
        open_requests=requests,
    )


def open_retraining_requests(session: Session) -> list[MonitoringWindow]:
    """Monitoring windows whose retraining request no finished training has answered."""
    unanswered = select(MonitoringWindow).where(
        col(MonitoringWindow.retraining_requested).is_(True), col(MonitoringWindow.answered_by).is_(None)
    )
    return list(session.exec(unanswered))
