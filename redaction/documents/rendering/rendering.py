"""Rendering: turn fetched documents into page images on all cores (image format: `redaction.documents.rendering.worker`).

The images of a document are written to a scratch folder that is then moved into place; its rows follow in one transaction. After
a kill, documents that are fetched and not yet rendered are rendered by the next run.
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
from redaction.documents.document_files import document_file
from redaction.documents.fetching import documents_with_status
from redaction.documents.rendering.messages import Done, FailedPage, Job, Opened, Refused, RenderedPage
from redaction.documents.rendering.pool import RenderPool
from redaction.documents.rendering.worker import image_name
from redaction.documents.scratch import exclusive_scratch
from redaction.documents.sources import Politeness, Rendering, SourcesConfig
from redaction.files import sync
from redaction.pages.opened import embedded_files_warning
from redaction.progress import ProgressCallback, log_progress
from redaction.values import Frozen
from redaction.workspace import Workspace

PAGES_PER_JOB = 32
"""A longer document is split into jobs of this many pages, which the renderers share."""

MAX_UNRECORDED_DOCUMENTS = 16
"""Rendering waits while more finished documents than this wait for the disk."""


class RenderSummary(Frozen):
    """Result of rendering the fetched documents."""

    documents: tuple[str, ...]
    """SHA-256 of the newly rendered documents."""
    pages: tuple[str, ...]
    """Names of the new pages, sorted."""
    refused: tuple[Problem, ...]
    """Documents put in quarantine."""
    refused_pages: tuple[Problem, ...]
    """Pages put in quarantine, of documents that were rendered otherwise."""
    failures: tuple[Problem, ...]
    """Documents whose file is missing from the workspace; the next fetch restores it."""
    warnings: tuple[Problem, ...] = ()
    """Parts of newly rendered documents that were not looked at, such as embedded files."""
    embedded_files: int = 0
    """Number of files embedded in the newly rendered documents; nobody looks at them."""
    seconds: float


@dataclass
class _DocumentRendering:
    """A document and the state of its rendering."""

    document: Document
    first_job: Job
    jobs_left: int = 1
    page_count: int | None = None
    refusal: str | None = None
    remarks: tuple[str, ...] = ()
    embedded_files: int = 0
    pages: dict[int, RenderedPage | FailedPage] = field(default_factory=dict)


def render(workspace: Workspace, config: SourcesConfig, progress: ProgressCallback | None = None) -> RenderSummary:
    """Render every document that is fetched and not yet rendered, whichever run fetched it.

    Raises:
        RedactionError: another ingestion is running in this workspace, or renderers cannot start or write.
    """
    started = time.monotonic()
    catalog = open_catalog(workspace)
    recorder = _RenderingRecorder(workspace, catalog)
    with exclusive_scratch(workspace, "rendering") as scratch:
        fetched = documents_with_status(catalog, DocumentStatus.FETCHED)
        present = [document for document in fetched if _document_file(workspace, document).is_file()]
        renderings = [_DocumentRendering(document, _first_job(workspace, config, document, scratch)) for document in present]
        _record_in_background(recorder, _render_documents(renderings, config.rendering, progress or log_progress()))
    return recorder.summary([document for document in fetched if document not in present], time.monotonic() - started)


def _record_in_background(recorder: _RenderingRecorder, finished: Iterable[_DocumentRendering]) -> None:
    # recording mostly waits for the disk; on its own thread it does not delay the renderers
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="record") as executor:
        for rendering in finished:
            pending.append(executor.submit(recorder.record, rendering))
            while pending and (pending[0].done() or len(pending) > MAX_UNRECORDED_DOCUMENTS):
                pending.popleft().result()
        for recorded in pending:
            recorded.result()


def _render_documents(
    renderings: list[_DocumentRendering], config: Rendering, progress: ProgressCallback
) -> Iterator[_DocumentRendering]:
    """Render documents in parallel and yield each as soon as its jobs are complete."""
    by_key = {rendering.document.sha256: rendering for rendering in renderings}
    pages_done = pages_known = 0
    with RenderPool(config.workers or len(os.sched_getaffinity(0)), config.page_seconds, config.page_megabytes) as pool:
        for key, rendering in by_key.items():
            pool.add(key, rendering.first_job)
        for key, event in pool.events():
            rendering = by_key[key]
            match event:
                case Opened() if rendering.page_count is None:
                    rendering.page_count = event.page_count
                    rendering.remarks, rendering.embedded_files = event.remarks, event.embedded_files
                    pages_known += event.page_count
                    further_jobs = _further_jobs(rendering.first_job, event.page_count)
                    rendering.jobs_left += len(further_jobs)
                    for job in further_jobs:
                        pool.add(key, job, first=True)
                case RenderedPage() | FailedPage():
                    rendering.embedded_files += event.attached_files if isinstance(event, RenderedPage) else 0
                    rendering.pages[event.page_index] = event
                    pages_done += 1
                    progress("render", pages_done, pages_known)
                case Refused():
                    rendering.refusal = event.reason
                    rendering.page_count = event.page_count if event.page_count is not None else rendering.page_count
                    rendering.jobs_left -= 1
                case Done():
                    rendering.jobs_left -= 1
            if not rendering.jobs_left:
                yield rendering


class _RenderingRecorder:
    """Records rendered documents as image folders, catalog rows and a summary."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self._workspace = workspace
        self._catalog = catalog
        self._documents: list[str] = []
        self._pages: list[str] = []
        self._refused: list[Problem] = []
        self._refused_pages: list[Problem] = []
        self._warnings: list[Problem] = []
        self._embedded_files = 0

    def record(self, rendering: _DocumentRendering) -> None:
        """Move the images into place, then write the rows in one transaction."""
        document = rendering.document
        refusal = rendering.refusal or _refusal_without_pages(rendering)
        if refusal is None:
            _move_into_place(Path(rendering.first_job.folder), self._workspace.pages / document.sha256)
        pages = [_page_row(document, page) for _, page in sorted(rendering.pages.items())] if refusal is None else []
        with self._catalog.transaction() as session:
            row = session.get_one(Document, document.sha256)
            row.page_count = rendering.page_count
            row.reason = refusal
            row.status = DocumentStatus.RENDERED if refusal is None else DocumentStatus.QUARANTINED
            session.add_all(pages)
        if refusal is not None:
            self._refused.append(Problem(source=document.source, where=document.file_name, reason=refusal))
            return
        self._documents.append(document.sha256)
        self._embedded_files += rendering.embedded_files
        for warning in (*rendering.remarks, *embedded_files_warning(rendering.embedded_files)):
            self._warnings.append(Problem(source=document.source, where=document.file_name, reason=warning))
        for page in pages:
            if page.reason is None:
                self._pages.append(page.name)
            else:
                self._refused_pages.append(Problem(source=document.source, where=page.file_name, reason=page.reason))

    def summary(self, missing: Iterable[Document], seconds: float) -> RenderSummary:
        """The result, in an order that does not depend on the speed of the renderers."""
        reason = "its file is missing from the workspace; the next fetch restores it"
        return RenderSummary(
            documents=tuple(sorted(self._documents)),
            pages=tuple(sorted(self._pages)),
            refused=tuple(sorted(self._refused, key=_source_and_place)),
            refused_pages=tuple(sorted(self._refused_pages, key=_source_and_place)),
            failures=tuple(Problem(source=document.source, where=document.file_name, reason=reason) for document in missing),
            warnings=tuple(sorted(self._warnings, key=_source_and_place)),
            embedded_files=self._embedded_files,
            seconds=seconds,
        )


