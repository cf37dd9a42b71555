"""Fetching: bring new and changed documents into the workspace, each named by the SHA-256 of its bytes.

The file is written first (to scratch, synced, renamed) and its rows after it, in one transaction per document: a kill at any
instant leaves the old state or the new one, and the next run continues from there. Visits are recorded in the order of the links,
however the downloads overlap, so if two URLs have the same document, the first URL always names it.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import sqlalchemy
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from redaction.catalog import Catalog, open_catalog
from redaction.catalog.tables import Document, DocumentStatus, Link, LinkOutcome, now
from redaction.catalog.tables import Source as SourceRow
from redaction.documents.discovery import Discovery, FoundLink, Problem
from redaction.documents.document_files import new_document_file, stored_documents
from redaction.documents.downloads import PreviousVisit, Visit, Visitor
from redaction.documents.responses import NO_VALIDATORS, Validators
from redaction.documents.scratch import exclusive_scratch, writing_to
from redaction.documents.sources import FolderSource, IndexSource, SourcesConfig, UrlSource
from redaction.progress import ProgressCallback, log_progress
from redaction.values import Frozen
from redaction.workspace import Workspace

MAX_PENDING_UNCHANGED = 1000
"""Visits without changes are written in batches: a transaction for each would cost more than the visit."""


class SourceCounts(Frozen):
    """Outcomes of the links of one source."""

    source: str
    found: int = 0
    new: int = 0
    """Documents not seen before, including new versions of a known link."""
    unchanged: int = 0
    duplicates: int = 0
    """Links to a document that is already known from another link."""
    quarantined: int = 0
    failed: int = 0
    """Links, index pages and folders that could not be read; the next run tries again."""

    @property
    def failed_whole(self) -> bool:
        """Whether nothing of the source could be read."""
        return self.failed > 0 and not (self.new or self.unchanged or self.duplicates or self.quarantined)


class FetchSummary(Frozen):
    """Result of visiting all links once."""

    sources: tuple[SourceCounts, ...]
    documents: tuple[str, ...]
    """SHA-256 of the new documents."""
    quarantine: tuple[Problem, ...]
    failures: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    """See `redaction.documents.discovery.Discovery`."""
    seconds: float


def fetch(
    workspace: Workspace, config: SourcesConfig, discovery: Discovery, progress: ProgressCallback | None = None
) -> FetchSummary:
    """Visit every discovered link and store new and changed documents.

    A link that fails or is quarantined is recorded with the reason; the others are still visited.

    Raises:
        RedactionError: another ingestion is running in this workspace, or the workspace cannot be written to.
    """
    started = time.monotonic()
    catalog = open_catalog(workspace)
    with exclusive_scratch(workspace, "downloads") as scratch:
        _record_sources(catalog, config)
        previous_visits = _previous_visits(catalog, workspace)
        recorder = _VisitRecorder(workspace, catalog, config, len(discovery.links), progress or log_progress())
        for source in config.enabled:
            links = [link for link in discovery.links if link.source == source.name]
            with (
                closing(Visitor(source, scratch, previous_visits)) as visitor,
                closing(_visit_in_order(visitor, links, source)) as visits,
            ):
                for visit in visits:
                    recorder.record(visit)
        recorder.write_unchanged()
    return recorder.summary(discovery, time.monotonic() - started)


def _visit_in_order(
    visitor: Visitor, links: Sequence[FoundLink], source: IndexSource | UrlSource | FolderSource
) -> Generator[Visit]:
    """Visit links on several threads and yield the results in the order of the links; only a few results are buffered."""
    threads = source.politeness.concurrency
    remaining = iter(links)
    with ThreadPoolExecutor(threads, thread_name_prefix=f"fetch-{source.name}") as pool:
        window: deque[Future[Visit]] = deque(
            pool.submit(visitor.visit, link) for link in itertools.islice(remaining, threads * 4)
        )
        try:
            while window:
                yield window.popleft().result()
                window.extend(pool.submit(visitor.visit, link) for link in itertools.islice(remaining, 1))
        finally:
            visitor.stop()  # after an error or an interrupt, other threads may be waiting
            pool.shutdown(wait=True, cancel_futures=True)


class _VisitRecorder:
    """Records visits, one at a time, as files, catalog rows and counts."""

    def __init__(
        self, workspace: Workspace, catalog: Catalog, config: SourcesConfig, total: int, progress: ProgressCallback
    ) -> None:
        self._workspace = workspace
        self._catalog = catalog
        self._counts: dict[str, Counter[str]] = {source.name: Counter() for source in config.enabled}
        """For each source, the fields of `SourceCounts`."""
        self._unchanged: list[Visit] = []
        self._documents: list[str] = []
        self._quarantine: list[Problem] = []
        self._failures: list[Problem] = []
        self._progress, self._done, self._total = progress, 0, total

    def record(self, visit: Visit) -> None:
        """Record one visit: the file first, then its rows."""
        counts = self._counts[visit.link.source]
        counts["found"] += 1
        if visit.outcome is LinkOutcome.UNCHANGED:
            counts["unchanged"] += 1
            self._unchanged.append(visit)
            if len(self._unchanged) >= MAX_PENDING_UNCHANGED:
                self.write_unchanged()
        elif visit.outcome is LinkOutcome.FETCHED:
            counts[self._store(visit)] += 1
        else:
            counts[self._record_problem(visit)] += 1
        self._done += 1
        self._progress("fetch", self._done, self._total)

    def write_unchanged(self) -> None:
        """Write the pending unchanged visits in one transaction."""
        if not self._unchanged:
            return
        table = Link.__table__  # type: ignore[attr-defined]
        statement = update(table).where(table.c.url == bindparam("of_url"))
        values: list[dict[str, object]] = [
            {
                "of_url": visit.link.url,
                "source": visit.link.source,
                "etag": visit.validators.etag,
                "last_modified": visit.validators.last_modified,
                "outcome": LinkOutcome.UNCHANGED,
                "reason": None,
                "checked_at": visit.at,
            }
            for visit in self._unchanged
        ]
        with self._catalog.transaction() as session:
            session.connection().execute(statement, values)
        self._unchanged.clear()

    def summary(self, discovery: Discovery, seconds: float) -> FetchSummary:
        """The counts and problems of all visits, plus the problems of the discovery as failures."""
        for problem in discovery.problems:
            if problem.source in self._counts:
                self._counts[problem.source]["failed"] += 1
        return FetchSummary(
            sources=tuple(SourceCounts(source=name, **counts) for name, counts in self._counts.items()),
            documents=tuple(self._documents),
            quarantine=tuple(self._quarantine),
            failures=(*discovery.problems, *self._failures),
            warnings=discovery.warnings,
            seconds=seconds,
        )

    def _store(self, visit: Visit) -> str:
        """Store the document of a FETCHED visit; return the count that it adds to."""
        assert visit.download is not None  # noqa: S101 - set if the outcome is FETCHED
        sha256 = visit.download.sha256
        visit.download.move_to(new_document_file(self._workspace, sha256, visit.download.kind))
        with self._catalog.transaction() as session:
            link = session.get(Link, visit.link.url)
            if session.get(Document, sha256) is None:
                count = "new"
                session.add(
                    Document(
                        sha256=sha256,
                        file_name=visit.download.file_name,
                        source=visit.link.source,
                        size_bytes=visit.download.size_bytes,
                    )
                )
                # the link references the document, but without a relationship the session does not know their order
                session.flush()
            elif link is not None and link.document == sha256:
                # only the file was missing from the workspace
                count = "unchanged"
            else:
                count = "duplicates"
            self._write_link(session, visit, sha256)
        if count == "new":
            self._documents.append(sha256)
        return count

    def _record_problem(self, visit: Visit) -> str:
        """Record a QUARANTINED or FAILED visit; return the count that it adds to."""
        problem = Problem(source=visit.link.source, where=visit.link.url, reason=visit.reason or "")
        with self._catalog.transaction() as session:
            link = session.get(Link, visit.link.url)
            self._write_link(session, visit, link.document if link else None)
        if visit.outcome is LinkOutcome.QUARANTINED:
            self._quarantine.append(problem)
            return "quarantined"
        self._failures.append(problem)
        return "failed"

    @staticmethod
    def _write_link(session: Session, visit: Visit, document: str | None) -> None:
        session.merge(
            Link(
                url=visit.link.url,
                source=visit.link.source,
                etag=visit.validators.etag,
                last_modified=visit.validators.last_modified,
                outcome=visit.outcome,
                reason=visit.reason,
                document=document,
                checked_at=visit.at,
            )
        )


def _record_sources(catalog: Catalog, config: SourcesConfig) -> None:
    with catalog.transaction() as session:
        for source in config.enabled:
            session.merge(SourceRow(name=source.name, kind=source.kind, location=source.location, checked_at=now()))


def _previous_visits(catalog: Catalog, workspace: Workspace) -> dict[str, PreviousVisit]:
    """Results of earlier visits, for conditional requests. A document without its file counts as never fetched."""
    with writing_to(workspace.documents):
        workspace.documents.mkdir(parents=True, exist_ok=True)
    stored = stored_documents(workspace)
    columns = Link.__table__.c  # type: ignore[attr-defined]
    with catalog.snapshot() as session:
        rows = session.connection().execute(
            sqlalchemy.select(columns.url, columns.etag, columns.last_modified, columns.document, columns.outcome)
        )
        return {
            # the validators of a link in quarantine belong to something else than its document (earlier versions stored them)
            url: PreviousVisit(document, NO_VALIDATORS if outcome is LinkOutcome.QUARANTINED else Validators(etag, last_modified))
            for url, etag, last_modified, document, outcome in rows
            if document in stored
        }


def documents_with_status(catalog: Catalog, status: DocumentStatus) -> list[Document]:
    """The documents with this status, in the order in which they were first seen."""
    with catalog.snapshot() as session:
        query = select(Document).where(Document.status == status).order_by(col(Document.first_seen_at), col(Document.sha256))
        return list(session.exec(query))
