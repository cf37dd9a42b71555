"""Untrusted responses: their bodies within limits, and what their headers say: validators, cookies, waits and file names."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from http.cookiejar import Cookie, DefaultCookiePolicy
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import Request

import httpx

from redaction.documents.addresses import readable
from redaction.documents.failures import Rejected

MAX_VALIDATOR_CHARS = 1024
MAX_REASON_CHARS = 500
MAX_FILE_NAME_CHARS = 200


class Validators(NamedTuple):
    """What makes the next request for the same document conditional."""

    etag: str | None = None
    last_modified: str | None = None


NO_VALIDATORS = Validators()


def validators_of(response: httpx.Response) -> Validators:
    """The validators of the response that can be sent back."""
    headers = response.headers
    return Validators(sendable(headers.get("ETag")), sendable(headers.get("Last-Modified")))


def sendable(value: str | None) -> str | None:
    """The value if it can be sent in a request's header; else None."""
    return value if value and value.isascii() and value.isprintable() and len(value) <= MAX_VALIDATOR_CHARS else None


class SendableCookies(DefaultCookiePolicy):
    """Keeps only cookies that can be sent back: another one would break every further request to its host."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Whether the cookie is kept."""
        return sendable(f"{cookie.name}={cookie.value or ''}") is not None and super().set_ok(cookie, request)


def retry_after_seconds(response: httpx.Response) -> float | None:
    """The wait in the ``Retry-After`` header, which is a number of seconds or a date; None if it is neither."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
        return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def body_of(response: httpx.Response, max_bytes: int, *, truncate: bool = False) -> Iterator[bytes]:
    """Yield the body of a streamed response in chunks, limited in size: an untrusted body may be endless.

    Raises:
        Rejected: the body, or its declared length, exceeds `max_bytes` (with `truncate` it ends there instead).
    """
    too_large = f"larger than {max_bytes / 1e6:g} MB"
    if not truncate and (_declared_bytes(response) or 0) > max_bytes:
        raise Rejected(too_large)
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > max_bytes:
            if truncate:
                return
            raise Rejected(too_large)
        yield chunk


def published_name(response: httpx.Response) -> str:
    """The file name given by the server, else the last part of the final URL, as it may be shown: see `safe_name`."""
    name = _attachment_name(response.headers.get("Content-Disposition", ""))
    path = re.sub(r"(?i);jsessionid=[^/]*$", "", urlsplit(str(response.url)).path)
    return safe_name(name or PurePosixPath(readable(unquote_to_bytes(path))).name)


def safe_name(name: str) -> str:
    """A file name without folders or characters that cannot be shown, of limited length. It can be empty."""
    return _printable(name.replace("\\", "/").rpartition("/")[2], "").strip()[-MAX_FILE_NAME_CHARS:]


def status_of(response: httpx.Response) -> str:
    """Such as ``404 Not Found``."""
    return f"{response.status_code} {response.reason_phrase}".strip()


def describe(error: Exception) -> str:
    """An error that a server caused, as a reason to show."""
    return shown_reason(f"{type(error).__name__}: {error}".rstrip(": "))


def shown_reason(reason: str) -> str:
    """A reason that can be stored and shown, although parts of it may come from a server."""
    return _printable(reason, "\N{REPLACEMENT CHARACTER}")[:MAX_REASON_CHARS]


def _attachment_name(disposition: str) -> str | None:
    """The file name in ``Content-Disposition``: RFC 5987 (``filename*``) wins; RFC 2047 is decoded as well."""
    message = Message()
    message["Content-Disposition"] = disposition
    values = [value for name, value in message.get_params([], "Content-Disposition") if name.lower() == "filename" and value]
    # an extended value is a tuple of character set, language and text
    extended = [value for value in values if isinstance(value, tuple)]
    if not values:
        return None
    name = email.utils.collapse_rfc2231_value((extended or values)[0])
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, UnicodeError):
        return name


def _declared_bytes(response: httpx.Response) -> int | None:
    """The ``Content-Length``; None if it is not a number."""
    value = response.headers.get("Content-Length", "")
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


def _printable(text: str, replacement: str) -> str:
    return "".join(character if character.isprintable() else replacement for character in text)