def _source_and_place(problem: Problem) -> tuple[str, str]:
    return problem.source, problem.where


def _refusal_without_pages(rendering: _DocumentRendering) -> str | None:
    """The reason to refuse a document of which no page was rendered; None if one was."""
    if any(isinstance(page, RenderedPage) for page in rendering.pages.values()):
        return None
    reasons = [page.reason for _, page in sorted(rendering.pages.items()) if isinstance(page, FailedPage)]
    return f"no page could be rendered; the first one {reasons[0]}" if reasons else "no page could be rendered"


def _page_row(document: Document, result: RenderedPage | FailedPage) -> Page:
    """The catalog's row for a page. The page number in its file name starts at 1."""
    row = Page(
        name=page_name(document.sha256, result.page_index),
        document=document.sha256,
        page_index=result.page_index,
        file_name=f"{PurePath(document.file_name).stem}_p{result.page_index + 1:04d}",
    )
    if isinstance(result, FailedPage):
        row.reason = result.reason
        return row
    row.image = f"pages/{document.sha256}/{image_name(result.page_index)}"
    row.width, row.height, row.dpi = result.width, result.height, result.dpi
    row.sha256, row.perceptual_hash = result.sha256, result.perceptual_hash
    row.features = result.features.model_dump()
    return row


def _move_into_place(folder: Path, path: Path) -> None:
    """Sync a finished folder and move it to `path`; replace a folder without rows that a killed run left there."""
    # synced here because the renderers can meanwhile render further pages
    for file in folder.iterdir():
        sync(file)
    sync(folder)
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(path)
    sync(path.parent)


def _document_file(workspace: Workspace, document: Document) -> Path:
    return document_file(workspace, document.sha256)


def _first_job(workspace: Workspace, config: SourcesConfig, document: Document, scratch: Path) -> Job:
    politeness = {source.name: source.politeness for source in config.sources}
    return Job(
        document=str(_document_file(workspace, document)),
        folder=str(scratch / document.sha256),
        first=0,
        stop=PAGES_PER_JOB,
        max_pages=politeness.get(document.source, Politeness()).max_pages,
        dpi=config.rendering.dpi,
        max_width_px=config.rendering.max_width_px,
        max_megapixels=config.rendering.max_megapixels,
    )


def _further_jobs(first_job: Job, page_count: int) -> list[Job]:
    """Jobs for the pages after the first job, in reverse order."""
    starts = reversed(range(first_job.stop, page_count, PAGES_PER_JOB))
    return [first_job.model_copy(update={"first": start, "stop": start + PAGES_PER_JOB}) for start in starts]
