"""A website on loopback that can misbehave in many ways, PDFs to publish on it, and helpers that read the results."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fpdf import FPDF

from redaction.catalog import open_catalog
from redaction.catalog.tables import Link
from redaction.documents.discovery import discover
from redaction.documents.fetching import FetchSummary, fetch
from redaction.documents.sources import SourcesConfig
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

NO_DELAYS: dict[str, Any] = {"delay_seconds": 0, "backoff_seconds": 0.01, "timeout_seconds": 5}
"""Politeness without pauses, for the local website."""

Behavior = Callable[["RequestHandler"], None]


class RequestHandler(BaseHTTPRequestHandler):
    """Handles one request with the behavior registered for its path."""

    protocol_version = "HTTP/1.1"
    server: Website

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers), time.monotonic()))
        behavior = self.server.behaviors.get(self.path)
        if behavior is None:
            self.answer(404, b"no such page")
        else:
            behavior(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Website(ThreadingHTTPServer):
    """A web server whose pages are functions; it records the path, headers and time of every request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RequestHandler)
        self.behaviors: dict[str, Behavior] = {}
        self.requests: list[tuple[str, dict[str, str], float]] = []
        self.bodies_sent: list[str] = []

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect early, which is expected."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def request_count(self, path: str) -> int:
        return sum(requested == path for requested, _, _ in self.requests)

    def publish(
        self, path: str, body: bytes, content_type: str = "application/pdf", validators: bool = True, **headers: str
    ) -> None:
        """Publish a file with an ETag of its content; a request with that ETag is answered with 304."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'

        def behavior(handler: RequestHandler) -> None:
            if validators and handler.headers.get("If-None-Match") == etag:
                handler.answer(304, ETag=etag)
                return
            self.bodies_sent.append(path)
            handler.answer(200, body, Content_Type=content_type, **({"ETag": etag} if validators else {}), **headers)

        self.behaviors[path] = behavior

    def publish_dated(self, path: str, body: bytes, date: str) -> None:
        """Publish a file with a ``Last-Modified`` date and no ETag."""

        def behavior(handler: RequestHandler) -> None:
            if handler.headers.get("If-Modified-Since") == date:
                handler.answer(304)
                return
            self.bodies_sent.append(path)
            handler.answer(200, body, Last_Modified=date)

        self.behaviors[path] = behavior

    def index(self, path: str, *links: str, html: str = "") -> None:
        """Publish an HTML page that links to `links`."""
        items = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
        self.publish(path, f"<html><body>{html}<ul>{items}</ul></body></html>".encode(), "text/html; charset=utf-8")

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.behaviors[path] = lambda handler: handler.answer(status, Location=to)

    def robots(self, text: str) -> None:
        self.publish("/robots.txt", text.encode(), "text/plain")

    def flaky(self, path: str, times: int, status: int = 503, **headers: str) -> None:
        """Answer the first `times` requests for `path` with `status`, then as before."""
        good, failures = self.behaviors[path], iter(range(times))

        def behavior(handler: RequestHandler) -> None:
            if next(failures, None) is None:
                good(handler)
            else:
                handler.answer(status, **headers)

        self.behaviors[path] = behavior

    def endless(self, path: str, start: bytes = b"%PDF-1.7\n", pause: float = 0.0) -> None:
        """Publish an endless body without a length."""

        def behavior(handler: RequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write(start)
            while True:
                handler.wfile.write(b"0" * (1 if pause else 65536))
                handler.wfile.flush()
                time.sleep(pause)

        self.behaviors[path] = behavior

    def break_off(self, path: str, body: bytes) -> None:
        """Declare the whole body and send half of it."""

        def behavior(handler: RequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[: len(body) // 2])
            handler.close_connection = True

        self.behaviors[path] = behavior


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def pdf_of(text: str, pages: int = 1, **size: tuple[float, float]) -> bytes:
    """A PDF with `text` and the page number on each page."""
    document = FPDF(unit="pt", format=size.get("format", (612, 792)))
    document.set_creation_date(datetime(2024, 1, 1, tzinfo=UTC))
    document.set_font("helvetica", size=20)
    for number in range(pages):
        document.add_page()
        document.text(72, 100, f"{text} {number + 1}")
    return bytes(document.output())


def index_source(site: Website, path: str = "/", **options: Any) -> dict[str, Any]:
    politeness = NO_DELAYS | options.pop("politeness", {})
    return {"name": "website", "kind": "index", "urls": [site.url + path], "politeness": politeness} | options


def url_source(site: Website, *paths: str, **options: Any) -> dict[str, Any]:
    politeness = NO_DELAYS | options.pop("politeness", {})
    return {"name": "website", "kind": "urls", "urls": [site.url + path for path in paths], "politeness": politeness} | options


def config_of(*sources: dict[str, Any], **rendering: Any) -> SourcesConfig:
    return SourcesConfig.model_validate({"sources": sources, "rendering": {"workers": 2} | rendering})


def pdf_of_objects(*objects: str) -> bytes:
    """A PDF of hand-written objects; the first one is the document catalog."""
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode() + trailer.encode()


def pdf_without_pages() -> bytes:
    return pdf_of_objects("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>")


def encrypted_pdf() -> bytes:
    document = FPDF()
    document.add_page()
    document.set_encryption(owner_password="owner", user_password="user")
    return bytes(document.output())


def pdf_with_a_slow_page(page_index: int, pages: int) -> bytes:
    """One page draws nested forms, ten per level and eight levels deep: a few hundred bytes that take days to render."""

    def stream(resources: str, content: str, kind: str = "/Type /XObject /Subtype /Form /BBox [0 0 612 792]") -> str:
        return f"<< {kind} /Resources << {resources} >> /Length {len(content)} >>\nstream\n{content}\nendstream"

    first_form = 3 + 2 * pages
    kids = " ".join(f"{3 + number} 0 R" for number in range(pages))
    page_objects = [
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {3 + pages + number} 0 R "
        f"/Resources << /XObject << /F {first_form} 0 R >> >> >>"
        for number in range(pages)
    ]
    contents = [stream("", "/F Do" if number == page_index else "0 0 100 100 re f", kind="") for number in range(pages)]
    forms = [stream(f"/XObject << /F {first_form + level + 1} 0 R >>", "/F Do " * 10) for level in range(8)]
    leaf = stream("", "10 10 500 500 re f")
    catalog = ("<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>")
    return pdf_of_objects(*catalog, *page_objects, *contents, *forms, leaf)


def fetch_all(workspace: Workspace, config: SourcesConfig) -> FetchSummary:
    """Discover and fetch once."""
    return fetch(workspace, config, discover(config))


def counts(summary: FetchSummary) -> dict[str, int]:
    """The counts of the first source that are not zero."""
    return {name: count for name, count in summary.sources[0].model_dump(exclude={"source"}).items() if count}


def link_row(workspace: Workspace, url: str) -> Link:
    with open_catalog(workspace).transaction() as session:
        return session.get_one(Link, url)


def stored_documents(workspace: Workspace) -> set[str]:
    """SHA-256 of the stored documents. Asserts that each file name matches the file's bytes."""
    for path in workspace.documents.iterdir():
        assert path.stem == sha256_of_bytes(path.read_bytes())
    return {path.stem for path in workspace.documents.iterdir()}
