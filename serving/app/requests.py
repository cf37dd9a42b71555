"""What may come through the door: one page image of reasonable size, and nothing that the service would choke on.

BentoML 1.4 reads a body of any length, answers a broken multipart body with 500, and takes a *string* in a file field for an
address from which to download the file. So requests for `/detect` are read here, before BentoML sees them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.app.multipart import FormError, parse_form

DETECT = "/detect"

MAX_BODY_BYTES = 32 * 1024 * 1024
"""An A3 page at 400 dpi in 8-bit gray is 31 MB before compression."""

UPLOAD = "redaction.upload"
"""Where the request's ASGI scope holds the `Upload`."""

CHECK_HEADER = "x-redaction-check"
"""A request with this header is a check of the service and no traffic: monitoring does not count it."""

_HOW = 'Send one PNG, JPEG, TIFF or WebP image as the multipart file field "page", or as the body with its image type.'


class RequestError(Exception):
    """The request cannot be served, and it is the request's fault: a 4xx status and one sentence.

    Args:
        status: of the answer.
        sentence: what is wrong and what to do.
        cut_off: close the connection after the answer, because more of the body may come and nobody wants it.
    """

    def __init__(self, status: int, sentence: str, cut_off: bool = False) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = {"connection": "close"} if cut_off else None

    def response(self) -> JSONResponse:
        """The answer, as JSON with the sentence under ``error``."""
        return JSONResponse({"error": str(self)}, self.status, self.headers)


@dataclass(frozen=True)
class Upload:
    """One page image as it came in, not decoded yet."""

    image: bytes
    threshold: float | None
    """The score that the client asked for; none means the detector's operating point."""
    is_check: bool
    after_answer: list[Callable[[], None]] = field(default_factory=list)
    """What to do when the answer has been sent."""


class PageUploads:
    """ASGI middleware that reads the page out of a request for `/detect`, or refuses the request."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != DETECT:
            await self.app(scope, receive, send)
            return
        try:
            upload = scope[UPLOAD] = await read_upload(Request(scope, receive), self.max_body_bytes)
        except RequestError as error:
            await error.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)
        for call in upload.after_answer:
            call()


async def read_upload(request: Request, max_body_bytes: int = MAX_BODY_BYTES) -> Upload:
    """The page that a request carries, as multipart file field `page` or as the raw body.

    Raises:
        Refusal: there is no page in it, it is too large or of a type that is not served, or the threshold is no score.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.split(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if not is_form and not media_type.startswith("image/") and media_type != "application/octet-stream":
        raise RequestError(415, f"A request of type {media_type[:80] or 'unknown'!r} holds no page. {_HOW}", cut_off=True)
    body = b"".join([chunk async for chunk in _limited(request, max_body_bytes)])
    image, threshold = _fields(content_type, body) if is_form else (body, None)
    _require_page_image(image)
    return Upload(image, _score(threshold or request.query_params.get("threshold")), CHECK_HEADER in request.headers)


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body's pieces. What is over the limit is read on for as much again and thrown away, so that a client that only listens
    after it has sent everything gets our sentence and not a broken connection.
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
        sentence = f"The request is larger than the {limit // 2**20} MiB allowed; send one page, at a lower resolution."
        raise RequestError(413, sentence, cut_off=True)


def _fields(content_type: str, body: bytes) -> tuple[bytes, str | None]:
    """The page and the threshold that a form holds."""
    try:
        form = parse_form(content_type, body)
    except FormError as fault:
        raise RequestError(400, f"The multipart body cannot be read: {fault}. {_HOW}") from fault
    page, threshold = form.get("page"), form.get("threshold")
    if page is None or not page.is_file:
        found = "is missing" if page is None else "holds text, not a file"
        raise RequestError(400, f'The file field "page" {found}. {_HOW}')
    return page.content, threshold.content.decode("utf-8", "replace") if threshold else None


def _score(text: str | None) -> float | None:
    # BentoML's own client sends a parameter that was left out as JSON's null
    if text is None or text in ("", "null"):
        return None
    try:
        score = float(text)
    except ValueError:
        score = float("nan")
    if not 0 <= score <= 1:
        raise RequestError(400, f"The threshold {text[:40]!r} is no score; give a number from 0 to 1, or leave it out.")
    return score


def _require_page_image(data: bytes) -> None:
    if not data:
        raise RequestError(400, f"The page is empty. {_HOW}")
    if data.startswith(b"%PDF"):
        raise RequestError(415, "A PDF is not served here; render its pages and send them one by one as PNG or JPEG.")
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if not is_webp and not data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")):
        raise RequestError(415, f"The page's bytes are no PNG, JPEG, TIFF or WebP image. {_HOW}")
