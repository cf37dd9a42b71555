"""List the documents that the sources offer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from zenml import log_metadata, step
from zenml.logger import get_logger

from redaction.doctor import check_environment, require_ready
from redaction.documents.discovery import Discovery
from redaction.documents.discovery import discover as discover_documents
from redaction.documents.sources import SourcesConfig, load_sources
from redaction.import_graph import REPOSITORY
from redaction.workspace import Workspace

logger = get_logger(__name__)


@step(enable_cache=False)
def discover(
    sources: str, workspace: str | None = None
) -> tuple[Annotated[SourcesConfig, "sources"], Annotated[Discovery, "discovery"]]:
    """Read the sources file strictly, and every index page that it names."""
    require_ready(check_environment(Workspace.at(workspace)))
    config = load_sources(_found(Path(sources)))
    discovery = discover_documents(config)
    for warning in discovery.warnings:
        logger.warning("%s: %s: %s", warning.source, warning.where, warning.reason)
    log_metadata(
        {
            "links": len(discovery.links),
            "problems": [problem.model_dump() for problem in discovery.problems],
            "warnings": [warning.model_dump() for warning in discovery.warnings],
            "links that lead to no document": [unused.model_dump() for unused in discovery.unused],
        }
    )
    return config, discovery


def _found(sources: Path) -> Path:
    """The file in the current folder, else the one that ships with the program: a run may start in another folder."""
    shipped = REPOSITORY / sources
    return shipped if shipped.is_file() and not sources.exists() else sources
