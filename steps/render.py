"""Turn documents into pages."""

from __future__ import annotations

from typing import Annotated

from zenml import log_metadata, step

from redaction.documents.fetching import FetchSummary
from redaction.documents.ingestion import IngestionSummary, summarise
from redaction.documents.rendering import render as render_documents
from redaction.documents.sources import SourcesConfig
from redaction.workspace import Workspace


@step(enable_cache=False)
def render(
    sources: SourcesConfig, fetch_summary: FetchSummary, workspace: str | None = None
) -> Annotated[IngestionSummary, "ingestion_summary"]:
    """Render every document that is not pages yet, also those that an interrupted run left behind."""
    rendered = render_documents(Workspace.at(workspace), sources)
    summary = summarise(fetch_summary, rendered)
    log_metadata({"new documents": len(summary.new_documents), "new pages": len(summary.new_pages), "seconds": summary.seconds})
    return summary
