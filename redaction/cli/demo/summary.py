"""The end of the demo: a table of the results, and what to try next."""

from __future__ import annotations

from rich.table import Table
from sqlmodel import col, func, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation, MonitoringWindow, Page, TrainingRun
from redaction.cli.demo.story import Demo, as_typed, service_url
from redaction.evaluation import Comparison
from redaction.lifecycle.gate import Decision, ReasonCode
from serving.local import control

LACK_OF_EVIDENCE = (ReasonCode.TOO_FEW_TEST_PAGES, ReasonCode.TOO_LITTLE_EVIDENCE)


def show(demo: Demo, elapsed: str) -> None:
    """Print the table and what to try next."""
    table = Table(title=f"The demo took {elapsed}", show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    training = _last_training(demo)
    for row in (*_counts(demo), *_training(training), *_service(demo), *_monitoring(demo)):
        table.add_row(*row)
    demo.console.print()
    demo.console.print(table)
    if training is not None and not training[1].deploy:
        demo.console.print(f"\n{why_held(training[1])}", soft_wrap=True)
    demo.console.print(_next_steps(demo), soft_wrap=True)


def _counts(demo: Demo) -> list[tuple[str, str]]:
    with open_catalog(demo.workspace).snapshot() as session:
        pages = session.exec(select(func.count()).select_from(Page).where(col(Page.image).is_not(None))).one()
        annotated = session.exec(select(func.count()).select_from(Annotation)).one()
        boxes = session.exec(select(func.count()).select_from(AnnotatedBox)).one()
    return [("pages", f"{pages} rendered, {annotated} annotated"), ("boxes", str(boxes))]


def why_held(decision: Decision) -> str:
    """Why a candidate does not serve, and what would let it."""
    lacks_evidence = any(reason.code in LACK_OF_EVIDENCE for reason in decision.reasons)
    evidence = "annotate more documents, as the reasons above say, or " if lacks_evidence else ""
    return (
        f"{decision.candidate} was held, and {decision.champion} goes on serving: a candidate is deployed only if it is known to "
        f"be better in something and worse in nothing. That takes more than a few minutes of training: {evidence}train for "
        f"longer (`epochs` and `pages` of the run configuration). To deploy it anyway: redaction deploy {decision.candidate}"
    )


def _last_training(demo: Demo) -> tuple[Comparison, Decision] | None:
    with open_catalog(demo.workspace).snapshot() as session:
        finished = session.exec(
            select(TrainingRun).where(col(TrainingRun.finished_at).is_not(None)).order_by(col(TrainingRun.finished_at).desc())
        ).first()
    if finished is None or finished.comparison is None or finished.decision is None:
        return None
    return Comparison.model_validate(finished.comparison), Decision.model_validate(finished.decision)


def _training(training: tuple[Comparison, Decision] | None) -> list[tuple[str, str]]:
    if training is None:
        return [("training", "none finished")]
    candidate, decision = training[0].candidate, training[1]
    metrics = candidate.overall
    rows = [
        ("candidate", candidate.version),
        ("AP50 on test", f"{_metric(metrics.ap50)} ({metrics.pages} pages, {metrics.boxes} boxes)"),
        ("recall, precision", f"{_metric(metrics.recall)}, {_metric(metrics.precision)} at {candidate.operating_point:.2f}"),
        ("decision", "deploy" if decision.deploy else "hold"),
    ]
    return rows + [("", reason.sentence) for reason in decision.reasons]


def _service(demo: Demo) -> list[tuple[str, str]]:
    service = control.status(demo.workspace)
    return [("service", f"{service.version} at {service.url}" if service.running else "not running")]


def _monitoring(demo: Demo) -> list[tuple[str, str]]:
    with open_catalog(demo.workspace).snapshot() as session:
        window = session.exec(select(MonitoringWindow).order_by(col(MonitoringWindow.judged_at).desc())).first()
    if window is None:
        return [("monitoring", "no window yet")]
    rows = [("monitoring", f"{window.verdict.replace('_', ' ')} ({window.requests} requests)")]
    return rows + ([("report", as_typed(demo.workspace.inside(window.report)))] if window.report else [])


def _next_steps(demo: Demo) -> str:
    root = as_typed(demo.workspace.root)
    return f"""
What to try next:
  source .venv/bin/activate
  export REDACTION_WORKSPACE={root}
  curl -F "page=@$(find {root}/pages -type f | head -1)" {service_url(demo.workspace) or "http://127.0.0.1:3000"}/detect
  redaction runs show              what the last run did and decided, on one page
  redaction dashboard              the runs, their DAG, contact sheets, cards and reports
  redaction service status         and 'logs', 'stop'
  redaction checkpoints list       and 'restore'
  redaction annotations queue      pages to annotate next
"""


def _metric(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
