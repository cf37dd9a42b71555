"""Run monitoring: read the requests since the last window, judge them, and store the reports and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from redaction.catalog import open_catalog
from redaction.catalog.tables import Verdict, now
from redaction.files import write_text
from redaction.lifecycle.champion import production
from redaction.lifecycle.versions import reference_file
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.drift import JudgedWindow, judge_window
from redaction.monitoring.judgement import MonitoringJudgement
from redaction.monitoring.reference import read_reference
from redaction.monitoring.windows import last_judged_at, read_requests, record_window
from redaction.workspace import Workspace

NOTHING_IN_PRODUCTION = (
    "Nothing is in production, so there is no traffic to judge: put a detector into production with `redaction deploy starter`."
)


@dataclass(frozen=True)
class MonitoringResult:
    """The judgement of one window, its summary as an HTML page, and the file of that page; None if there was no window."""

    judgement: MonitoringJudgement
    html: str
    report: Path | None = None


def watch(workspace: Workspace, config: MonitoringConfig) -> MonitoringResult:
    """Judge the requests to the detector in production since its last judged window, and record the verdict.

    A summary and Evidently's report are written below ``state/reports/monitoring``.
    """
    catalog = open_catalog(workspace)
    champion = production(catalog, str(workspace.root)).champion
    if champion is None:
        judgement = MonitoringJudgement(
            verdict=Verdict.TOO_FEW_REQUESTS, requests=0, reference_pages=0, reasons=(NOTHING_IN_PRODUCTION,)
        )
        return MonitoringResult(judgement, f"<p>{NOTHING_IN_PRODUCTION}</p>")
    requests = read_requests(
        workspace.state / "service" / "monitoring", champion.version, last_judged_at(catalog, champion.version)
    )
    judged = judge_window(read_reference(reference_file(workspace, champion.version)), requests.pages, config)
    report = _write_reports(workspace, champion.version, judged)
    record_window(catalog, judged.judgement, champion.version, requests, report)
    return MonitoringResult(judged.judgement, judged.summary_html, workspace.inside(report))


def _write_reports(workspace: Workspace, version: str, judged: JudgedWindow) -> str:
    folder = workspace.state / "reports" / "monitoring" / f"{version}-{now():%Y%m%dT%H%M%S%f}"
    write_text(folder / "summary.html", judged.summary_html)
    if judged.evidently_html is not None:
        write_text(folder / "evidently.html", judged.evidently_html)
    return (folder / "summary.html").relative_to(workspace.root).as_posix()
