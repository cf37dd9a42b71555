"""Download new and changed documents."""

from __future__ import annotations

from typing import Annotated

from zenml import log_metadata, step

from redaction.documents.discovery import Discovery
from redaction.documents.fetching import FetchSummary
from redaction.documents.fetching import fetch as fetch_documents
from redaction.documents.sources import SourcesConfig
from redaction.workspace import Workspace


@step(enable_cache=False)
def fetch(sources: SourcesConfig, discovery: Discovery, workspace: str | None = None) -> Annotated[FetchSummary, "fetch_summary"]:
    """Request every link; unusable documents go into quarantine with a reason."""
    summary = fetch_documents(Workspace.at(workspace), sources, discovery)
    log_metadata({count.source: count.model_dump(exclude={"source"}) for count in summary.sources})
    return summary
