"""The HTTP client: failing servers, politeness, and defense against hostile pages."""

from __future__ import annotations

import email.utils
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redaction.catalog import open_catalog
from redaction.catalog.tables import Link, LinkOutcome
from redaction.documents.discovery import discover
from redaction.files import sha256_of_bytes
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

# --- failing servers ---------------------------------------------------------------------------------------------------------


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


# --- waits -------------------------------------------------------------------------------------------------------------------


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


# --- politeness --------------------------------------------------------------------------------------------------------------


def test_robots_txt_is_obeyed_on_every_redirect(site: Website, workspace: Workspace) -> None:
    site.robots("User-agent: nosy\nDisallow: /\n\nUser-agent: *\nDisallow: /private/\n")
    for path in ("/private/a.pdf", "/public/b.pdf"):
        site.publish(path, pdf_of(path))
    site.redirect("/public/c.pdf", "/private/a.pdf")
    paths = ("/private/a.pdf", "/public/b.pdf", "/public/c.pdf")
    summary = fetch_all(workspace, config_of(url_source(site, *paths)))
    assert counts(summary) == {"found": 3, "new": 1, "quarantined": 2}
    assert {problem.reason for problem in summary.quarantine} == {"robots.txt forbids it"}
    assert not site.request_count("/private/a.pdf")
    assert site.request_count("/robots.txt") == 1
    nosy = config_of(url_source(site, "/public/b.pdf", politeness={"user_agent": "nosy/1.0"}))
    assert counts(fetch_all(workspace, nosy)) == {"found": 1, "quarantined": 1}
    assert counts(fetch_all(workspace, config_of(url_source(site, *paths, politeness={"obey_robots": False}))))["new"] == 1


def test_an_index_page_that_robots_txt_forbids_is_not_read(site: Website) -> None:
    site.robots("User-agent: *\nDisallow: /\n")
    site.index("/", "a.pdf")
    assert discover(config_of(index_source(site))).problems[0].reason == "robots.txt forbids it"
    assert not site.request_count("/")


def test_an_unreadable_robots_txt_forbids_all_requests_in_this_run(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    site.robots("")
    site.flaky("/robots.txt", times=2, status=500)
    config = config_of(url_source(site, "/a.pdf", politeness={"attempts": 2}))
    assert "robots.txt could not be read" in fetch_all(workspace, config).failures[0].reason
    assert not site.request_count("/a.pdf")
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}


@pytest.mark.parametrize("crawl_delay", [0.0, 0.2])
def test_requests_are_spaced_in_time_with_any_number_of_threads(site: Website, workspace: Workspace, crawl_delay: float) -> None:
    site.robots(f"User-agent: *\nCrawl-delay: {crawl_delay}\n")
    paths = [f"/{number}.pdf" for number in range(5)]
    for path in paths:
        site.publish(path, pdf_of(path))
    fetch_all(workspace, config_of(url_source(site, *paths, politeness={"delay_seconds": 0.1, "concurrency": 4})))
    starts = sorted(at for path, _, at in site.requests if path != "/robots.txt")
    assert starts[-1] - starts[0] >= 4 * max(0.1, crawl_delay) * 0.9


def test_concurrent_requests_never_exceed_the_limit(site: Website, workspace: Workspace) -> None:
    running, maximum = [], 0

    def slow(handler: object) -> None:
        nonlocal maximum
        running.append(handler)
        maximum = max(maximum, len(running))
        time.sleep(0.02)
        running.remove(handler)
        handler.answer(404)  # type: ignore[attr-defined]

    paths = [f"/{number}.pdf" for number in range(20)]
    site.behaviors |= dict.fromkeys(paths, slow)
    fetch_all(workspace, config_of(url_source(site, *paths, politeness={"concurrency": 3})))
    assert maximum == 3


def test_the_user_agent_is_the_one_in_the_configuration(site: Website, workspace: Workspace) -> None:
    fetch_all(workspace, config_of(url_source(site, "/a.pdf", politeness={"user_agent": "newsroom/1 (me@example.org)"})))
    assert {headers["User-Agent"] for _, headers, _ in site.requests} == {"newsroom/1 (me@example.org)"}


# --- hostile pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "leads to file:"),
        ("ftp://127.0.0.1/a.pdf", "leads to ftp:"),
        ("http://169.254.169.254/latest/meta-data/a.pdf", "private network"),
        ("http://[::1]:1/a.pdf", "private network"),
        ("http://localhost:1/a.pdf", "private network"),
        ("http://127.0.0.1:1/a.pdf", "private network"),  # the configuration names this host, but another port
        ("/loop.pdf", "more than 8 redirects"),
    ],
)
def test_a_redirect_is_checked_like_a_first_request(site: Website, workspace: Workspace, target: str, reason: str) -> None:
    site.redirect("/a.pdf", target)
    site.redirect("/loop.pdf", "/loop.pdf")
    summary = fetch_all(workspace, config_of(url_source(site, "/a.pdf")))
    assert reason in summary.quarantine[0].reason


def test_an_index_page_cannot_cause_requests_to_a_private_network(site: Website, workspace: Workspace) -> None:
    site.index("/", "http://127.0.0.1:1/a.pdf", "file:///etc/passwd.pdf")
    summary = fetch_all(workspace, config_of(index_source(site)))
    assert [problem.reason for problem in summary.quarantine] == [
        "leads to 127.0.0.1:1 in a private network, which the configuration does not name"
    ]


def test_redirects_are_followed_and_the_link_keeps_its_url(site: Website, workspace: Workspace) -> None:
    site.redirect("/a.pdf", "/moved/a.pdf", status=301)
    site.redirect("/moved/a.pdf", f"{site.url}/final.pdf?x=1", status=307)
    site.publish("/final.pdf?x=1", pdf_of("a"))
    config = config_of(url_source(site, "/a.pdf"))
    fetch_all(workspace, config)
    assert link_row(workspace, site.url + "/a.pdf").document == sha256_of_bytes(pdf_of("a"))
    assert counts(fetch_all(workspace, config)) == {"found": 1, "unchanged": 1}
    assert site.bodies_sent == ["/final.pdf?x=1"]


