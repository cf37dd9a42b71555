"""Bring in the documents that are new or changed."""

from __future__ import annotations

from typing import Annotated

from zenml import log_metadata, step

from redaction.documents.discovery import Discovery
from redaction.documents.fetching import FetchSummary
from redaction.documents.fetching import fetch as visit_links
from redaction.documents.sources import SourcesConfig
from redaction.workspace import Workspace


@step(enable_cache=False)
def fetch(sources: SourcesConfig, discovery: Discovery, workspace: str | None = None) -> Annotated[FetchSummary, "fetch_summary"]:
    """Visit every link; what cannot be used is put in quarantine with its reason."""
    summary = visit_links(Workspace.at(workspace), sources, discovery)
    log_metadata({count.source: count.model_dump(exclude={"source"}) for count in summary.sources})
    return summary
