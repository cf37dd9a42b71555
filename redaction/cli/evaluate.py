"""``redaction evaluate``: how good a detector is on annotated pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from redaction.workspace import Workspace

if TYPE_CHECKING:
    from redaction.evaluation import EvaluatedPage, Evaluation, Metrics
    from redaction.evaluation.coco_pages import PageList
    from redaction.evaluation.differences import Difference
    from redaction.lifecycle.detectors import LoadedDetector

DETECTOR = "A detector's folder, a version in the workspace, 'starter', or 'rules' for the baseline that learns nothing"


PIPE_WIDTH = 126
INTERVALS_FROM_WIDTH = 116
"""Columns; in a narrower terminal the table has the figures alone, and the report the rest."""


def evaluate(
    coco: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The annotations, as COCO.")],
    pdfs: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of the documents to render.", show_default=False),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of the page images instead.", show_default=False)
    ] = None,
    detector: Annotated[
        str | None, typer.Option(help=f"{DETECTOR}; left out, the champion, else the starter.", show_default=False)
    ] = None,
    against: Annotated[str | None, typer.Option(help="Another one to compare with, named likewise.", show_default=False)] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Write every box above 0.01 to this file, as a COCO result list.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write evaluation.json and evaluation.html into this folder.", show_default=False)
    ] = None,
) -> None:
    """Measure a detector on annotated pages: figures with their uncertainty, and the pages where it errs.

    Example: redaction evaluate --coco annotations.json --pdfs documents --against rules --report report
    """
    from redaction.evaluation.coco_pages import read_pages
    from redaction.evaluation.differences import differences
    from redaction.evaluation.predictions import write_predictions
    from redaction.evaluation.report import EvaluationReport, write_report
    from redaction.lifecycle.detectors import load_detector

    listed = read_pages(coco, pdfs=pdfs, images=images)
    first = load_detector(detector, Workspace.at())
    other = load_detector(against, Workspace.at()) if against is not None else None
    judged, evaluation = _evaluated(first, listed)
    # a pipe has no width, and eighty columns would crush the table
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    if predictions is not None:
        write_predictions(predictions, listed, judged)
    if other is None:
        result = EvaluationReport(coco=coco.name, evaluation=evaluation)
        _show(console, evaluation)
    else:
        judged_other, evaluation_other = _evaluated(other, listed)
        compared = tuple(differences(judged, first.operating_point, judged_other, other.operating_point))
        result = EvaluationReport(coco=coco.name, evaluation=evaluation, against=evaluation_other, differences=compared)
        _show(console, evaluation)
        _show(console, evaluation_other)
        console.print(_difference_table(compared, f"{evaluation.version} less {evaluation_other.version}"))
    if report is not None:
        write_report(report, result, listed, judged)
        console.print(f"Report: {report / 'evaluation.html'}", highlight=False, soft_wrap=True)


def _evaluated(who: LoadedDetector, listed: PageList) -> tuple[list[EvaluatedPage], Evaluation]:
    from redaction.evaluation import evaluate as figures_of
    from redaction.evaluation.predictions import judge

    judged = list(judge(who.predictor, listed))
    evaluation = figures_of(
        judged, listed.digest, version=who.version, detector_digest=who.digest, operating_point=who.operating_point
    )
    return judged, evaluation


def _show(console: Console, evaluation: Evaluation) -> None:
    from redaction.evaluation.metrics import rows
    from redaction.evaluation.report import COLUMNS

    table = Table(title=f"{evaluation.version} at its operating point {evaluation.operating_point:.4g}", title_justify="left")
    table.add_column("")
    for heading in ("pages", "boxes", *COLUMNS, "false"):
        table.add_column(_short(heading), justify="right")
    ends = {"all", *list(evaluation.by_style)[-1:]}
    for name, figures in rows(evaluation):
        table.add_row(name, *_cells(figures, console.width >= INTERVALS_FROM_WIDTH), end_section=name in ends)
    console.print(table)
    console.print(_remarks(evaluation), highlight=False)


def _short(heading: str) -> str:
    return heading.replace("precision", "P").replace("recall", "R")


def _remarks(evaluation: Evaluation) -> str:
    from redaction.evaluation.report import interval_text, rate

    interval = interval_text(evaluation.false_positives_per_clean_page_interval)
    sentences = [
        f"False boxes on a page without redactions: {rate(evaluation.false_positives_per_clean_page)}"
        + (f" ({interval})." if interval else "."),
        f"Seconds a page: {rate(evaluation.seconds_per_page)}, and {rate(evaluation.reading_seconds_per_page)} for its image "
        "(medians).",
    ]
    if drawn := evaluation.resampling:
        sentences.append(
            f"Below the figures: {drawn.confidence:.0%} of {drawn.resamples} draws of {drawn.documents} documents "
            f"(seed {drawn.seed})."
        )
    return " ".join(sentences)


def _cells(figures: Metrics, with_intervals: bool) -> list[str]:
    from redaction.evaluation.report import COLUMNS, figure_of, interval_text, rate

    cells = [str(figures.pages), str(figures.boxes)]
    for name in COLUMNS.values():
        interval = interval_text(figures.intervals.get(name), digits=2)
        below = f"\n[dim]{interval}[/dim]" if interval and with_intervals else ""
        cells.append(rate(figure_of(figures, name)) + below)
    return [*cells, str(figures.false_positives)]


def _difference_table(compared: tuple[Difference, ...], title: str) -> Table:
    from redaction.evaluation.differences import FALSE_BOXES
    from redaction.evaluation.report import COLUMNS

    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in COLUMNS:
        table.add_column(_short(heading), justify="right")
    by_group: dict[str, dict[str, str]] = {}
    for one in compared:
        interval = f"\n[dim]{one.interval.low:+.2f}…{one.interval.high:+.2f}[/dim]" if one.interval else ""
        by_group.setdefault(one.group, {})[one.figure] = f"{one.value:+.3f}{interval}"
    table.add_column("false a page", justify="right")
    for group, cells in by_group.items():
        table.add_row(group, *(cells.get(figure, "–") for figure in (*COLUMNS.values(), FALSE_BOXES)))
    return table
