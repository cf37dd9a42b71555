"""One visit to one link: a conditional request, and the answer as a file of proven size and kind, or the reason why not."""

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
from redaction.documents.discovery import FoundLink, path_of
from redaction.documents.sources import FolderSource, IndexSource, UrlSource
from redaction.documents.web import PoliteClient, Unavailable, Unwanted, bounded
from redaction.files import sync

PDF_MARK = b"%PDF-"
PDF_MARK_WITHIN = 1024
"""Readers accept the mark anywhere in the first 1024 bytes (ISO 32000, annex on implementation)."""
PIECE_BYTES = 1024 * 1024
LONGEST_FILE_NAME = 200


@dataclass(frozen=True, slots=True)
class Known:
    """What the last visit to a link left behind."""

    etag: str | None
    last_modified: str | None
    document: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Download:
    """A PDF's bytes in a scratch file."""

    part: Path
    sha256: str
    size_bytes: int
    file_name: str

    def move_to(self, path: Path) -> None:
        """Give the (synced) file its name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.part.chmod(0o644)
        self.part.replace(path)
        sync(path.parent)


@dataclass(frozen=True, slots=True)
class Visit:
    """What was found at a link. `download` is there when the outcome is FETCHED, `reason` when it is QUARANTINED or FAILED."""

    link: FoundLink
    outcome: LinkOutcome
    at: datetime
    etag: str | None = None
    last_modified: str | None = None
    download: Download | None = None
    reason: str | None = None


class Visitor:
    """Visits the links of one source; may be used by several threads at once.

    Args:
        source: how politely, and how large a document may be.
        scratch: folder for downloads, on the same file system as the workspace.
        known: what earlier visits learnt, by URL.
    """

    def __init__(self, source: IndexSource | UrlSource | FolderSource, scratch: Path, known: dict[str, Known]) -> None:
        self._politeness = source.politeness
        self._scratch = scratch
        self._known = known
        named = () if isinstance(source, FolderSource) else source.urls
        self._client = PoliteClient(source.politeness, named)

    def close(self) -> None:
        """Close the connections."""
        self._client.__exit__()

    def visit(self, link: FoundLink) -> Visit:
        """Look at the link; whatever is wrong with what is there becomes an outcome, not an exception."""
        known = self._known.get(link.url)
        path = path_of(link.url)
        try:
            return self._look_at_file(link, path, known) if path else self._request(link, known)
        except Unwanted as refusal:
            return Visit(link, LinkOutcome.QUARANTINED, now(), reason=str(refusal))
        except Unavailable as failure:
            # The validators of the last good visit still hold: should the server come back unchanged, nothing is downloaded.
            etag, last_modified = (known.etag, known.last_modified) if known else (None, None)
            return Visit(link, LinkOutcome.FAILED, now(), etag, last_modified, reason=str(failure))

    def _request(self, link: FoundLink, known: Known | None) -> Visit:
        def read(response: httpx.Response) -> Visit:
            validators = response.headers.get("ETag"), response.headers.get("Last-Modified")
            if response.status_code == HTTPStatus.NOT_MODIFIED:
                if known is None:
                    raise Unavailable("the server answered 304 to a request without conditions")
                return _unchanged(link, known, validators[0] or known.etag, validators[1] or known.last_modified)
            pieces = bounded(response, self._max_bytes, self._politeness.download_seconds)
            return self._arrived(link, known, validators, pieces, lambda: _published_name(response))

        return self._client.get(link.url, read, _conditions(known))

    def _look_at_file(self, link: FoundLink, path: Path, known: Known | None) -> Visit:
        try:
            status = path.stat()
            mark = f"{status.st_size}-{status.st_mtime_ns}"
            if known is not None and known.etag == mark:
                return _unchanged(link, known, mark, None)
            if status.st_size > self._max_bytes:
                return _quarantined(link, (None, None), f"larger than {self._politeness.max_megabytes:g} MB")
            with path.open("rb") as file:
                return self._arrived(link, known, (mark, None), iter(lambda: file.read(PIECE_BYTES), b""), lambda: path.name)
        except OSError as error:
            raise Unavailable(f"the file cannot be read: {error.strerror}") from error

    def _arrived(
        self,
        link: FoundLink,
        known: Known | None,
        validators: tuple[str | None, str | None],
        pieces: Iterator[bytes],
        name: Callable[[], str],
    ) -> Visit:
        """The body in a scratch file, unless its first bytes say that it is no PDF or its digest that we have it."""
        start = b""
        for piece in pieces:
            start += piece
            if len(start) >= PDF_MARK_WITHIN:
                break
        if PDF_MARK not in start[:PDF_MARK_WITHIN]:
            return _quarantined(link, validators, "is empty" if not start else "is not a PDF")
        part, sha256, size = _save(self._scratch, start, pieces)
        if known is not None and known.document == sha256:
            part.unlink()
            return Visit(link, LinkOutcome.UNCHANGED, now(), *validators)
        return Visit(link, LinkOutcome.FETCHED, now(), *validators, download=Download(part, sha256, size, _safe_name(name())))

    @property
    def _max_bytes(self) -> int:
        return int(self._politeness.max_megabytes * 1e6)


def _conditions(known: Known | None) -> dict[str, str]:
    headers = {}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _unchanged(link: FoundLink, known: Known, etag: str | None, last_modified: str | None) -> Visit:
    """What was put in quarantine and has not changed stays there."""
    if known.document is None:
        return Visit(link, LinkOutcome.QUARANTINED, now(), etag, last_modified, reason=known.reason)
    return Visit(link, LinkOutcome.UNCHANGED, now(), etag, last_modified)


def _quarantined(link: FoundLink, validators: tuple[str | None, str | None], reason: str) -> Visit:
    return Visit(link, LinkOutcome.QUARANTINED, now(), *validators, reason=reason)


def _save(scratch: Path, start: bytes, pieces: Iterable[bytes]) -> tuple[Path, str, int]:
    descriptor, name = tempfile.mkstemp(suffix=".part", dir=scratch)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest, size = hashlib.sha256(start), file.write(start)
            for piece in pieces:
                digest.update(piece)
                size += file.write(piece)
        sync(part)
    except BaseException:
        part.unlink()
        raise
    return part, digest.hexdigest(), size


def _published_name(response: httpx.Response) -> str:
    """The name that the server gives the file, else the last part of the address that was asked for last."""
    message = Message()
    message["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    return message.get_filename() or PurePosixPath(unquote(urlsplit(str(response.url)).path)).name


def _safe_name(name: str) -> str:
    """A name for people and for matching: no folders, no control characters, not too long, never empty."""
    plain = "".join(character for character in name.replace("\\", "/").rpartition("/")[2] if character.isprintable()).strip()
    return plain[-LONGEST_FILE_NAME:] or "document.pdf"
