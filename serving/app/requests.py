"""Request validation for `/detect`: one page image of limited size.

BentoML 1.4 reads bodies of any length, answers a malformed multipart body with 500, and treats a *string* in a file field as a
URL to download. Requests for `/detect` are therefore read here, before they reach BentoML.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from redaction.pages.kinds import DocumentKind, document_kind
from serving.app.multipart import MultipartError, parse_form

DETECT_PATH = "/detect"

MAX_BODY_BYTES = 32 * 1024 * 1024
"""An A3 page at 400 dpi in 8-bit gray is 31 MB before compression."""

UPLOAD_KEY = "redaction.upload"
"""Key of the `Upload` in the ASGI scope of the request."""

CHECK_HEADER = "x-redaction-check"
"""Header of requests that check the service; monitoring does not count them as traffic."""

DOCUMENT_HEADER = "x-redaction-document"
"""Header with the client's name for the document that the page belongs to. Monitoring then judges by documents, not by pages."""

MAX_DOCUMENT_NAME_BYTES = 512

_USAGE = 'Send one PNG, JPEG, TIFF or WebP image as the multipart file field "page", or as the body with its image type.'


class RequestError(Exception):
    """The request is invalid: a 4xx status and one sentence for the client.

    Args:
        status: HTTP status of the response.
        message: what is wrong and what to do.
        close_connection: close the connection after the response, so that the rest of the body is not read.
    """

    def __init__(self, status: int, message: str, close_connection: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"connection": "close"} if close_connection else None

    def response(self) -> JSONResponse:
        """The response: JSON with the message under ``error``."""
        return JSONResponse({"error": str(self)}, self.status, self.headers)


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
    """ASGI middleware that reads the page from a request for `/detect`, or rejects the request."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != DETECT_PATH:
            await self.app(scope, receive, send)
            return
        try:
            upload = scope[UPLOAD_KEY] = await read_upload(Request(scope, receive), self.max_body_bytes)
        except RequestError as error:
            await error.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)
        for call in upload.after_response:
            call()


async def read_upload(request: Request, max_body_bytes: int = MAX_BODY_BYTES) -> Upload:
    """Read the page from a request: the multipart file field `page`, or the raw body.

    Raises:
        RequestError: the page is missing, too large or of an unsupported type, the threshold is not a score, or the name of the
            document is too long.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.split(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if not is_form and not media_type.startswith("image/") and media_type != "application/octet-stream":
        raise RequestError(
            415, f"A request of type {media_type[:80] or 'unknown'!r} contains no page. {_USAGE}", close_connection=True
        )
    body = b"".join([chunk async for chunk in _limited(request, max_body_bytes)])
    image, threshold = _fields(content_type, body) if is_form else (body, None)
    _require_page_image(image)
    score = _score(threshold or request.query_params.get("threshold"))
    return Upload(image, score, CHECK_HEADER in request.headers, _document(request.headers.get(DOCUMENT_HEADER, "")))


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body up to the limit.

    A body over the limit is read and discarded up to twice the limit: a client that reads the response only after it has sent
    everything then gets the error message and not a broken connection.
    """
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received <= limit:
                yield chunk
            elif received > 2 * limit:
                break
    except ClientDisconnect:
        raise RequestError(400, "The connection was closed before the request was complete; send it again.") from None
    if received > limit:
        message = f"The request is larger than the {limit // 2**20} MiB allowed; send one page, at a lower resolution."
        raise RequestError(413, message, close_connection=True)


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
