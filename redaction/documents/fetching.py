"""Documents brought into the workspace: only what is new or changed, each under the SHA-256 of its bytes.

The file comes first (written aside, synced, renamed), its rows after it, in one transaction for each document: a kill at any
instant leaves the old state or the new one, and the next run goes on from there. Links are settled in the order in which they
were found, so that of two addresses with the same document always the first one names it, however the downloads overlap.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from redaction.catalog import Catalog, open_catalog
from redaction.catalog.tables import Document, DocumentStatus, Link, LinkOutcome, now
from redaction.catalog.tables import Source as SourceRow
from redaction.documents.discovery import Discovery, FoundLink, Problem
from redaction.documents.downloads import Known, Visit, Visitor
from redaction.documents.scratch import exclusive_scratch
from redaction.documents.sources import FolderSource, IndexSource, SourcesConfig, UrlSource
from redaction.progress import ProgressCallback, logged
from redaction.values import Frozen
from redaction.workspace import Workspace

UNCHANGED_AT_A_TIME = 1000
"""Visits that found nothing new are written together: a transaction for each would cost more than the visit."""


class SourceCounts(Frozen):
    """What became of one source's links."""

    source: str
    found: int = 0
    new: int = 0
    """Documents not seen before, a changed document among them."""
    unchanged: int = 0
    duplicates: int = 0
    """Links whose bytes are a document that another link brought."""
    quarantined: int = 0
    failed: int = 0
    """Links, index pages and folders that could not be had; the next run tries again."""


class FetchSummary(Frozen):
    """What one visit to all the links found."""

    sources: tuple[SourceCounts, ...]
    documents: tuple[str, ...]
    """SHA-256 of the new documents."""
    quarantine: tuple[Problem, ...]
    failures: tuple[Problem, ...]
    seconds: float


@dataclass
class _Counts:
    found: int = 0
    new: int = 0
    unchanged: int = 0
    duplicates: int = 0
    quarantined: int = 0
    failed: int = 0


def fetch(
    workspace: Workspace, config: SourcesConfig, discovery: Discovery, progress: ProgressCallback | None = None
) -> FetchSummary:
    """Visit every link that was found and bring in what is new or changed.

    A link that fails or is put in quarantine is recorded with its reason, and the others go on.

    Raises:
        RedactionError: another ingestion is at work in this workspace, or nothing can be written to it.
    """
    started = time.monotonic()
    catalog = open_catalog(workspace)
    with exclusive_scratch(workspace, "downloads") as scratch:
        _record_sources(catalog, config)
        known = _known_links(catalog, workspace)
        ledger = _Ledger(workspace, catalog, config, len(discovery.links), progress or logged())
        for source in config.enabled:
            links = [link for link in discovery.links if link.source == source.name]
            with closing(Visitor(source, scratch, known)) as visitor, closing(_in_order(visitor, links, source)) as visits:
                for visit in visits:
                    ledger.settle(visit)
        ledger.write_unchanged()
    return ledger.summary(discovery, time.monotonic() - started)


def _in_order(visitor: Visitor, links: Sequence[FoundLink], source: IndexSource | UrlSource | FolderSource) -> Generator[Visit]:
    """Visits by several threads at once, handed over in the order of the links; only a few wait at any time."""
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
            pool.shutdown(wait=True, cancel_futures=True)


