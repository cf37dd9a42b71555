"""Annotation ingestion: from public documents to page images in a checkpoint, ready to annotate.

``redaction run annotation_ingestion``, or
``zenml pipeline run pipelines.annotation_ingestion.annotation_ingestion -c configs/annotation_ingestion.yaml``
"""

from __future__ import annotations

from zenml import pipeline
from zenml.enums import ExecutionMode

from pipelines.strict import strict
from steps.checkpoint import checkpoint
from steps.discover import discover
from steps.fetch import fetch
from steps.render import render
from steps.require_sources import require_sources
from steps.run_page import run_page, update_run_page


@strict
@pipeline(execution_mode=ExecutionMode.FAIL_FAST, on_end=update_run_page)
def annotation_ingestion(sources: str = "configs/sources.yaml", workspace: str | None = None) -> None:
    """Discover → fetch → render → checkpoint → require_sources.

    Args:
        sources: the sources file.
        workspace: the workspace folder; ``REDACTION_WORKSPACE`` or ``./workspace`` if not given.
    """
    run_page()
    config, discovery = discover(sources=sources, workspace=workspace, after="run_page")
    fetch_summary = fetch(config, discovery, workspace=workspace)
    ingestion_summary = render(config, fetch_summary, workspace=workspace)
    checkpoint(ingestion_summary, workspace=workspace)
    require_sources(ingestion_summary, after="checkpoint")
