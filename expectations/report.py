"""A validation report as one HTML page that reads well offline: verdict first, then what failed, with its pages drawn."""

from __future__ import annotations

import base64
from html import escape
from itertools import islice

from expectations.thumbnails import thumbnail_jpeg
from expectations.validation import ExpectationResult, FailingRow, ValidationReport
from redaction.dataset import AnnotatedPage, Dataset

PAGES_DRAWN = 12
"""Pages drawn for one failed rule; more rows than these are counted, not shown."""

ROWS_LISTED = 6
"""Rows named under one drawn page."""

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; background: #f5f6f8; margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { font-size: 25px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 34px 0 10px; }
.lead { color: #566070; margin: 0 0 20px; }
.verdict { border-left: 6px solid; padding: 12px 18px; background: #fff; border-radius: 4px; font-size: 17px; }
.good { border-color: #1a8f4c; } .bad { border-color: #d62027; }
.rule { background: #fff; border-radius: 6px; padding: 16px 18px; margin: 14px 0; box-shadow: 0 1px 3px #0002; }
.rule h3 { font-size: 16px; margin: 0 0 2px; } .rule p { margin: 0 0 10px; color: #566070; }
.pages { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 16px; align-items: start; }
figure { margin: 0; min-width: 0; } figure img { width: 100%; border: 1px solid #cfd5de; display: block; background: #fff; }
figcaption { font-size: 12px; margin-top: 5px; overflow-wrap: anywhere; }
figcaption b { display: block; } figcaption ul { margin: 3px 0 0; padding-left: 16px; color: #566070; }
.lost { border: 1px dashed #b9c1cc; background: #fafbfc; color: #566070; padding: 44px 10px; text-align: center; }
table { border-collapse: collapse; width: 100%; background: #fff; border-radius: 6px; box-shadow: 0 1px 3px #0002; }
th, td { text-align: left; padding: 7px 12px; border-top: 1px solid #e8ebf0; } th { border: 0; color: #566070; font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; }
"""


def report_html(report: ValidationReport, dataset: Dataset) -> str:
    """The report as a page with everything inline; the failing pages of `dataset` are drawn with the boxes at fault in red."""
    pages = {page.page: page for page in dataset.pages}
    failed = "".join(_failed_rule(expectation, pages, dataset) for expectation in report.failures)
    body = [
        "<h1>Validation of annotated pages</h1>",
        f"<p class='lead'>{report.pages:,} pages, {report.boxes:,} boxes · dataset {report.dataset_digest[:12]}</p>",
        _verdict(report),
        f"<h2>What failed</h2>{failed}" if failed else "",
        "<h2>What holds</h2>",
        _passed_rules(report),
    ]
    head = f"<meta charset='utf-8'><title>Validation of annotated pages</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body><main>{''.join(body)}</main></body></html>"


def _verdict(report: ValidationReport) -> str:
    judged = sum(len(suite.expectations) for suite in report.suites)
    if report.success:
        return f"<div class='verdict good'><b>Valid.</b> All {judged} rules hold.</div>"
    bad = len(report.failing_pages)
    curable = all(expectation.names_its_rows for expectation in report.failures)
    cure = (
        f"{_count(bad, 'page is', 'pages are')} affected and may be left out (quarantine)."
        if curable
        else "At least one failure is about the whole set, so leaving pages out cannot cure it."
    )
    return f"<div class='verdict bad'><b>Not valid.</b> {len(report.failures)} of {judged} rules fail. {cure}</div>"


def _passed_rules(report: ValidationReport) -> str:
    rows = [
        f"<tr><td>{escape(e.rule)}</td><td>{suite.suite}</td><td class='number'>{e.rows:,}</td>"
        f"<td class='number'>{_tolerance(e)}</td></tr>"
        for suite in report.suites
        for e in suite.expectations
        if e.success
    ]
    heads = "<tr><th>Rule</th><th>Suite</th><th class='number'>Rows</th><th class='number'>Exceptions (tolerated)</th></tr>"
    return f"<table>{heads}{''.join(rows)}</table>" if rows else "<p>No rule holds.</p>"


def _tolerance(expectation: ExpectationResult) -> str:
    if expectation.mostly == 1.0:
        return "none"
    share = len(expectation.failing) / max(expectation.rows, 1)
    return f"{share:.1%} (up to {1 - expectation.mostly:.0%})"


def _failed_rule(expectation: ExpectationResult, pages: dict[str, AnnotatedPage], dataset: Dataset) -> str:
    by_page: dict[str, list[FailingRow]] = {}
    for row in expectation.failing:
        by_page.setdefault(row.page, []).append(row)
    facts = [
        f"{_count(len(expectation.failing), 'row', 'rows')} of {expectation.rows:,} on {_count(len(by_page), 'page', 'pages')}"
    ]
    if not by_page:
        facts = ["The table as a whole" if expectation.observed is None else f"Seen: {expectation.observed}"]
    if expectation.mostly < 1.0:
        facts.append(f"up to {1 - expectation.mostly:.0%} would be tolerated")
    if len(by_page) > PAGES_DRAWN:
        facts.append(f"the first {PAGES_DRAWN} pages are shown")
    if expectation.error:
        facts.append(f"could not be judged: {expectation.error}")
    figures = "".join(_figure(pages[name], rows, dataset) for name, rows in islice(by_page.items(), PAGES_DRAWN))
    return (
        f"<div class='rule'><h3>✗ {escape(expectation.rule)}</h3><p>{escape('; '.join(facts))}.</p>"
        f"<div class='pages'>{figures}</div></div>"
    )


def _figure(page: AnnotatedPage, rows: list[FailingRow], dataset: Dataset) -> str:
    at_fault = {row.box for row in rows if row.box is not None}
    thumbnail = thumbnail_jpeg(dataset, page, at_fault)
    picture = (
        f"<img alt='' src='data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}'>"
        if thumbnail
        else "<div class='lost'>no readable image file</div>"
    )
    listed = [f"<li>{f'box {row.box}: ' if row.box is not None else ''}{escape(row.reason)}</li>" for row in rows[:ROWS_LISTED]]
    if len(rows) > ROWS_LISTED:
        listed.append(f"<li>and {len(rows) - ROWS_LISTED} more</li>")
    name = page.page if len(page.page) <= 40 else f"{page.page[:12]}…{page.page[-5:]}"
    caption = f"<b title='{escape(page.page)}'>{escape(name)}</b>{escape(page.split)}<ul>{''.join(listed)}</ul>"
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
