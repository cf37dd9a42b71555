"""The browser that counts requests to other hosts: it must see them, or a count of 0 says nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.browser import Browser
from benchmarks.outside_requests import CALLS_OUT, outside_requests, sample_pages, written_pages
from redaction.monitoring.evidently_report import evidently_html
from redaction.workspace import Workspace

WAYS = {
    "picture": CALLS_OUT,
    "style sheet": '<link rel="stylesheet" href="https://elsewhere.example/a.css">text',
    "import": '<style>@import "https://elsewhere.example/a.css";</style>text',
    "script": 'text<script src="https://elsewhere.example/a.js"></script>',
    "frame": 'text<iframe src="https://elsewhere.example/"></iframe>',
    "request of a script": 'text<script>fetch("https://elsewhere.example/api").catch(() => 0)</script>',
    "late request": 'text<script>setTimeout(() => { new Image().src = "https://elsewhere.example/a.png" }, 700)</script>',
    "beacon": 'text<script>navigator.sendBeacon("https://elsewhere.example/")</script>',
    "not encrypted": 'text<img src="http://elsewhere.example/a.png">',
    "socket": 'text<script>new WebSocket("wss://elsewhere.example/")</script>',
}


@pytest.fixture
def own_server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/absent" else 200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"text<img src='/picture.png'>" if self.path == "/" else b"")

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("way", WAYS)
def test_a_page_that_calls_out_is_caught(browser: Browser, tmp_path: Path, way: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(WAYS[way])
    assert any("elsewhere.example" in request for request in outside_requests(browser, page.as_uri()))


def test_another_port_of_this_machine_is_another_host(browser: Browser, own_server: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f'<img src="{own_server}/picture.png">')
    assert outside_requests(browser, page.as_uri()) == [f"GET {own_server}/picture.png"]


def test_a_page_may_ask_its_own_server(browser: Browser, own_server: str) -> None:
    assert outside_requests(browser, f"{own_server}/") == []


def test_a_page_that_is_empty_or_absent_is_no_page_without_requests(browser: Browser, own_server: str) -> None:
    with pytest.raises(RuntimeError, match="/absent"):
        outside_requests(browser, f"{own_server}/absent")
    with pytest.raises(RuntimeError, match="empty"):
        outside_requests(browser, f"{own_server}/empty")


def test_an_evaluation_and_the_sample_reading_room_call_nobody(browser: Browser, tmp_path: Path) -> None:
    with sample_pages(tmp_path) as pages:
        assert [(name.partition(":")[0], outside_requests(browser, url)) for name, url in pages] == [
            ("evaluation", []),
            ("sample reading room", []),
            ("sample reading room", []),
        ]


def test_evidentlys_report_calls_nobody(browser: Browser, tmp_path: Path) -> None:
    pages = pd.DataFrame({"brightness": np.linspace(0, 255, 60), "boxes": np.arange(60) % 7})
    report = tmp_path / "evidently.html"
    report.write_text(evidently_html(pages, pages + 1, {"brightness": (0.1, 0.2), "boxes": (0.3, 0.2)}))
    with browser.page(report.as_uri()) as page:
        page.wait_for("document.body.innerText.includes('Data drift detected')")
        assert page.outside_requests == []


def test_the_newest_page_of_every_kind_is_found(workspace: Workspace, tmp_path: Path) -> None:
    runs, store = workspace.state / "runs", tmp_path / "store"
    files = (runs / "first.html", runs / "second.html", store / "monitor" / "monitoring_report" / "1" / "output.html")
    for time_s, file in enumerate(files):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (time_s, time_s))
    found = dict(written_pages(workspace, store))
    assert set(found) == {"page of a run", "artifact monitoring_report"}
    assert found["page of a run"].endswith("second.html")