@pytest.mark.parametrize(
    "target",
    [
        "http://a..b/x.pdf",
        f"http://{'l' * 64}.example/x.pdf",
        "http://xn--a/x.pdf",
        "http://.example/x.pdf",
        f"http://{'l.' * 200}org/",
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
def test_a_host_that_cannot_exist_ends_only_its_own_link(
    site: Website, workspace: Workspace, target: str, redirected: bool
) -> None:
    site.redirect("/moved.pdf", target)
    site.index("/", "/moved.pdf" if redirected else f"{target}?x.pdf", "/good.pdf")
    site.publish("/good.pdf", pdf_of("good"))
    summary = fetch_all(workspace, config_of(index_source(site, politeness={"attempts": 1})))
    assert summary.sources[0].found == 2
    assert counts(summary)["new"] == 1
    assert len(summary.quarantine + summary.failures) == 1


@pytest.mark.parametrize("etag", ['"é"', 'W/"\u00b2"', '"' + "x" * 5000 + '"'])
def test_a_validator_that_cannot_be_sent_back_is_not_stored(site: Website, workspace: Workspace, etag: str) -> None:
    site.publish("/a.pdf", pdf_of("a"), validators=False, ETag=etag)
    config = config_of(url_source(site, "/a.pdf"))
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}
    assert link_row(workspace, site.url + "/a.pdf").etag is None
    assert counts(fetch_all(workspace, config)) == {"found": 1, "unchanged": 1}


@pytest.mark.parametrize("cookie", ["é=1", "a=²", "a=\u00af; Path=/"])
def test_a_cookie_that_cannot_be_sent_back_ends_no_further_request(site: Website, workspace: Workspace, cookie: str) -> None:
    site.publish("/a.pdf", pdf_of("a"), Set_Cookie=cookie)
    site.publish("/b.pdf", pdf_of("b"), Set_Cookie="session=1")
    site.publish("/c.pdf", pdf_of("c"))
    config = config_of(url_source(site, "/a.pdf", "/b.pdf", "/c.pdf", politeness={"concurrency": 1}))
    assert counts(fetch_all(workspace, config)) == {"found": 3, "new": 3}
    assert [headers.get("Cookie") for path, headers, _ in site.requests if path == "/c.pdf"] == ["session=1"]


def test_a_validator_that_cannot_be_sent_back_and_was_stored_by_an_earlier_version_is_not_sent(
    site: Website, workspace: Workspace
) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    config = config_of(url_source(site, "/a.pdf"))
    fetch_all(workspace, config)
    with open_catalog(workspace).transaction() as session:
        session.get_one(Link, site.url + "/a.pdf").etag = '"é"'
    assert counts(fetch_all(workspace, config)) == {"found": 1, "unchanged": 1}


@pytest.mark.parametrize("value", ["²", "٣", "-1", "1e9", "soon", "Sat, 99 Foo 99999 99:99:99 +9999", "9" * 5000])
def test_any_retry_after_ends_only_its_own_link(site: Website, workspace: Workspace, value: str) -> None:
    site.publish("/busy.pdf", pdf_of("busy"))
    site.behaviors["/busy.pdf"] = lambda handler: send_raw(handler, 503, [("Retry-After", value.encode())])
    site.publish("/good.pdf", pdf_of("good"))
    summary = fetch_all(workspace, config_of(url_source(site, "/busy.pdf", "/good.pdf", politeness={"attempts": 2})))
    assert counts(summary) == {"found": 2, "new": 1, "failed": 1}


def send_raw(handler: RequestHandler, status: int, headers: list[tuple[str, bytes]], body: bytes = b"") -> None:
    """Send headers as they are, and close the connection."""
    lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    handler.wfile.write(b"HTTP/1.1 %d \xe9\r\n%sConnection: close\r\n\r\n%s" % (status, lines, body))
    handler.close_connection = True


ODD_VALUES = [
    *[b"", b"0", b"-1", b"9" * 30, b"\xe9", "²".encode(), b'"x"', b"Sat, 01 Jan 0000 00:00:00 GMT"],
    *[b"http://a..b/", b"http://[::1", b"http://xn--a/", b"http:" + b"l" * 70, b"//", b"javascript:1", b"/good.pdf", rb"\\x\y"],
    *[b"gzip", b"br", b"chunked", rb"text/html; charset=\xff", b"=?n00b?B?x?="],
    b"x=y; expires=Sat, 99 Foo 99999; domain=..; max-age=z",
    b"attachment; filename*=x''%ff; filename=\"=?utf-8?B?w?=\"",
]
NAMES = (
    "ETag Last-Modified Retry-After Location Content-Length Content-Type Content-Disposition Content-Encoding "
    "Transfer-Encoding Set-Cookie Content-Range"
)
VALUES = st.sampled_from(ODD_VALUES) | st.binary(max_size=20).map(lambda value: value.replace(b"\n", b""))
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES.split()), VALUES), max_size=5)


@given(
    status=st.sampled_from([200, 204, 206, 301, 302, 304, 308, 404, 429, 503]),
    headers=HEADERS,
    robots=HEADERS,
    body=st.sampled_from([pdf_of("odd"), b"%PDF-", b"<html>", b""]),
    link=st.text(max_size=20) | st.sampled_from(ODD_VALUES).map(lambda value: value.decode("latin-1")),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_server_sends_the_other_documents_arrive(
    site: Website,
    workspace: Workspace,
    status: int,
    headers: list[tuple[str, bytes]],
    robots: list[tuple[str, bytes]],
    body: bytes,
    link: str,
) -> None:
    """The workspace is the same for all examples, so that what one stores must not end the next."""
    site.robots("")
    site.publish("/good.pdf", pdf_of("good"))
    site.behaviors["/odd.pdf"] = lambda handler: send_raw(handler, status, headers, body)
    html = f'<a href="/odd.pdf">odd</a><a href="{link.replace(chr(34), "")}.pdf">odd</a><a href="/{quote(link)}.pdf">missing</a>'
    site.index("/", "/good.pdf", html=html)
    quick = {"attempts": 2, "timeout_seconds": 1, "longest_wait_seconds": 0.01}
    good = config_of(index_source(site, politeness=quick))
    summary = fetch_all(workspace, good)
    good_places = (site.url + "/", site.url + "/good.pdf")
    assert [problem for problem in summary.failures + summary.quarantine if problem.where in good_places] == []
    site.behaviors["/robots.txt"] = lambda handler: send_raw(handler, status, robots, body)
    fetch_all(workspace, good)
