"""The HTTP client is polite: robots.txt, pacing, and a name by which it can be recognized."""

from __future__ import annotations

import time

import pytest

from redaction.documents.discovery import discover
from redaction.workspace import Workspace

from .conftest import Website, config_of, counts, fetch_all, index_source, pdf_of, url_source


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
