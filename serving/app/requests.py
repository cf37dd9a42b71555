"""Request validation for `/detect`: one page image of limited size.

BentoML 1.4 reads bodies of any length, answers a malformed multipart body with 500, and treats a *string* in a file field as a
URL to download. Requests for `/detect` are therefore read here, before they reach BentoML.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from redaction.pages.kinds import DocumentKind, document_kind
from serving.app.capacity import BodyMemory
from serving.app.errors import RequestError, too_busy
from serving.app.multipart import MultipartError, parse_form
from serving.app.names import CHECK_HEADER

DETECT_PATH = "/detect"

MAX_BODY_BYTES = 32 * 1024 * 1024
"""An A3 page at 400 dpi in 8-bit gray is 31 MB before compression."""

MAX_WAITING_REQUESTS = 16
"""Requests that are read and not answered yet. Pages are handled one at a time, so that more would only wait longer."""

MAX_HELD_BYTES = MAX_WAITING_REQUESTS * MAX_BODY_BYTES

MAX_UPLOAD_S = 50.0
"""Less than the 60 s after which BentoML answers 504."""

MAX_PAUSE_S = 10.0
"""Time between two pieces of a body."""

UPLOAD_KEY = "redaction.upload"
"""Key of the `Upload` in the ASGI scope of the request."""

DOCUMENT_HEADER = "x-redaction-document"
"""Header with the client's name for the document that the page belongs to. Monitoring then judges by documents, not by pages."""

MAX_DOCUMENT_NAME_BYTES = 512

_USAGE = 'Send one PNG, JPEG, TIFF or WebP image as the multipart file field "page", or as the body with its image type.'


@dataclass(frozen=True)
class Upload:
    """One page image as received, not decoded yet."""

    image: bytes
    threshold: float | None
    """Lowest score to report, as requested; None for the detector's operating point."""
    is_check: bool
    document: str | None = None
    """SHA-256 of the client's name for the document; None if it gave none."""
    after_response: list[Callable[[], None]] = field(default_factory=list)
    """Called in order after the response has been sent."""


class PageUploadMiddleware:
    """ASGI middleware that reads the page from a request for `/detect`, or rejects the request.

    A request counts as waiting once it is read, so that clients that send slowly keep nobody else out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._memory = BodyMemory(MAX_HELD_BYTES)
        self._waiting = asyncio.Semaphore(MAX_WAITING_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != DETECT_PATH:
            await self.app(scope, receive, send)
            return
        with self._memory.of_request() as take:
            try:
                upload = scope[UPLOAD_KEY] = await read_upload(Request(scope, receive), take)
                if self._waiting.locked():
                    raise too_busy()
            except RequestError as error:
                await error.response()(scope, receive, send)
                return
            async with self._waiting:
                await self.app(scope, receive, send)
        for call in upload.after_response:
            call()


async def read_upload(request: Request, take: Callable[[int], None]) -> Upload:
    """Read the page from a request: the multipart file field `page`, or the raw body.

    Args:
        request: the request.
        take: called with the number of bytes before they are kept.

    Raises:
        RequestError: the page is missing, too large or of an unsupported type, it comes too slowly, the threshold is not a score,
            the name of the document is too long, or `take` refuses.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.split(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if not is_form and not media_type.startswith("image/") and media_type != "application/octet-stream":
        raise RequestError(
            415, f"A request of type {media_type[:80] or 'unknown'!r} contains no page. {_USAGE}", close_connection=True
        )
    body = await _read_body(request, MAX_BODY_BYTES, take)
    image, threshold = _fields(content_type, body) if is_form else (body, None)
    _require_page_image(image)
    score = _score(threshold or request.query_params.get("threshold"))
    return Upload(image, score, CHECK_HEADER in request.headers, _document(request.headers.get(DOCUMENT_HEADER, "")))


async def _read_body(request: Request, limit: int, take: Callable[[int], None]) -> bytes:
    """The body.

    A body over the limit is read and discarded up to twice the limit: a client that reads the response only after it has sent
    everything then gets the error message and not a broken connection.
    """
    pieces, received = [], 0
    clock = asyncio.get_running_loop().time
    end = clock() + MAX_UPLOAD_S
    try:
        async with asyncio.timeout_at(clock() + MAX_PAUSE_S) as deadline:
            async for piece in request.stream():
                deadline.reschedule(min(end, clock() + MAX_PAUSE_S))
                received += len(piece)
                if received <= limit:
                    take(len(piece))
                    pieces.append(piece)
                elif received > 2 * limit:
                    break
    except ClientDisconnect:
        raise RequestError(400, "The connection was closed before the request was complete; send it again.") from None
    except TimeoutError:
        message = (
            f"The page came too slowly: nothing for {MAX_PAUSE_S:g} s, or not all of it in {MAX_UPLOAD_S:g} s; "
            "send it again, or send a smaller image."
        )
        raise RequestError(408, message, close_connection=True) from None
    if received > limit:
        message = f"The request is larger than the {limit // 2**20} MiB allowed; send one page, at a lower resolution."
        raise RequestError(413, message, close_connection=True)
    return b"".join(pieces)


def _fields(content_type: str, body: bytes) -> tuple[bytes, str | None]:
    """The page and the threshold of a form."""
    try:
        form = parse_form(content_type, body)
    except MultipartError as error:
        raise RequestError(400, f"The multipart body cannot be read: {error}. {_USAGE}") from error
    page, threshold = form.get("page"), form.get("threshold")
    if page is None or not page.is_file:
        problem = "is missing" if page is None else "contains text, not a file"
        raise RequestError(400, f'The file field "page" {problem}. {_USAGE}')
    return page.content, threshold.content.decode("utf-8", "replace") if threshold else None


def _score(text: str | None) -> float | None:
    # BentoML's own client sends an omitted parameter as JSON null
    if text is None or text in ("", "null"):
        return None
    try:
        score = float(text)
    except ValueError:
        score = float("nan")
    if not 0 <= score <= 1:
        raise RequestError(400, f"The threshold {text[:40]!r} is not a score; give a number from 0 to 1, or omit it.")
    return score


def _document(name: str) -> str | None:
    """Digest of a document's name, so that no file name is recorded."""
    encoded = name.strip().encode("latin-1")  # as Starlette decodes headers
    if len(encoded) > MAX_DOCUMENT_NAME_BYTES:
        raise RequestError(400, f"The header {DOCUMENT_HEADER} is longer than {MAX_DOCUMENT_NAME_BYTES} bytes: shorten the name.")
    return hashlib.sha256(encoded).hexdigest() if encoded else None


def _require_page_image(data: bytes) -> None:
    if not data:
        raise RequestError(400, f"The page is empty. {_USAGE}")
    kind = document_kind(data)
    if kind is DocumentKind.PDF:
        raise RequestError(415, "PDFs are not accepted; render the pages and send them one by one as PNG or JPEG.")
    if kind not in (DocumentKind.PNG, DocumentKind.JPEG, DocumentKind.TIFF, DocumentKind.WEBP):
        raise RequestError(415, f"The page is not a PNG, JPEG, TIFF or WebP image. {_USAGE}")
