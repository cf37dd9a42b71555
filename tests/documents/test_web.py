"""The HTTP client: failing servers, politeness, and defense against hostile pages."""

from __future__ import annotations

import email.utils
import time

import pytest

from redaction.catalog.tables import LinkOutcome
from redaction.documents.discovery import discover
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from .conftest import Website, config_of, counts, fetch_all, index_source, link_row, pdf_of, stored_documents, url_source

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
