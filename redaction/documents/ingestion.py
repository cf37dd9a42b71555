"""Ingestion: discover, fetch, render. A pipeline calls the three as steps; `ingest` calls them one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from redaction.documents.discovery import Problem, discover
from redaction.documents.fetching import FetchSummary, SourceCounts, fetch
from redaction.documents.rendering.rendering import RenderSummary, render
from redaction.documents.sources import SourcesConfig
from redaction.errors import RedactionError
from redaction.progress import ProgressCallback
from redaction.values import Frozen
from redaction.workspace import Workspace


class IngestionSummary(Frozen):
    """Result of an ingestion."""

    sources: tuple[SourceCounts, ...]
    """Counts per source. Documents that cannot be rendered count as quarantined."""
    new_documents: tuple[str, ...]
    """SHA-256 of the newly rendered documents."""
    new_pages: tuple[str, ...]
    """Names of the new pages."""
    quarantine: tuple[Problem, ...]
    """Links, documents and pages that cannot be used."""
    failures: tuple[Problem, ...]
    """Links and sources that could not be reached; the next run tries again."""
    warnings: tuple[Problem, ...] = ()
    """Places that were read and are perhaps not as intended, and documents of which parts were not looked at."""
    embedded_files: int = 0
    """Number of files embedded in the new documents; nobody looks at them."""
    seconds: float


def ingest(workspace: Workspace, sources: SourcesConfig, progress: ProgressCallback | None = None) -> IngestionSummary:
    """Bring the workspace up to date with its sources. Safe to kill and to run again at any time.

    Raises:
        RedactionError: another ingestion is running in this workspace, or the machine fails (for example, the disk is full).
    """
    discovery = discover(sources, progress)
    fetched = fetch(workspace, sources, discovery, progress)
    rendered = render(workspace, sources, progress)
    return summarize(fetched, rendered)


def summarize(fetched: FetchSummary, rendered: RenderSummary) -> IngestionSummary:
    """Combine the summaries of the steps."""
    return IngestionSummary(
        sources=_with_refused_documents(fetched.sources, rendered.refused),
        new_documents=rendered.documents,
        new_pages=rendered.pages,
        quarantine=(*fetched.quarantine, *rendered.refused, *rendered.refused_pages),
        failures=(*fetched.failures, *rendered.failures),
        warnings=(*fetched.warnings, *rendered.warnings),
        embedded_files=rendered.embedded_files,
        seconds=fetched.seconds + rendered.seconds,
    )


def require_sources(summary: IngestionSummary) -> None:
    """Refuse to call an ingestion a success of which a source could not be read at all.

    Raises:
        RedactionError: names these sources, with the first reason of each.
    """
    failed = [count.source for count in summary.sources if count.failed_whole]
    if not failed:
        return
    reasons = {problem.source: f"{problem.where}: {problem.reason}" for problem in reversed(summary.failures)}
    described = "; ".join(f"{source} ({reasons[source]})" for source in failed)
    raise RedactionError(
        f"Nothing could be read from {described}: correct or disable it in the sources file and run again; "
        "what the other sources offer is in the workspace."
    )


def _with_refused_documents(counts: tuple[SourceCounts, ...], refused: Iterable[Problem]) -> tuple[SourceCounts, ...]:
    """The counts of the fetch, plus the documents that the renderer refused."""
    refused_by_source = Counter(problem.source for problem in refused)
    return tuple(
        count.model_copy(update={"quarantined": count.quarantined + refused_by_source[count.source]}) for count in counts
    )
