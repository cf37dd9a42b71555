"""Render documents to page images."""

from __future__ import annotations

from typing import Annotated

from zenml import log_metadata, step
from zenml.logger import get_logger

from redaction.documents.discovery import Problem
from redaction.documents.fetching import FetchSummary
from redaction.documents.ingestion import IngestionSummary, summarize
from redaction.documents.rendering.rendering import render as render_documents
from redaction.documents.sources import SourcesConfig
from redaction.workspace import Workspace

logger = get_logger(__name__)

MAX_LOGGED_PROBLEMS = 20


@step(enable_cache=False)
def render(
    sources: SourcesConfig, fetch_summary: FetchSummary, workspace: str | None = None
) -> Annotated[IngestionSummary, "ingestion_summary"]:
    """Render every document without pages, including those that an interrupted run left behind."""
    rendered = render_documents(Workspace.at(workspace), sources)
    summary = summarize(fetch_summary, rendered)
    _log_summary(summary, rendered.warnings)
    log_metadata(
        {
            "new documents": len(summary.new_documents),
            "new pages": len(summary.new_pages),
            "embedded files not looked at": summary.embedded_files,
            "seconds": summary.seconds,
        }
    )
    return summary


def _log_summary(summary: IngestionSummary, warnings: tuple[Problem, ...]) -> None:
    for count in summary.sources:
        counts = ", ".join(f"{value} {name}" for name, value in count.model_dump(exclude={"source"}).items())
        logger.info("%s: %s", count.source, counts)
    problems = (*summary.failures, *summary.quarantine, *warnings)
    for problem in problems[:MAX_LOGGED_PROBLEMS]:
        logger.warning("%s: %s: %s", problem.source, problem.where, problem.reason)
    if len(problems) > MAX_LOGGED_PROBLEMS:
        logger.warning("... and %d more: see the artifact ingestion_summary.", len(problems) - MAX_LOGGED_PROBLEMS)
