"""Put the ingested documents and pages into a checkpoint."""

from __future__ import annotations

from typing import Annotated

from zenml import log_metadata, step
from zenml.logger import get_logger

from redaction.catalog import open_catalog
from redaction.checkpoints import Checkpoint
from redaction.checkpoints import checkpoint as make_checkpoint
from redaction.documents.ingestion import IngestionSummary
from redaction.documents.page_images import RenderedPages, rendered_pages
from redaction.workspace import Workspace

logger = get_logger(__name__)


@step(enable_cache=False)
def checkpoint(
    ingestion_summary: IngestionSummary, workspace: str | None = None
) -> tuple[Annotated[Checkpoint, "checkpoint"], Annotated[RenderedPages, "new_pages"]]:
    """DVC add and push, one git commit and one tag; nothing at all when nothing is new."""
    ws = Workspace.at(workspace)
    new_documents, pages = len(ingestion_summary.new_documents), len(ingestion_summary.new_pages)
    made = make_checkpoint(ws, f"{new_documents} new documents, {pages} new pages")
    logger.info("%s checkpoint %s", "New" if made.created else "Nothing new since", made.tag)
    log_metadata(made.model_dump(mode="json"))
    return made, rendered_pages(open_catalog(ws), ws, ingestion_summary.new_pages)
