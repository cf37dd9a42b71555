"""Record training runs in the catalog: the data that each read and the decision that followed."""

from __future__ import annotations

from sqlmodel import col, select

from redaction.catalog import Catalog
from redaction.catalog.tables import TrainingRun, now
from redaction.evaluation import Comparison
from redaction.lifecycle.gate import Decision
from redaction.lifecycle.trigger import open_retraining_requests


def start_training_run(catalog: Catalog, run: str, revision: str, annotated_pages: int) -> None:
    """Record that a pipeline run has read its data. Idempotent: the first record of a run is kept."""
    with catalog.transaction() as session:
        if session.get(TrainingRun, run) is None:
            session.add(TrainingRun(run=run, revision=revision, annotated_pages=annotated_pages))


def finish_training_run(catalog: Catalog, run: str, comparison: Comparison, decision: Decision) -> None:
    """Record the decision on a training, and mark the retraining requests that were open when it read its data as answered."""
    with catalog.transaction() as session:
        training = session.get_one(TrainingRun, run)
        training.finished_at, training.version = now(), decision.candidate
        training.comparison, training.decision = comparison.model_dump(mode="json"), decision.model_dump(mode="json")
        session.add(training)
        for window in open_retraining_requests(session):
            if window.judged_at <= training.data_read_at:
                window.answered_by = run
                session.add(window)


def last_decision(catalog: Catalog, version: str) -> Decision | None:
    """The latest decision of the gate on a version; None if there is none."""
    with catalog.snapshot() as session:
        row = session.exec(
            select(TrainingRun).where(TrainingRun.version == version).order_by(col(TrainingRun.finished_at).desc())
        ).first()
    return Decision.model_validate(row.decision) if row and row.decision else None