class _Ledger:
    """Turns visits into files, rows and counts, one after the other."""

    def __init__(
        self, workspace: Workspace, catalog: Catalog, config: SourcesConfig, total: int, progress: ProgressCallback
    ) -> None:
        self._workspace = workspace
        self._catalog = catalog
        self._counts = {source.name: _Counts() for source in config.enabled}
        self._unchanged: list[Visit] = []
        self._documents: list[str] = []
        self._quarantine: list[Problem] = []
        self._failures: list[Problem] = []
        self._progress, self._done, self._total = progress, 0, total

    def settle(self, visit: Visit) -> None:
        """Record what the visit found: the file first, then its rows."""
        counts = self._counts[visit.link.source]
        counts.found += 1
        if visit.outcome is LinkOutcome.UNCHANGED:
            counts.unchanged += 1
            self._unchanged.append(visit)
            if len(self._unchanged) >= UNCHANGED_AT_A_TIME:
                self.write_unchanged()
        elif visit.outcome is LinkOutcome.FETCHED:
            self._store(visit, counts)
        else:
            self._refuse(visit, counts)
        self._done += 1
        self._progress("fetch", self._done, self._total)

    def write_unchanged(self) -> None:
        """One transaction for all the visits that found nothing new."""
        if not self._unchanged:
            return
        table = Link.__table__  # type: ignore[attr-defined]
        statement = update(table).where(table.c.url == bindparam("of_url"))
        values: list[dict[str, object]] = [
            {
                "of_url": visit.link.url,
                "source": visit.link.source,
                "etag": visit.etag,
                "last_modified": visit.last_modified,
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
        """The counts, with what discovery could not read among the failures."""
        for problem in discovery.problems:
            if problem.source in self._counts:
                self._counts[problem.source].failed += 1
        return FetchSummary(
            sources=tuple(SourceCounts(source=name, **vars(counts)) for name, counts in self._counts.items()),
            documents=tuple(self._documents),
            quarantine=tuple(self._quarantine),
            failures=(*discovery.problems, *self._failures),
            seconds=seconds,
        )

    def _store(self, visit: Visit, counts: _Counts) -> None:
        assert visit.download is not None  # noqa: S101 - that is what FETCHED means
        sha256 = visit.download.sha256
        visit.download.move_to(self._workspace.documents / f"{sha256}.pdf")
        with self._catalog.transaction() as session:
            before = session.get(Link, visit.link.url)
            if session.get(Document, sha256) is None:
                session.add(
                    Document(
                        sha256=sha256,
                        file_name=visit.download.file_name,
                        source=visit.link.source,
                        size_bytes=visit.download.size_bytes,
                    )
                )
                # The link refers to the document, and no relation tells the session which of the two to write first.
                session.flush()
                self._documents.append(sha256)
                counts.new += 1
            elif before is not None and before.document == sha256:
                # Only its file was gone from the workspace.
                counts.unchanged += 1
            else:
                counts.duplicates += 1
            self._write_link(session, visit, sha256)

    def _refuse(self, visit: Visit, counts: _Counts) -> None:
        problem = Problem(source=visit.link.source, where=visit.link.url, reason=visit.reason or "")
        if visit.outcome is LinkOutcome.QUARANTINED:
            counts.quarantined += 1
            self._quarantine.append(problem)
        else:
            counts.failed += 1
            self._failures.append(problem)
        with self._catalog.transaction() as session:
            known = session.get(Link, visit.link.url)
            self._write_link(session, visit, known.document if known else None)

    @staticmethod
    def _write_link(session: Session, visit: Visit, document: str | None) -> None:
        session.merge(
            Link(
                url=visit.link.url,
                source=visit.link.source,
                etag=visit.etag,
                last_modified=visit.last_modified,
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


def _known_links(catalog: Catalog, workspace: Workspace) -> dict[str, Known]:
    """What earlier visits learnt, for conditional requests. A document whose file is gone counts as never fetched."""
    workspace.documents.mkdir(parents=True, exist_ok=True)
    files = {path.stem for path in workspace.documents.glob("*.pdf")}
    columns = Link.__table__.c  # type: ignore[attr-defined]
    with catalog.transaction() as session:
        rows = session.connection().execute(
            sqlalchemy.select(columns.url, columns.etag, columns.last_modified, columns.document, columns.reason)
        )
        return {
            url: Known(etag, last_modified, document, reason)
            for url, etag, last_modified, document, reason in rows
            if document is None or document in files
        }


def documents_with_status(catalog: Catalog, status: DocumentStatus) -> list[Document]:
    """The documents that have come so far and no further, in the order in which they were first seen."""
    with catalog.transaction() as session:
        wanted = select(Document).where(Document.status == status).order_by(col(Document.first_seen_at), col(Document.sha256))
        return list(session.exec(wanted))
