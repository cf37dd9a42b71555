"""Monitoring as one story: read the requests since the last window, judge them, keep the reports and the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from redaction.catalog import open_catalog
from redaction.catalog.tables import Verdict, now
from redaction.files import write_text
from redaction.lifecycle.champion import production
from redaction.lifecycle.versions import reference_file
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.drift import JudgedWindow, judge
from redaction.monitoring.judgement import MonitoringJudgement
from redaction.monitoring.reference import read_reference
from redaction.monitoring.windows import judged_until, read_requests, record_window
from redaction.workspace import Workspace

NOTHING_IN_PRODUCTION = "Nothing is in production, so there is no traffic to judge: run ct_cd until it deploys a detector."


@dataclass(frozen=True)
class Watched:
    """The judgement of one window, and the page that people read."""

    judgement: MonitoringJudgement
    html: str


def watch(workspace: Workspace, config: MonitoringConfig) -> Watched:
    """Judge what the detector in production was asked since its last judged window, and record the verdict.

    The reports lie in ``state/reports/monitoring``: a small summary, and Evidently's own.
    """
    catalog = open_catalog(workspace)
    champion = production(catalog, str(workspace.root)).champion
    if champion is None:
        judgement = MonitoringJudgement(
            verdict=Verdict.TOO_FEW_REQUESTS, requests=0, reference_pages=0, reasons=(NOTHING_IN_PRODUCTION,)
        )
        return Watched(judgement, f"<p>{NOTHING_IN_PRODUCTION}</p>")
    requests = read_requests(
        workspace.state / "service" / "monitoring", champion.version, judged_until(catalog, champion.version)
    )
    judged = judge(read_reference(reference_file(workspace, champion.version)), requests.pages, config)
    report = _keep_reports(workspace, champion.version, judged)
    record_window(catalog, judged.judgement, champion.version, requests, report)
    return Watched(judged.judgement, judged.summary_html)


def _keep_reports(workspace: Workspace, version: str, judged: JudgedWindow) -> str:
    folder = workspace.state / "reports" / "monitoring" / f"{version}-{now():%Y%m%dT%H%M%S%f}"
    write_text(folder / "summary.html", judged.summary_html)
    if judged.evidently_html is not None:
        write_text(folder / "evidently.html", judged.evidently_html)
    return (folder / "summary.html").relative_to(workspace.root).as_posix()
