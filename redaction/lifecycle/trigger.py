"""Is there enough to learn? And the record of the trainings that answered."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, col, func, select

from redaction.catalog import Catalogue
from redaction.catalog.tables import Annotation, Deployment, MonitoringWindow, Stage, TrainingRun, now
from redaction.dataset import Frozen
from redaction.decision import Decision
from redaction.evaluation import Comparison

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class RetrainingCheck(Frozen):
    """Whether to train, and why or why not, in sentences."""

    proceed: bool
    reasons: tuple[str, ...]
    annotated_pages: int
    new_annotations: int
    """Pages annotated since the data of the last finished training were read."""
    open_requests: int
    """Monitoring windows that ask for a retraining and have not been answered."""


class Champion(Frozen):
    """The detector in production."""

    version: str
    detector_digest: str


class Production(Frozen):
    """What is in production in a workspace, if anything."""

    workspace: str
    champion: Champion | None


def check_retraining(catalogue: Catalogue, min_new_annotations: int, force: bool = False) -> RetrainingCheck:
    """Train when enough pages were annotated since the last finished training, when monitoring asks for it, or by force."""
    with catalogue.transaction() as session:
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
        reasons.append(f"Monitoring asks for a retraining (open requests: {requests}).")
    if force:
        reasons.append("A training is forced.")
    if not annotated:
        reasons = ["No page is annotated yet: annotate some, then run 'redaction annotations import FILE'."]
    return RetrainingCheck(
        proceed=bool(annotated) and (force or requests > 0 or new >= min_new_annotations),
        reasons=tuple(reasons),
        annotated_pages=annotated,
        new_annotations=new,
        open_requests=requests,
    )


def open_retraining_requests(session: Session) -> list[MonitoringWindow]:
    """Monitoring windows that ask for a retraining which no finished training has answered."""
    wanted = select(MonitoringWindow).where(
        col(MonitoringWindow.retraining_requested).is_(True), col(MonitoringWindow.answered_by).is_(None)
    )
    return list(session.exec(wanted))


def production(catalogue: Catalogue, workspace_root: str) -> Production:
    """What the catalogue says is in production."""
    with catalogue.transaction() as session:
        row = session.exec(select(Deployment).where(Deployment.stage == Stage.PRODUCTION)).one_or_none()
    champion = Champion(version=row.version, detector_digest=row.detector_digest) if row else None
    return Production(workspace=workspace_root, champion=champion)


def start_training_run(catalogue: Catalogue, run: str, revision: str, annotated_pages: int) -> None:
    """Record that a pipeline run has read its data; said twice of one run, the first stands."""
    with catalogue.transaction() as session:
        if session.get(TrainingRun, run) is None:
            session.add(TrainingRun(run=run, revision=revision, annotated_pages=annotated_pages))


def finish_training_run(catalogue: Catalogue, run: str, comparison: Comparison, decision: Decision) -> None:
    """Record that a training came to its decision; the requests that were open when it read its data are answered."""
    with catalogue.transaction() as session:
        training = session.get_one(TrainingRun, run)
        training.finished_at, training.version = now(), decision.candidate
        training.comparison, training.decision = comparison.model_dump(mode="json"), decision.model_dump(mode="json")
        session.add(training)
        for window in open_retraining_requests(session):
            if window.judged_at <= training.data_read_at:
                window.answered_by = run
                session.add(window)
