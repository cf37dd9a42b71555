"""``redaction evaluate``: measure a detector on annotated pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import JsonFlag, open_console, print_json, print_table_that_fits

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from redaction.detection.predictor import LoadedDetector
    from redaction.evaluation import EvaluatedPage, Evaluation, Interval, Metrics
    from redaction.evaluation.coco_pages import PageList
    from redaction.evaluation.differences import Difference
    from redaction.evaluation.report import EvaluationReport

DETECTOR = "A detector's folder, a version in the workspace, 'starter' (ships with the program) or 'rules' (the baseline)"


def evaluate(
    coco: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="COCO file with the annotations.")],
    pdfs: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of the documents, which are rendered.", show_default=False),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of page images, instead of --pdfs.", show_default=False),
    ] = None,
    detector: Annotated[
        str | None, typer.Option(help=f"{DETECTOR}; by default the champion, or else the starter.", show_default=False)
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Second detector to compare with, named in the same way.", show_default=False)
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(help="Write all detections with a score of 0.01 or more to this file, as COCO results.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write evaluation.json and evaluation.html to this folder.", show_default=False)
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure a detector on annotated pages.

    Shows metrics with confidence intervals; the report also shows the worst pages.
    --json prints what evaluation.json holds.

    Example: redaction evaluate --coco annotations.json --pdfs documents --against rules --output report
    """
    from redaction.cli.detector_choice import load_and_name
    from redaction.evaluation.coco_pages import read_pages
    from redaction.evaluation.differences import differences
    from redaction.evaluation.predictions import write_predictions
    from redaction.evaluation.report import EvaluationReport, write_report

    listed = read_pages(coco, pdfs=pdfs, images=images)
    first, _ = load_and_name(detector)
    second = load_and_name(against)[0] if against is not None else None
    evaluated, evaluation = _evaluate(first, listed)
    if predictions is not None:
        write_predictions(predictions, listed, evaluated)
    report = EvaluationReport(coco=coco.name, evaluation=evaluation)
    if second is not None:
        evaluated_second, evaluation_second = _evaluate(second, listed)
        compared = tuple(differences(evaluated, first.operating_point, evaluated_second, second.operating_point))
        report = report.model_copy(update={"against": evaluation_second, "differences": compared})
    if output is not None:
        write_report(output, report, listed, evaluated)
    if as_json:
        print_json(report)
    else:
        _print_report(report)
        if output is not None:
            typer.echo(f"Report: {output / 'evaluation.html'}")


def _evaluate(detector: LoadedDetector, listed: PageList) -> tuple[list[EvaluatedPage], Evaluation]:
    from redaction.evaluation import evaluate as evaluate_pages
    from redaction.evaluation.predictions import predict_listed

    evaluated = list(predict_listed(detector.predictor, listed))
    evaluation = evaluate_pages(
        evaluated,
        listed.digest,
        version=detector.version,
        detector_digest=detector.digest,
        operating_point=detector.operating_point,
    )
    return evaluated, evaluation


def _print_report(report: EvaluationReport) -> None:
    console = open_console()
    for evaluation in filter(None, (report.evaluation, report.against)):
        _print_evaluation(console, evaluation)
    if report.against is not None:
        title = f"{report.evaluation.version} minus {report.against.version}"
        print_table_that_fits(console, lambda detailed: _difference_table(report.differences, title, detailed))


def _print_evaluation(console: Console, evaluation: Evaluation) -> None:
    with_intervals = print_table_that_fits(console, lambda detailed: _metrics_table(evaluation, detailed))
    console.print(_remarks(evaluation, with_intervals))


def _metrics_table(evaluation: Evaluation, with_intervals: bool) -> Table:
    from redaction.evaluation.metrics import metrics_by_group
    from redaction.evaluation.report import METRIC_COLUMNS

    title = f"{evaluation.version} at its operating point {evaluation.operating_point:.4g}"
    table = _table(title, ["pages", "boxes", *METRIC_COLUMNS, "false"], compact=not with_intervals)
    section_ends = {"all", *list(evaluation.by_style)[-1:]}
    for name, metrics in metrics_by_group(evaluation):
        table.add_row(name, *_cells(metrics, with_intervals), end_section=name in section_ends)
    return table


def _table(title: str, headings: list[str], compact: bool) -> Table:
    """A table of numbers; a compact one fits 80 columns."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    if compact:
        table.box, table.padding, table.show_edge = box.SIMPLE_HEAD, (0, 0, 0, 0), False
    table.add_column("", no_wrap=True)
    for heading in headings:
        short = heading.replace("precision", "P").replace("recall", "R")
        table.add_column(short.replace(" ", "\n") if compact else short, justify="right", no_wrap=True)
    return table


def _remarks(evaluation: Evaluation, with_intervals: bool) -> str:
    from redaction.evaluation.metrics import format_metric
    from redaction.evaluation.report import format_interval

    interval = format_interval(evaluation.false_positives_per_clean_page_interval)
    sentences = [
        f"False boxes per page without redactions: {format_metric(evaluation.false_positives_per_clean_page)}"
        + (f" ({interval})." if interval else "."),
        f"Median seconds per page: {format_metric(evaluation.seconds_per_page)}, plus "
        f"{format_metric(evaluation.reading_seconds_per_page)} to read its image.",
    ]
    if not with_intervals:
        sentences.append("A wider terminal also shows the confidence intervals.")
    elif resampling := evaluation.resampling:
        sentences.append(
            f"Intervals: {resampling.confidence:.0%} of {resampling.resamples} bootstrap resamples of {resampling.documents} "
            f"documents (seed {resampling.seed})."
        )
    return " ".join(sentences)


def _cells(metrics: Metrics, with_intervals: bool) -> list[str | Text]:
    from redaction.evaluation.metrics import format_metric
    from redaction.evaluation.report import METRIC_COLUMNS, format_interval, metric_value

    cells: list[str | Text] = [str(metrics.pages), str(metrics.boxes)]
    for name in METRIC_COLUMNS.values():
        interval = format_interval(metrics.intervals.get(name), digits=2) if with_intervals else ""
        cells.append(_cell(format_metric(metric_value(metrics, name)), interval))
    return [*cells, str(metrics.false_positives)]


def _difference_table(compared: tuple[Difference, ...], title: str, with_intervals: bool) -> Table:
    from redaction.evaluation.differences import FALSE_BOXES_PER_PAGE
    from redaction.evaluation.report import METRIC_COLUMNS

    def signed(interval: Interval | None) -> str:
        return f"{interval.low:+.2f}…{interval.high:+.2f}" if interval and with_intervals else ""

    table = _table(title, [*METRIC_COLUMNS, "false per page"], compact=not with_intervals)
    by_group: dict[str, dict[str, Text]] = {}
    for difference in compared:
        by_group.setdefault(difference.group, {})[difference.metric] = _cell(
            f"{difference.value:+.3f}", signed(difference.interval)
        )
    for group, cells in by_group.items():
        table.add_row(group, *(cells.get(metric, "–") for metric in (*METRIC_COLUMNS.values(), FALSE_BOXES_PER_PAGE)))
    return table


def _cell(value: str, interval: str) -> Text:
    """A metric with its interval, if any, in a second line."""
    from rich.text import Text

    return Text.assemble(value, *([("\n" + interval, "dim")] if interval else []))
