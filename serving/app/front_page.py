"""The page at ``/``: what the service is, how to call it, and a place to try it.

It replaces BentoML's page, which loads Google Tag Manager. This one loads nothing from another host, and the policy that is sent
along makes browsers refuse it.
"""

from __future__ import annotations

import functools
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from redaction.html import render
from serving.app.requests import DETECT_PATH, MAX_BODY_BYTES

TEMPLATE, STYLE, SCRIPT = (Path(__file__).with_name(f"front_page.{kind}") for kind in ("html.j2", "css", "js"))
FILES = (TEMPLATE, STYLE, SCRIPT)
"""What a Bento needs besides the modules."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # the service may change its version
}


async def _page(request: Request) -> Response:
    html = render(
        "serving.app",
        TEMPLATE.name,
        detector=request.app.state.detector,
        address=str(request.base_url).rstrip("/") + DETECT_PATH,
        max_mib=MAX_BODY_BYTES // 2**20,
    )
    return HTMLResponse(html, headers=HEADERS)


async def _file(path: Path, _: Request) -> Response:
    return FileResponse(path, headers=HEADERS)


async def _absent(_: Request) -> Response:
    return PlainTextResponse("Not Found", 404)


front_page = Starlette(
    routes=[
        Route("/", _page),
        *(Route(f"/{path.name}", functools.partial(_file, path)) for path in (STYLE, SCRIPT)),
        # what is left of BentoML's own page
        Route("/static_content/{path:path}", _absent),
    ]
)
"""The application that answers at ``/``; the service sets ``state.detector``."""
