"""Visit one link: make a conditional request, and store the response as a file if it is a PDF within the limits."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from redaction.catalog.tables import LinkOutcome, now
from redaction.documents.discovery import FoundLink, local_path
from redaction.documents.sources import FolderSource, IndexSource, UrlSource
from redaction.documents.web import PoliteClient, Rejected, Unavailable, read_bounded
from redaction.files import sync

PDF_HEADER = b"%PDF-"
PDF_HEADER_SEARCH_BYTES = 1024
"""PDF readers accept the header anywhere in the first 1024 bytes (ISO 32000, annex on implementation)."""
CHUNK_BYTES = 1024 * 1024
MAX_FILE_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class PreviousVisit:
    """Result of the last visit to a link."""

    etag: str | None
    last_modified: str | None
    document: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded PDF in a scratch file."""

    part: Path
    sha256: str
    size_bytes: int
    file_name: str

    def move_to(self, path: Path) -> None:
        """Move the (synced) scratch file to its final path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.part.chmod(0o644)
        self.part.replace(path)
        sync(path.parent)


@dataclass(frozen=True, slots=True)
class Visit:
    """Result of visiting a link. `download` is set if the outcome is FETCHED, `reason` if it is QUARANTINED or FAILED."""

    link: FoundLink
    outcome: LinkOutcome
    at: datetime
    etag: str | None = None
    last_modified: str | None = None
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

    def visit(self, link: FoundLink) -> Visit:
        """Visit the link; every problem with it becomes an outcome, not an exception."""
        previous = self._previous_visits.get(link.url)
        path = local_path(link.url)
        try:
            return self._visit_file(link, path, previous) if path else self._visit_url(link, previous)
        except Rejected as error:
            return Visit(link, LinkOutcome.QUARANTINED, now(), reason=str(error))
        except Unavailable as error:
            # keep the validators of the last good visit: if the document has not changed, it is not downloaded again
            etag, last_modified = (previous.etag, previous.last_modified) if previous else (None, None)
            return Visit(link, LinkOutcome.FAILED, now(), etag, last_modified, reason=str(error))

    def _visit_url(self, link: FoundLink, previous: PreviousVisit | None) -> Visit:
        def read(response: httpx.Response) -> Visit:
            validators = response.headers.get("ETag"), response.headers.get("Last-Modified")
            if response.status_code == HTTPStatus.NOT_MODIFIED:
                if previous is None:
                    raise Unavailable("the server answered 304 to a request without conditions")
                return _unchanged(link, previous, validators[0] or previous.etag, validators[1] or previous.last_modified)
            chunks = read_bounded(response, self._max_bytes, self._politeness.download_seconds)
            return self._receive(link, previous, validators, chunks, lambda: _published_name(response))

        return self._client.get(link.url, read, _conditional_headers(previous))

    def _visit_file(self, link: FoundLink, path: Path, previous: PreviousVisit | None) -> Visit:
        try:
            status = path.stat()
            etag = f"{status.st_size}-{status.st_mtime_ns}"
            if previous is not None and previous.etag == etag:
                return _unchanged(link, previous, etag, None)
            if status.st_size > self._max_bytes:
                return _quarantined(link, (None, None), f"larger than {self._politeness.max_megabytes:g} MB")
            with path.open("rb") as file:
                chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
                return self._receive(link, previous, (etag, None), chunks, lambda: path.name)
        except OSError as error:
            raise Unavailable(f"the file cannot be read: {error.strerror}") from error

    def _receive(
        self,
        link: FoundLink,
        previous: PreviousVisit | None,
        validators: tuple[str | None, str | None],
        chunks: Iterator[bytes],
        name: Callable[[], str],
    ) -> Visit:
        """Save the body to a scratch file, unless it does not start like a PDF or is the document of the previous visit."""
        start = b""
        for chunk in chunks:
            start += chunk
            if len(start) >= PDF_HEADER_SEARCH_BYTES:
                break
        if PDF_HEADER not in start[:PDF_HEADER_SEARCH_BYTES]:
            return _quarantined(link, validators, "is empty" if not start else "is not a PDF")
        part, sha256, size_bytes = _save(self._scratch, start, chunks)
        if previous is not None and previous.document == sha256:
            part.unlink()
            return Visit(link, LinkOutcome.UNCHANGED, now(), *validators)
        download = Download(part, sha256, size_bytes, _safe_name(name()))
        return Visit(link, LinkOutcome.FETCHED, now(), *validators, download=download)

    @property
    def _max_bytes(self) -> int:
        return int(self._politeness.max_megabytes * 1e6)


def _conditional_headers(previous: PreviousVisit | None) -> dict[str, str]:
    headers = {}
    if previous is not None and previous.etag:
        headers["If-None-Match"] = previous.etag
    if previous is not None and previous.last_modified:
        headers["If-Modified-Since"] = previous.last_modified
    return headers


def _unchanged(link: FoundLink, previous: PreviousVisit, etag: str | None, last_modified: str | None) -> Visit:
    """An unchanged link; without a document it stays in quarantine."""
    if previous.document is None:
        return Visit(link, LinkOutcome.QUARANTINED, now(), etag, last_modified, reason=previous.reason)
    return Visit(link, LinkOutcome.UNCHANGED, now(), etag, last_modified)


def _quarantined(link: FoundLink, validators: tuple[str | None, str | None], reason: str) -> Visit:
    return Visit(link, LinkOutcome.QUARANTINED, now(), *validators, reason=reason)


def _save(scratch: Path, start: bytes, chunks: Iterable[bytes]) -> tuple[Path, str, int]:
    descriptor, name = tempfile.mkstemp(suffix=".part", dir=scratch)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest, size_bytes = hashlib.sha256(start), file.write(start)
            for chunk in chunks:
                digest.update(chunk)
                size_bytes += file.write(chunk)
        sync(part)
    except BaseException:
        part.unlink()
        raise
    return part, digest.hexdigest(), size_bytes


def _published_name(response: httpx.Response) -> str:
    """The file name given by the server, else the last part of the final URL."""
    message = Message()
    message["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    return message.get_filename() or PurePosixPath(unquote(urlsplit(str(response.url)).path)).name


def _safe_name(name: str) -> str:
    """A file name without folders or control characters, of limited length and never empty."""
    plain = "".join(character for character in name.replace("\\", "/").rpartition("/")[2] if character.isprintable()).strip()
    return plain[-MAX_FILE_NAME_CHARS:] or "document.pdf"
