"""Requests go through the proxies that the environment names, except those to this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from redaction.documents.transport import EnvironmentTransport


class Recorder(ThreadingHTTPServer):
    """A server that also serves as a proxy: it records the address of each request."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        super().__init__(("127.0.0.1", 0), RecordingHandler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class RecordingHandler(BaseHTTPRequestHandler):
    server: Recorder

    def do_GET(self) -> None:
        self.server.requested.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("variables", "url", "is_proxied"),
    [
        ({"http_proxy": "{proxy}"}, "http://documents.example/a.pdf", True),
        ({"all_proxy": "{proxy}"}, "http://documents.example/a.pdf", True),
        ({"http_proxy": "{proxy}", "no_proxy": "documents.example"}, "http://documents.example/a.pdf", False),
        ({"http_proxy": "{proxy}", "no_proxy": "*"}, "http://documents.example/a.pdf", False),
        ({"http_proxy": "{proxy}"}, "{site}/a.pdf", False),
        ({"https_proxy": "{proxy}"}, "http://documents.example/a.pdf", False),
        ({}, "http://documents.example/a.pdf", False),
    ],
)
def test_the_environment_decides_which_requests_are_proxied(
    variables: dict[str, str], url: str, is_proxied: bool, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(proxy=recorder.url))
    direct: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        direct.append(str(request.url))
        return httpx.Response(204)

    address = url.format(site=recorder.url)
    with httpx.Client(transport=EnvironmentTransport(httpx.MockTransport(respond))) as client:
        client.get(address)
    assert (recorder.requested, direct) == (([address], []) if is_proxied else ([], [address]))
