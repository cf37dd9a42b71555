"""The HTTP client with servers that fail, are slow, or ask for long waits."""

from __future__ import annotations

import email.utils
import signal
import subprocess
import sys
import time

import pytest

from redaction.catalog.tables import LinkOutcome
from redaction.workspace import Workspace

from .conftest import (
    RequestHandler,
    Website,
    config_of,
    counts,
    fetch_all,
    index_source,
    link_row,
    pdf_of,
    stored_documents,
    url_source,
)


def test_a_request_to_a_busy_server_is_retried(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    site.flaky("/a.pdf", times=2, status=503)
    assert counts(fetch_all(workspace, config_of(url_source(site, "/a.pdf")))) == {"found": 1, "new": 1}
    assert site.request_count("/a.pdf") == 3


@pytest.mark.parametrize("as_date", [False, True])
def test_the_retry_after_header_is_respected(site: Website, workspace: Workspace, as_date: bool) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    site.flaky(
        "/a.pdf", times=1, status=429, Retry_After=email.utils.formatdate(time.time() + 2, usegmt=True) if as_date else "1"
    )
    assert counts(fetch_all(workspace, config_of(url_source(site, "/a.pdf")))) == {"found": 1, "new": 1}
    first, second = (at for path, _, at in site.requests if path == "/a.pdf")
    assert second - first >= (0.5 if as_date else 1.0)  # a date has no fractions of a second


def test_a_link_with_a_long_retry_after_is_left_to_the_next_run(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    site.flaky("/a.pdf", times=1, Retry_After="86400")
    config = config_of(url_source(site, "/a.pdf"))
    assert "asks to wait 86400 s" in fetch_all(workspace, config).failures[0].reason
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}


def test_a_truncated_body_is_not_stored(site: Website, workspace: Workspace) -> None:
    site.break_off("/a.pdf", pdf_of("a"))
    summary = fetch_all(workspace, config_of(url_source(site, "/a.pdf", politeness={"attempts": 2})))
    assert counts(summary) == {"found": 1, "failed": 1}
    assert "(2 attempts)" in summary.failures[0].reason
    assert not stored_documents(workspace)
    assert not list(workspace.state.rglob("*.part"))


def test_a_very_slow_download_is_aborted(site: Website, workspace: Workspace) -> None:
    site.endless("/a.pdf", pause=0.02)
    started = time.monotonic()
    summary = fetch_all(workspace, config_of(url_source(site, "/a.pdf", politeness={"download_seconds": 0.3})))
    assert "took longer than 0.3 s" in summary.failures[0].reason
    assert time.monotonic() - started < 5


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("start", "repeated"),
    [
        (HEAD + b"X-Name: ", b"x"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (HEAD + b"Content-Length: 1000000\r\n\r\n%PDF-", b"x"),
    ],
    ids=["header", "interim answers", "length of a chunk", "body"],
)
def test_a_server_that_never_finishes_its_answer_holds_only_its_own_link(
    site: Website, workspace: Workspace, start: bytes, repeated: bytes
) -> None:
    def trickle(handler: RequestHandler) -> None:
        handler.wfile.write(start)
        for _ in range(1000):
            handler.wfile.write(repeated)
            time.sleep(0.02)

    site.behaviors["/a.pdf"] = trickle
    site.publish("/b.pdf", pdf_of("b"))
    started = time.monotonic()
    summary = fetch_all(workspace, config_of(url_source(site, "/a.pdf", "/b.pdf", politeness={"download_seconds": 0.5})))
    assert time.monotonic() - started < 5
    assert counts(summary) == {"found": 2, "new": 1, "failed": 1}
    assert summary.failures[0].reason == "the download took longer than 0.5 s"


def test_a_silent_server_times_out(site: Website, workspace: Workspace) -> None:
    site.behaviors["/a.pdf"] = lambda _: time.sleep(1)
    summary = fetch_all(workspace, config_of(url_source(site, "/a.pdf", politeness={"timeout_seconds": 0.1, "attempts": 2})))
    assert "ReadTimeout" in summary.failures[0].reason


def test_after_repeated_failures_a_host_is_skipped_and_its_rows_are_kept(site: Website, workspace: Workspace) -> None:
    site.publish("/0.pdf", pdf_of("0"))
    config = config_of(url_source(site, "/0.pdf", politeness={"attempts": 2, "concurrency": 1}))
    fetch_all(workspace, config)
    before = link_row(workspace, site.url + "/0.pdf")
    site.server_close()
    dead = config_of(url_source(site, *(f"/{number}.pdf" for number in range(20)), politeness={"attempts": 2, "concurrency": 1}))
    summary = fetch_all(workspace, dead)
    assert counts(summary) == {"found": 20, "failed": 20}
    assert sum(problem.reason.startswith("not tried") for problem in summary.failures) == 15
    after = link_row(workspace, site.url + "/0.pdf")
    assert (after.document, after.etag, after.outcome) == (before.document, before.etag, LinkOutcome.FAILED)


def test_missing_documents_do_not_count_as_failures_of_the_host(site: Website, workspace: Workspace) -> None:
    site.publish("/good.pdf", pdf_of("good"))
    missing = [f"/missing/{number}.pdf" for number in range(10)]
    summary = fetch_all(workspace, config_of(url_source(site, *missing, "/good.pdf", politeness={"concurrency": 1})))
    assert counts(summary) == {"found": 11, "new": 1, "failed": 10}
    assert {problem.reason for problem in summary.failures} == {"the server answered 404 Not Found"}


def test_a_host_whose_crawl_delay_is_too_long_waits_for_the_next_run(site: Website, workspace: Workspace) -> None:
    site.robots("User-agent: *\nCrawl-delay: 86400\n")
    site.publish("/a.pdf", pdf_of("a"))
    site.publish("/b.pdf", pdf_of("b"))
    config = config_of(url_source(site, "/a.pdf", "/b.pdf"))
    started = time.monotonic()
    summary = fetch_all(workspace, config)
    assert time.monotonic() - started < 5
    assert counts(summary) == {"found": 2, "failed": 2}
    assert {problem.reason for problem in summary.failures} == {
        "robots.txt asks for 86400 s between requests, which is longer than longest_wait_seconds (120 s); "
        "this host waits for the next run"
    }
    assert [path for path, _, _ in site.requests] == ["/robots.txt"]
    site.robots("")
    assert counts(fetch_all(workspace, config)) == {"found": 2, "new": 2}


def test_a_host_that_asks_for_a_long_wait_at_robots_txt_waits_for_the_next_run(site: Website, workspace: Workspace) -> None:
    site.robots("")
    site.flaky("/robots.txt", times=1, status=503, Retry_After="86400")
    paths = [f"/{number}.pdf" for number in range(3)]
    for path in paths:
        site.publish(path, pdf_of(path))
    config = config_of(url_source(site, *paths))
    started = time.monotonic()
    summary = fetch_all(workspace, config)
    assert time.monotonic() - started < 5
    assert {problem.reason for problem in summary.failures} == {
        "robots.txt could not be read: the server answered 503 Service Unavailable and asks to wait 86400 s; "
        "this host waits for the next run"
    }
    assert [path for path, _, _ in site.requests] == ["/robots.txt"]
    assert counts(fetch_all(workspace, config)) == {"found": 3, "new": 3}


def test_a_slow_robots_txt_delays_the_run_once(site: Website, workspace: Workspace) -> None:
    site.endless("/robots.txt", start=b"User-agent: *\n", pause=0.02)
    paths = [f"/{number}.pdf" for number in range(20)]
    started = time.monotonic()
    summary = fetch_all(workspace, config_of(url_source(site, *paths, politeness={"download_seconds": 0.5})))
    assert time.monotonic() - started < 5
    assert counts(summary) == {"found": 20, "failed": 20}


def test_very_slow_downloads_count_as_failures_of_the_host(site: Website, workspace: Workspace) -> None:
    paths = [f"/{number}.pdf" for number in range(20)]
    for path in paths:
        site.endless(path, pause=0.02)
    politeness = {"download_seconds": 0.3, "concurrency": 1}
    summary = fetch_all(workspace, config_of(url_source(site, *paths, politeness=politeness)))
    assert sum(problem.reason.startswith("not tried") for problem in summary.failures) == 15


FETCH = """
import signal
import sys
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.sources import SourcesConfig
from redaction.workspace import Workspace

signal.signal(signal.SIGINT, signal.default_int_handler)  # the children of a background job ignore interrupts
config = SourcesConfig.model_validate_json(sys.argv[2])
fetch(Workspace.at(sys.argv[1]), config, discover(config))
"""


@pytest.mark.parametrize("kind", ["urls", "index"])
def test_an_interrupt_ends_a_wait(site: Website, workspace: Workspace, kind: str) -> None:
    site.robots("User-agent: *\nCrawl-delay: 60\n")
    config = config_of(
        url_source(site, "/a.pdf", "/b.pdf") if kind == "urls" else index_source(site) | {"urls": [site.url, site.url + "/2"]}
    )
    process = subprocess.Popen(
        [sys.executable, "-c", FETCH, str(workspace.root), config.model_dump_json()], stderr=subprocess.PIPE, text=True
    )
    while len(site.requests) < 2:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors
