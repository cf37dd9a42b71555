"""Ingestion as one story: discover, fetch, render. A pipeline calls the three one by one; `ingest` calls them in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from redaction.documents.discovery import Problem, discover
from redaction.documents.fetching import FetchSummary, SourceCounts, fetch
from redaction.documents.rendering.rendering import RenderSummary, render
from redaction.documents.sources import SourcesConfig
from redaction.progress import ProgressCallback
from redaction.values import Frozen
from redaction.workspace import Workspace


class IngestionSummary(Frozen):
    """What an ingestion found and did."""

    sources: tuple[SourceCounts, ...]
    """For each source; documents that could not be rendered count as quarantined here."""
    new_documents: tuple[str, ...]
    """SHA-256 of the documents that are pages now."""
    new_pages: tuple[str, ...]
    """Names of the new pages."""
    quarantine: tuple[Problem, ...]
    """Links, documents and single pages that cannot be used, with the reason."""
    failures: tuple[Problem, ...]
    """What could not be had this time; the next run tries again."""
    seconds: float


def ingest(workspace: Workspace, sources: SourcesConfig, progress: ProgressCallback | None = None) -> IngestionSummary:
    """Bring the workspace up to date with its sources. May be killed and run again at any time.

    Raises:
        RedactionError: another ingestion is at work in this workspace, or the machine is at fault (a full disk, say).
    """
    discovery = discover(sources, progress)
    fetched = fetch(workspace, sources, discovery, progress)
    rendered = render(workspace, sources, progress)
    return summarize(fetched, rendered)


def summarize(fetched: FetchSummary, rendered: RenderSummary) -> IngestionSummary:
    """The summaries of the steps as one."""
    return IngestionSummary(
        sources=_with_refused(fetched.sources, rendered.refused),
        new_documents=rendered.documents,
        new_pages=rendered.pages,
        quarantine=(*fetched.quarantine, *rendered.refused, *rendered.refused_pages),
        failures=(*fetched.failures, *rendered.failures),
        seconds=fetched.seconds + rendered.seconds,
    )


def _with_refused(counts: tuple[SourceCounts, ...], refused: Iterable[Problem]) -> tuple[SourceCounts, ...]:
    """The counts of the fetch, with the documents that only the renderer could refuse."""
    refusals = Counter(problem.source for problem in refused)
    return tuple(count.model_copy(update={"quarantined": count.quarantined + refusals[count.source]}) for count in counts)
