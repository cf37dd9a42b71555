"""A validation report as one self-contained HTML page: the verdict, what failed with its pages drawn, what passed, the suites."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import islice

from expectations.thumbnails import thumbnail_jpeg
from expectations.validation import ExpectationResult, FailingRow, ValidationReport
from redaction.dataset import AnnotatedPage, Dataset
from redaction.html import render

MAX_DRAWN_PAGES = 12
"""Pages drawn for one failed rule; the others are only counted."""

MAX_LISTED_ROWS = 6
"""Rows listed under one drawn page."""

MAX_LISTED_EXCEPTIONS = 20
"""Rows listed for a rule that passed because it tolerates some."""

MAX_NAME_LENGTH = 40
"""Longer page names are shortened."""


@dataclass(frozen=True)
class FailingPage:
    """A page on which a rule failed, as it is shown."""

    name: str
    split: str
    jpeg_base64: str | None
    """None if the page has no readable image file."""
    rows: list[FailingRow]
    hidden_rows: int


def report_html(report: ValidationReport, dataset: Dataset) -> str:
    """Render the report; the failing pages of `dataset` are drawn with the faulty boxes in red."""
    pages = {page.page: page for page in dataset.pages}
    return render(
        "expectations",
        "report.html.j2",
        report=report,
        started=report.started.astimezone().strftime("%d %B %Y, %H:%M:%S %Z"),
        rules=sum(len(suite.expectations) for suite in report.suites),
        fixable=all(expectation.fixable_by_quarantine for expectation in report.failures),
        failed=[
            (expectation, _facts(expectation), _failing_pages(expectation, pages, dataset)) for expectation in report.failures
        ],
        passed=[(suite.suite, e, _tolerance(e)) for suite in report.suites for e in suite.expectations if e.success],
        max_listed_exceptions=MAX_LISTED_EXCEPTIONS,
        count=_count,
        short=_short,
    )


def _tolerance(expectation: ExpectationResult) -> str:
    if expectation.mostly == 1.0:
        return "none"
    share = len(expectation.failing) / max(expectation.rows, 1)
    return f"{share:.1%} (up to {1 - expectation.mostly:.0%})"


def _facts(expectation: ExpectationResult) -> list[str]:
    failing_pages = len({row.page for row in expectation.failing})
    if failing_pages:
        rows = _count(len(expectation.failing), "row", "rows")
        share = len(expectation.failing) / expectation.rows
        facts = [f"{rows} of {expectation.rows:,} ({share:.1%}) on {_count(failing_pages, 'page', 'pages')}"]
    else:
        facts = ["The table as a whole" if expectation.observed is None else f"Observed: {expectation.observed}"]
    if expectation.mostly < 1.0:
        facts.append(f"up to {1 - expectation.mostly:.0%} would be tolerated")
    if failing_pages > MAX_DRAWN_PAGES:
        facts.append(f"the first {MAX_DRAWN_PAGES} pages are shown")
    if expectation.error:
        facts.append(f"could not be evaluated: {expectation.error}")
    return facts


def _failing_pages(expectation: ExpectationResult, pages: dict[str, AnnotatedPage], dataset: Dataset) -> list[FailingPage]:
    by_page: dict[str, list[FailingRow]] = {}
    for row in expectation.failing:
        by_page.setdefault(row.page, []).append(row)
    return [_failing_page(pages[name], rows, dataset) for name, rows in islice(by_page.items(), MAX_DRAWN_PAGES)]


def _failing_page(page: AnnotatedPage, rows: list[FailingRow], dataset: Dataset) -> FailingPage:
    jpeg = thumbnail_jpeg(dataset, page, {row.box for row in rows if row.box is not None})
    return FailingPage(
        name=page.page,
        split=page.split,
        jpeg_base64=base64.b64encode(jpeg).decode() if jpeg else None,
        rows=rows[:MAX_LISTED_ROWS],
        hidden_rows=len(rows) - MAX_LISTED_ROWS,
    )


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[:12]}…{name[-5:]}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
