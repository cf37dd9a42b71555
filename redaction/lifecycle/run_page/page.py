"""Render the page of a run."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from redaction.contact_sheet import SheetPage, contact_sheet_png
from redaction.dataset import Dataset, Split
from redaction.documents.page_images import RenderedPages
from redaction.evaluation import Comparison, Evaluation, Metrics
from redaction.evaluation.comparison import MEASURE_NAMES, PART_NAMES
from redaction.evaluation.drawing import LEGEND
from redaction.evaluation.metrics import format_metric
from redaction.evaluation.report import format_interval
from redaction.html import render
from redaction.lifecycle.run_page.charts import Chart, epoch_chart
from redaction.lifecycle.run_page.facts import RunArtifacts, RunFacts, StepState
from redaction.lifecycle.run_page.outcome import counted
from redaction.lifecycle.run_records import RunFiles
from redaction.progress import format_duration
from redaction.training.history import TrainingHistory
from redaction.workspace import Workspace

TEMPLATES = {"ct_cd": "ct_cd.html.j2", "annotation_ingestion": "annotation_ingestion.html.j2"}
"""The template of each pipeline; another pipeline's page shows only its steps and links."""
MAX_SHEET_PAGES = 20
COMPARED = {"recall": "recall", "precision": "precision", "AP50": "ap50"}
"""The metrics in the comparison by style, by heading."""


@dataclass(frozen=True)
class DatasetCounts:
    """One row of the table of datasets."""

    name: str
    documents: int
    pages: int
    redactions: int
    by_split: tuple[int, ...]


@dataclass(frozen=True)
class StyleRow:
    """Candidate and champion on the pages of one style."""

    style: str
    candidate: Metrics
    champion: Metrics | None


def run_page_html(facts: RunFacts) -> str:
    """The page of a run as one HTML file: no script, and no other file or host is needed to read it."""
    return render(
        "redaction.lifecycle.run_page",
        TEMPLATES.get(facts.record.pipeline, "page.html.j2"),
        facts=facts,
        record=facts.record,
        artifacts=facts.artifacts,
        steps=_all_steps(facts),
        duration=_duration(facts),
        datasets=list(_dataset_counts(facts.artifacts)),
        splits=list(Split),
        charts=_training_charts(facts.artifacts.training_history),
        comparisons=list(_comparisons(facts.artifacts.comparison)),
        compared=COMPARED,
        measures=MEASURE_NAMES,
        parts=PART_NAMES,
        legend=LEGEND,
        sheet=_contact_sheet(facts.artifacts.new_pages),
        sheet_pages=MAX_SHEET_PAGES,
        log=_existing(RunFiles(facts.workspace).log(facts.record.name)),
        href=lambda path: _href(facts.workspace, path),
        shown=lambda path: _shown(facts.workspace, path),
        metric=format_metric,
        interval=format_interval,
        counted=counted,
        seconds=lambda value: "" if value is None else f"{value:,.1f} s",
        signed=lambda value: f"{value:+.3f}",
    )


def _all_steps(facts: RunFacts) -> list[StepState]:
    """The steps that ran, and then those that did not. Of deploy and hold, only one ever runs."""
    ran = {step.name for step in facts.steps}
    replaced = {"deploy", "hold"} if ran & {"deploy", "hold"} else set()
    missing = (name for name in facts.planned if name not in ran | replaced)
    return [*facts.steps, *(StepState(name, "not run", None) for name in missing)]


def _duration(facts: RunFacts) -> str:
    finished = facts.record.finished
    return format_duration((finished - facts.record.started).total_seconds()) if finished else ""


def _dataset_counts(artifacts: RunArtifacts) -> Iterator[DatasetCounts]:
    for name, dataset in (
        ("annotated", artifacts.annotated),
        ("annotated and valid", artifacts.validated),
        ("synthetic", artifacts.synthetic),
    ):
        if dataset is not None and dataset.pages:
            yield _count(name, dataset)


def _count(name: str, dataset: Dataset) -> DatasetCounts:
    return DatasetCounts(
        name,
        documents=len({page.document for page in dataset.pages}),
        pages=len(dataset.pages),
        redactions=sum(len(page.boxes) for page in dataset.pages),
        by_split=tuple(len(dataset.of_split(split).pages) for split in Split),
    )


def _training_charts(history: TrainingHistory | None) -> list[Chart]:
    if history is None or not history.epochs:
        return []
    epochs = history.epochs
    losses = {"training": [epoch.train_loss for epoch in epochs], "validation": [epoch.validation_loss for epoch in epochs]}
    quality = {"AP50": [e.ap50 for e in epochs], "AP": [e.ap for e in epochs], "recall (AR)": [e.ar for e in epochs]}
    return [epoch_chart("Loss", losses, history.best), epoch_chart("Quality on the validation pages", quality, history.best)]


def _comparisons(comparison: Comparison | None) -> Iterator[tuple[str, Evaluation, Evaluation | None, list[StyleRow]]]:
    """For each set of pages its title, both evaluations and the metrics by style."""
    if comparison is None:
        return
    for title, candidate, champion in (
        ("Test pages", comparison.candidate, comparison.champion),
        ("Synthetic panel", comparison.candidate_on_panel, comparison.champion_on_panel),
    ):
        if candidate is not None:
            yield title, candidate, champion, list(_style_rows(candidate, champion))


def _style_rows(candidate: Evaluation, champion: Evaluation | None) -> Iterator[StyleRow]:
    yield StyleRow("all", candidate.overall, champion.overall if champion else None)
    for style, metrics in candidate.by_style.items():
        yield StyleRow(style, metrics, champion.by_style.get(style) if champion else None)


def _contact_sheet(pages: RenderedPages | None) -> str | None:
    """A sheet of the new pages as a ``data:`` URL; None if there are none."""
    if pages is None or not pages.pages:
        return None
    root = Workspace.at(pages.root)
    sheet = [SheetPage(root.inside(page.image), caption=page.file_name) for page in pages.pages]
    png = contact_sheet_png(sheet, columns=5, page_width_px=220, limit=MAX_SHEET_PAGES)
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _href(workspace: Workspace, path: Path) -> str:
    """Relative to the folder of the page, so that links survive a move of the workspace; outside of it, absolute."""
    if not path.is_relative_to(workspace.root):
        return path.as_uri()
    return Path(os.path.relpath(path, RunFiles(workspace).folder)).as_posix()


def _shown(workspace: Workspace, path: Path) -> str:
    return str(path.relative_to(workspace.root) if path.is_relative_to(workspace.root) else path)
