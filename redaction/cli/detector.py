"""``redaction detect``: find the redactions in one PDF, TIFF or page image; needs neither a workspace nor a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import JsonFlag, new_table, open_console, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from redaction.reports.document import DocumentReport, PageReport


def detect(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A PDF, a TIFF, or the image of one page.")],
    detector: Annotated[
        str | None,
        typer.Option(
            help="A detector's folder, a version in the workspace, or 'starter', which ships with the program. The default is "
            "the workspace's champion, or the starter where there is none.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Lowest score that counts; the default is the detector's own.", show_default=False),
    ] = None,
    as_json: JsonFlag = False,
    output: Annotated[
        Path | None, typer.Option(help="Write the report as JSON to this file, too.", dir_okay=False, show_default=False)
    ] = None,
) -> None:
    """Find the redactions on every page of a document, and the share of each page that they cover.

    Exits with 1 when a page could not be read.

    Example: redaction detect report.pdf --output found.json
    """
    from redaction.cli.detector_choice import load_and_name
    from redaction.files import write_text
    from redaction.progress import progress_bars
    from redaction.reports.detect import report_document

    loaded, workspace = load_and_name(detector)
    with progress_bars(open_console(stderr=True)) as progress:
        report = report_document(file, loaded, threshold, progress).model_copy(update={"workspace": workspace})
    if output is not None:
        write_text(output, report.model_dump_json(indent=2) + "\n", private=False)
    if as_json:
        print_json(report)
    else:
        console = open_console()
        console.print(_summary(report), soft_wrap=True)
        console.print(_table(report))
        for warning in _warnings(report):
            console.print(warning, soft_wrap=True)
    if report.unread_pages:
        raise typer.Exit(1)


def _summary(report: DocumentReport) -> str:
    found = f"{_count(report.redaction_count, 'redaction')} on {report.redacted_pages} of {_count(len(report.pages), 'page')}"
    unread = f"; {_count(report.unread_pages, 'page')} could not be read" if report.unread_pages else ""
    return f"{report.file}: {found}{unread}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _warnings(report: DocumentReport) -> list[str]:
    about_pages = [f"page {page.page}: {warning}" for page in report.pages for warning in page.warnings]
    return [f"Warning: {warning}." for warning in (*report.warnings, *about_pages)]


def _table(report: DocumentReport) -> Table:
    from rich.table import Column

    numbers = [Column(heading, justify="right") for heading in ("page", "redactions", "covered", "best score")]
    table = new_table(*numbers, *(["error"] if report.unread_pages else []))
    for page in report.pages:
        table.add_row(str(page.page), *_cells(page))
    return table


def _cells(page: PageReport) -> tuple[str, ...]:
    if page.findings is None:
        return "", "", "", page.error or ""
    best = max((redaction.score for redaction in page.findings.redactions), default=None)
    covered = f"{page.findings.covered_share:.1%}"
    return str(len(page.findings.redactions)), covered, "" if best is None else f"{best:.2f}"
