"""The end of the demo: a table of the results, and what to try next."""

from __future__ import annotations

from rich.table import Table
from sqlmodel import col, func, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation, MonitoringWindow, Page, TrainingRun
from redaction.cli.demo.story import Demo, as_typed, service_url
from redaction.evaluation import Comparison
from redaction.lifecycle.gate import Decision
from serving.local import control


def show(demo: Demo, elapsed: str) -> None:
    """Print the table and what to try next."""
    table = Table(title=f"The demo took {elapsed}", show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in (*_counts(demo), *_training(demo), *_service(demo), *_monitoring(demo)):
        table.add_row(*row)
    demo.console.print()
    demo.console.print(table)
    demo.console.print(_next_steps(demo), soft_wrap=True)


def _counts(demo: Demo) -> list[tuple[str, str]]:
    with open_catalog(demo.workspace).snapshot() as session:
        pages = session.exec(select(func.count()).select_from(Page).where(col(Page.image).is_not(None))).one()
        annotated = session.exec(select(func.count()).select_from(Annotation)).one()
        boxes = session.exec(select(func.count()).select_from(AnnotatedBox)).one()
    return [("pages", f"{pages} rendered, {annotated} annotated"), ("boxes", str(boxes))]


def _training(demo: Demo) -> list[tuple[str, str]]:
    with open_catalog(demo.workspace).snapshot() as session:
        finished = session.exec(
            select(TrainingRun).where(col(TrainingRun.finished_at).is_not(None)).order_by(col(TrainingRun.finished_at).desc())
        ).first()
    if finished is None or finished.comparison is None or finished.decision is None:
        return [("training", "none finished")]
    candidate = Comparison.model_validate(finished.comparison).candidate
    decision = Decision.model_validate(finished.decision)
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
  redaction dashboard              the runs, their DAG, contact sheets, cards and reports
  redaction service status         and 'logs', 'stop'
  redaction checkpoints list       and 'restore'
  redaction annotations queue      pages to annotate next
"""


def _metric(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
