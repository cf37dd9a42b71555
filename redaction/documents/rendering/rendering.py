"""Documents become page images, on all cores; see `redaction.documents.rendering.worker` for the format and why it was chosen.

A document's images are gathered aside and take their place as one folder; its rows follow in one transaction. A killed run leaves
documents that are fetched and not rendered, and the next one takes them up.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from redaction.catalog import Catalog, open_catalog
from redaction.catalog.tables import Document, DocumentStatus, Page, page_name
from redaction.documents.discovery import Problem
from redaction.documents.fetching import documents_with_status
from redaction.documents.rendering.pool import RenderPool
from redaction.documents.rendering.worker import Done, FailedPage, Job, Opened, Refused, RenderedPage, image_name
from redaction.documents.scratch import exclusive_scratch
from redaction.documents.sources import Politeness, Rendering, SourcesConfig
from redaction.files import sync
from redaction.progress import ProgressCallback, logged
from redaction.values import Frozen
from redaction.workspace import Workspace

PAGES_PER_JOB = 32
"""A longer document is shared among the renderers in stretches of this many pages."""

MOST_UNSETTLED = 16
"""So many finished documents may wait for a slow disk before the rendering waits, too."""


class RenderSummary(Frozen):
    """What became of the documents that waited to be rendered."""

    documents: tuple[str, ...]
    """SHA-256 of those that are pages now."""
    pages: tuple[str, ...]
    """Names of the new pages, in order."""
    refused: tuple[Problem, ...]
    """Documents in quarantine."""
    refused_pages: tuple[Problem, ...]
    """Pages in quarantine, of documents that are otherwise fine."""
    failures: tuple[Problem, ...]
    """Documents whose file is gone from the workspace; the next fetch brings it back."""
    seconds: float


@dataclass
class _Growing:
    """A document that is being rendered."""

    document: Document
    job: Job
    """Its first pages."""
    jobs_left: int = 1
    page_count: int | None = None
    refusal: str | None = None
    pages: dict[int, RenderedPage | FailedPage] = field(default_factory=dict)


def render(workspace: Workspace, config: SourcesConfig, progress: ProgressCallback | None = None) -> RenderSummary:
    """Render every document that was fetched and not rendered yet, whichever run fetched it.

    Raises:
        RedactionError: another ingestion is at work in this workspace, or renderers cannot start or write.
    """
    started = time.monotonic()
    ledger = _Ledger(workspace, open_catalog(workspace))
    with exclusive_scratch(workspace, "rendering") as scratch:
        waiting = documents_with_status(ledger.catalog, DocumentStatus.FETCHED)
        present = [document for document in waiting if _file(workspace, document).is_file()]
        growing = {document.sha256: _Growing(document, _job(workspace, config, document, scratch)) for document in present}
        _settle_aside(ledger, _grown(growing, config.rendering, progress or logged()))
    return ledger.summary([document for document in waiting if document not in present], time.monotonic() - started)


def _settle_aside(ledger: _Ledger, finished: Iterable[_Growing]) -> None:
    # Settling mostly waits for the disk; on a thread of its own it keeps no renderer waiting for its next document.
    unsettled: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="settle") as aside:
        for grown in finished:
            unsettled.append(aside.submit(ledger.settle, grown))
            while unsettled and (unsettled[0].done() or len(unsettled) > MOST_UNSETTLED):
                unsettled.popleft().result()
        for settled in unsettled:
            settled.result()


def _grown(growing: dict[str, _Growing], rendering: Rendering, progress: ProgressCallback) -> Iterator[_Growing]:
    """The documents, each as soon as nothing of it is left to do."""
    pages_done = pages_known = 0
    with RenderPool(rendering.workers or len(os.sched_getaffinity(0)), rendering.page_seconds, rendering.page_megabytes) as pool:
        for key, grown in growing.items():
            pool.add(key, grown.job)
        for key, event in pool.events():
            grown = growing[key]
            match event:
                case Opened() if grown.page_count is None:
                    grown.page_count = event.page_count
                    pages_known += event.page_count
                    further = _further_jobs(grown.job, event.page_count)
                    grown.jobs_left += len(further)
                    for job in further:
                        pool.add(key, job, first=True)
                case RenderedPage() | FailedPage():
                    grown.pages[event.page_index] = event
                    pages_done += 1
                    progress("render", pages_done, pages_known)
                case Refused():
                    grown.refusal = event.reason
                    grown.page_count = event.page_count if event.page_count is not None else grown.page_count
                    grown.jobs_left -= 1
                case Done():
                    grown.jobs_left -= 1
            if not grown.jobs_left:
                yield grown


class _Ledger:
    """Turns rendered documents into folders, rows and a summary."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self.catalog = catalog
        self._workspace = workspace
        self._documents: list[str] = []
        self._pages: list[str] = []
        self._refused: list[Problem] = []
        self._refused_pages: list[Problem] = []

    def settle(self, grown: _Growing) -> None:
        """The images take their place, then one transaction says so."""
        document = grown.document
        refusal = grown.refusal or _no_page(grown)
        if refusal is None:
            _take_place(Path(grown.job.folder), self._workspace.pages / document.sha256)
        pages = [_row(document, event) for _, event in sorted(grown.pages.items())] if refusal is None else []
        with self.catalog.transaction() as session:
            row = session.get_one(Document, document.sha256)
            row.page_count = grown.page_count
            row.reason = refusal
            row.status = DocumentStatus.RENDERED if refusal is None else DocumentStatus.QUARANTINED
            session.add_all(pages)
        if refusal is not None:
            self._refused.append(Problem(source=document.source, where=document.file_name, reason=refusal))
            return
        self._documents.append(document.sha256)
        for page in pages:
            if page.reason is None:
                self._pages.append(page.name)
            else:
                self._refused_pages.append(Problem(source=document.source, where=page.file_name, reason=page.reason))

    def summary(self, missing: Iterable[Document], seconds: float) -> RenderSummary:
        """What was done, in an order that does not depend on which renderer was quicker."""
        gone = "its file is gone from the workspace; the next fetch brings it back"
        return RenderSummary(
            documents=tuple(sorted(self._documents)),
            pages=tuple(sorted(self._pages)),
            refused=tuple(sorted(self._refused, key=_by_place)),
            refused_pages=tuple(sorted(self._refused_pages, key=_by_place)),
            failures=tuple(Problem(source=document.source, where=document.file_name, reason=gone) for document in missing),
            seconds=seconds,
        )


