"""End the run as failed if a source could not be read at all."""

from __future__ import annotations

from zenml import step

from redaction.documents.ingestion import IngestionSummary
from redaction.documents.ingestion import require_sources as require_readable_sources


@step(enable_cache=False)
def require_sources(ingestion_summary: IngestionSummary) -> None:
    """Fail if nothing could be read from a source. What the other sources offer is in the checkpoint by then."""
    require_readable_sources(ingestion_summary)
