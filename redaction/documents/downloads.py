"""Visit one link: make a conditional request, and store the response as a file if it is a document within the limits.

Validators (``ETag``, ``Last-Modified``) are kept of accepted documents only: a site under maintenance answers with a page that is
younger than the document, and would claim permanently that nothing has changed.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import httpx

from redaction.catalog.tables import LinkOutcome, now
from redaction.documents.addresses import readable
from redaction.documents.discovery import FoundLink
from redaction.documents.failures import Rejected, Unavailable
from redaction.documents.folders import local_path
from redaction.documents.index_pages import IndexPage
from redaction.documents.responses import (
    NO_VALIDATORS,
    Validators,
    body_of,
    describe,
    published_name,
    safe_name,
    sendable,
    shown_reason,
    validators_of,
)
from redaction.documents.scratch import writing_to
from redaction.documents.sources import FolderSource, IndexSource, UrlSource
from redaction.documents.web import PoliteClient
from redaction.errors import RedactionError
from redaction.files import sync
from redaction.pages.kinds import HEAD_BYTES, SUFFIXES, DocumentKind, document_kind

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1024 * 1024
PAGE_START_BYTES = 16 * 1024
"""In so much of an HTML page it is looked for where the page leads on to."""
MAX_PAGES_BETWEEN = 3
"""So many pages may lead on to one another between a link and its document."""
NOT_A_DOCUMENT = f"is not a PDF or an image ({', '.join(kind.name for kind in DocumentKind if kind is not DocumentKind.PDF)})"


@dataclass(frozen=True, slots=True)
class PreviousVisit:
    """The document of a link, and the validators that came with it."""

    document: str
    validators: Validators


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded document in a scratch file."""

    part: Path
    sha256: str
    kind: DocumentKind
    size_bytes: int
    file_name: str

    def move_to(self, path: Path) -> None:
        """Move the (synced) scratch file to its final path."""
        with writing_to(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.part.replace(path)
            sync(path.parent)


@dataclass(frozen=True, slots=True)
class Visit:
    """Result of visiting a link. `download` is set if the outcome is FETCHED, `reason` if it is QUARANTINED or FAILED."""

    link: FoundLink
    outcome: LinkOutcome
    at: datetime
    validators: Validators = NO_VALIDATORS
    download: Download | None = None
    reason: str | None = None


class Visitor:
    """Visits the links of one source. Thread-safe.

    Args:
        source: its politeness sets the pace and the size limit.
        scratch: folder for downloads, on the same file system as the workspace.
        previous_visits: results of earlier visits, by URL.
    """

    def __init__(
        self, source: IndexSource | UrlSource | FolderSource, scratch: Path, previous_visits: dict[str, PreviousVisit]
    ) -> None:
        self._politeness = source.politeness
        self._scratch = scratch
        self._previous_visits = previous_visits
        named_urls = () if isinstance(source, FolderSource) else source.urls
        self._client = PoliteClient(source.politeness, named_urls)

    def close(self) -> None:
        """Close the connections."""
        self._client.__exit__()

    def stop(self) -> None:
        """End the visits of other threads early."""
        self._client.stop()

    def visit(self, link: FoundLink) -> Visit:
        """Visit the link; every problem with it becomes an outcome.

        Raises:
            RedactionError: the workspace cannot be written to.
        """
        previous = self._previous_visits.get(link.url)
        path = local_path(link.url)
        # when a visit fails, the validators stay: if the document has not changed, it is not downloaded again
        validators = previous.validators if previous else NO_VALIDATORS
        try:
            return self._visit_file(link, path, previous) if path else self._visit_url(link, previous)
        except Rejected as error:
            return Visit(link, LinkOutcome.QUARANTINED, now(), reason=shown_reason(str(error)))
        except Unavailable as error:
            return Visit(link, LinkOutcome.FAILED, now(), validators, reason=shown_reason(str(error)))
        except RedactionError:
            raise
        except Exception as error:  # whatever a server sends must not end more than its own link
            logger.debug("Visiting %s failed", link.url, exc_info=True)
            return Visit(link, LinkOutcome.FAILED, now(), validators, reason=f"could not be read: {describe(error)}")

    def _visit_url(self, link: FoundLink, previous: PreviousVisit | None) -> Visit:
        """Visit a link, also by way of pages that lead on to the document by themselves ("your download will start")."""

        def read(response: httpx.Response) -> Visit | str:
            # the validators of a page that leads on would claim permanently that nothing has changed
            validators = validators_of(response) if url == link.url else NO_VALIDATORS
            if response.status_code == HTTPStatus.NOT_MODIFIED:
                if previous is None:
                    raise Unavailable("the server answered 304 to a request without conditions")
                etag, last_modified = previous.validators
                kept = Validators(validators.etag or etag, validators.last_modified or last_modified)
                return Visit(link, LinkOutcome.UNCHANGED, now(), kept)
            chunks = body_of(response, self._max_bytes)
            start = _first(chunks, PAGE_START_BYTES)
            if document_kind(start) is None and (target := _next_address(response, start)) is not None:
                return target
            chunks = itertools.chain((start,), chunks)
            return self._receive(link, previous, validators, chunks, lambda: published_name(response))

        url = link.url
        for _ in range(MAX_PAGES_BETWEEN + 1):
            visit = self._client.get(url, read, _conditional_headers(previous))
            if isinstance(visit, Visit):
                return visit
            url = visit
        raise Rejected(f"more than {MAX_PAGES_BETWEEN} pages lead on to one another")

    def _visit_file(self, link: FoundLink, path: Path, previous: PreviousVisit | None) -> Visit:
        try:
            status = path.stat()
            validators = Validators(f"{status.st_size}-{status.st_mtime_ns}")
            if previous is not None and previous.validators == validators:
                return Visit(link, LinkOutcome.UNCHANGED, now(), validators)
            if status.st_size > self._max_bytes:
                raise Rejected(f"larger than {self._politeness.max_megabytes:g} MB")
            with path.open("rb") as file:
                chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
                return self._receive(link, previous, validators, chunks, lambda: safe_name(readable(os.fsencode(path.name))))
        except OSError as error:
            raise Unavailable(f"the file cannot be read: {error.strerror}") from error

    def _receive(
        self,
        link: FoundLink,
        previous: PreviousVisit | None,
        validators: Validators,
        chunks: Iterator[bytes],
        name: Callable[[], str],
    ) -> Visit:
        """Save the body to a scratch file, unless it does not start like a document or is that of the previous visit."""
        start = _first(chunks, HEAD_BYTES)
        kind = document_kind(start)
        if kind is None:
            raise Rejected(NOT_A_DOCUMENT if start else "is empty")
        part, sha256, size_bytes = _save(self._scratch, start, chunks)
        if previous is not None and previous.document == sha256:
            part.unlink()
            return Visit(link, LinkOutcome.UNCHANGED, now(), validators)
        download = Download(part, sha256, kind, size_bytes, name() or f"document{SUFFIXES[kind][0]}")
        return Visit(link, LinkOutcome.FETCHED, now(), validators, download=download)

    @property
    def _max_bytes(self) -> int:
        return int(self._politeness.max_megabytes * 1e6)


def _first(chunks: Iterator[bytes], count: int) -> bytes:
    """The first `count` bytes or some more; fewer if there are no more."""
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= count:
            break
    return start


def _next_address(response: httpx.Response, start: bytes) -> str | None:
    """Where a page that begins like this leads on to by itself."""
    if "html" not in response.headers.get("Content-Type", "text/html").lower():
        return None
    return IndexPage(str(response.url), start, response.charset_encoding).refresh()


def _conditional_headers(previous: PreviousVisit | None) -> dict[str, str]:
    etag, last_modified = previous.validators if previous is not None else NO_VALIDATORS
    headers = {"If-None-Match": sendable(etag), "If-Modified-Since": sendable(last_modified)}
    return {name: value for name, value in headers.items() if value is not None}


def _save(scratch: Path, start: bytes, chunks: Iterable[bytes]) -> tuple[Path, str, int]:
    """Write the body to a new file; return its path, SHA-256 and size.

    Raises:
        RedactionError: the file cannot be written.
    """
    with writing_to(scratch):
        descriptor, name = tempfile.mkstemp(suffix=".part", dir=scratch)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            digest, size_bytes = hashlib.sha256(), 0
            for chunk in itertools.chain([start], chunks):
                digest.update(chunk)
                size_bytes += len(chunk)
                with writing_to(scratch):
                    _write_all(file, chunk)
        with writing_to(scratch):
            sync(part)
    except BaseException:
        part.unlink()
        raise
    return part, digest.hexdigest(), size_bytes


def _write_all(file: io.FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]