def _by_place(problem: Problem) -> tuple[str, str]:
    return problem.source, problem.where


def _no_page(grown: _Growing) -> str | None:
    if any(isinstance(page, RenderedPage) for page in grown.pages.values()):
        return None
    reasons = [page.reason for _, page in sorted(grown.pages.items()) if isinstance(page, FailedPage)]
    return f"no page could be rendered; the first one {reasons[0]}" if reasons else "no page could be rendered"


def _row(document: Document, event: RenderedPage | FailedPage) -> Page:
    """The catalog's row for a page; people count pages from 1."""
    page = Page(
        name=page_name(document.sha256, event.page_index),
        document=document.sha256,
        page_index=event.page_index,
        file_name=f"{PurePath(document.file_name).stem}_p{event.page_index + 1:04d}",
    )
    if isinstance(event, FailedPage):
        page.reason = event.reason
        return page
    page.image = f"pages/{document.sha256}/{image_name(event.page_index)}"
    page.width, page.height, page.dpi = event.width, event.height, event.dpi
    page.sha256, page.perceptual_hash = event.sha256, event.perceptual_hash
    page.features = event.features.model_dump()
    return page


def _take_place(folder: Path, path: Path) -> None:
    """Move the finished folder; one that a killed run had put there, and that no row knows, makes way."""
    # here and not in the renderers, which can draw the next pages meanwhile
    for file in folder.iterdir():
        sync(file)
    sync(folder)
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(path)
    sync(path.parent)


def _file(workspace: Workspace, document: Document) -> Path:
    return workspace.documents / f"{document.sha256}.pdf"


def _job(workspace: Workspace, config: SourcesConfig, document: Document, scratch: Path) -> Job:
    politeness = {source.name: source.politeness for source in config.sources}
    return Job(
        document=str(_file(workspace, document)),
        folder=str(scratch / document.sha256),
        first=0,
        stop=PAGES_PER_JOB,
        max_pages=politeness.get(document.source, Politeness()).max_pages,
        dpi=config.rendering.dpi,
        max_width_px=config.rendering.max_width_px,
        max_megapixels=config.rendering.max_megapixels,
    )


def _further_jobs(job: Job, page_count: int) -> list[Job]:
    """The pages that the first job leaves, last stretch first."""
    starts = reversed(range(job.stop, page_count, PAGES_PER_JOB))
    return [job.model_copy(update={"first": start, "stop": start + PAGES_PER_JOB}) for start in starts]
