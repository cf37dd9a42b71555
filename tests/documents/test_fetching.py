"""What happens at each link, and what the catalog says of it afterwards."""

from __future__ import annotations

import email.utils
import os
import time
from pathlib import Path

import pytest

from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, Link, LinkOutcome
from redaction.documents.discovery import discover
from redaction.documents.fetching import FetchSummary, SourceCounts, fetch
from redaction.documents.scratch import exclusive_scratch
from redaction.documents.sources import SourcesConfig
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from .conftest import Room, config_of, index_source, pdf_of, url_source


def visit(workspace: Workspace, config: SourcesConfig) -> FetchSummary:
    return fetch(workspace, config, discover(config))


def counts(summary: FetchSummary) -> dict[str, int]:
    """Those that are not zero."""
    return {name: count for name, count in summary.sources[0].model_dump(exclude={"source"}).items() if count}


def link(workspace: Workspace, url: str) -> Link:
    with open_catalog(workspace).transaction() as session:
        return session.get_one(Link, url)


def stored(workspace: Workspace) -> set[str]:
    """SHA-256 of the files, each of which must be what its name says."""
    for path in workspace.documents.iterdir():
        assert path.name == f"{sha256_of_bytes(path.read_bytes())}.pdf"
    return {path.stem for path in workspace.documents.iterdir()}


# --- only what is new or changed ---------------------------------------------------------------------------------------------


def test_an_unchanged_document_is_not_downloaded_again(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", pdf_of("a"))
    room.publish_dated("/b.pdf", pdf_of("b"), "Mon, 01 Jan 2024 00:00:00 GMT")
    config = config_of(url_source(room, "/a.pdf", "/b.pdf"))
    assert counts(visit(workspace, config)) == {"found": 2, "new": 2}
    assert counts(visit(workspace, config)) == {"found": 2, "unchanged": 2}
    assert sorted(room.bodies_sent) == ["/a.pdf", "/b.pdf"]
    assert link(workspace, room.url + "/a.pdf").outcome is LinkOutcome.UNCHANGED


def test_a_server_without_validators_is_believed_by_the_bytes(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", pdf_of("a"), validators=False)
    config = config_of(url_source(room, "/a.pdf"))
    visit(workspace, config)
    assert counts(visit(workspace, config)) == {"found": 1, "unchanged": 1}
    assert room.bodies_sent == ["/a.pdf", "/a.pdf"]


def test_a_changed_document_is_a_new_one_and_the_old_one_stays(room: Room, workspace: Workspace) -> None:
    config = config_of(url_source(room, "/a.pdf"))
    room.publish("/a.pdf", pdf_of("first"))
    visit(workspace, config)
    room.publish("/a.pdf", pdf_of("second"))
    assert counts(visit(workspace, config)) == {"found": 1, "new": 1}
    assert stored(workspace) == {sha256_of_bytes(pdf_of("first")), sha256_of_bytes(pdf_of("second"))}
    assert link(workspace, room.url + "/a.pdf").document == sha256_of_bytes(pdf_of("second"))


def test_the_same_document_under_two_addresses_is_one_and_named_by_the_first(room: Room, workspace: Workspace) -> None:
    room.publish("/first.pdf", pdf_of("same"))
    room.publish("/second.pdf", pdf_of("same"))
    original = room.behaviors["/first.pdf"]
    room.behaviors["/first.pdf"] = lambda visitor: (time.sleep(0.2), original(visitor))[1]  # the second one is here earlier
    summary = visit(workspace, config_of(url_source(room, "/first.pdf", "/second.pdf")))
    assert counts(summary) == {"found": 2, "new": 1, "duplicates": 1}
    with open_catalog(workspace).transaction() as session:
        assert session.get_one(Document, sha256_of_bytes(pdf_of("same"))).file_name == "first.pdf"
    assert len(stored(workspace)) == 1


def test_a_document_whose_file_is_gone_is_fetched_again(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", pdf_of("a"))
    config = config_of(url_source(room, "/a.pdf"))
    visit(workspace, config)
    next(workspace.documents.iterdir()).unlink()
    assert counts(visit(workspace, config)) == {"found": 1, "unchanged": 1}
    assert len(stored(workspace)) == 1


def test_a_folder_is_read_again_only_where_a_file_was_touched(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    (folder / "Åsa's report.PDF").write_bytes(pdf_of("a"))
    (folder / "notes.pdf").write_text("no PDF at all")
    config = config_of({"name": "folder", "kind": "folder", "path": str(folder)})
    assert counts(visit(workspace, config)) == {"found": 2, "new": 1, "quarantined": 1}
    assert counts(visit(workspace, config)) == {"found": 2, "unchanged": 1, "quarantined": 1}
    os.utime(folder / "Åsa's report.PDF")
    assert counts(visit(workspace, config)) == {"found": 2, "unchanged": 1, "quarantined": 1}
    (folder / "Åsa's report.PDF").write_bytes(pdf_of("b"))
    assert counts(visit(workspace, config)) == {"found": 2, "new": 1, "quarantined": 1}
    with open_catalog(workspace).transaction() as session:
        assert session.get_one(Document, sha256_of_bytes(pdf_of("a"))).file_name == "Åsa's report.PDF"


@pytest.mark.parametrize(
    ("path", "header", "name"),
    [
        ("/docs/Report%20(final).PDF?ver=3", None, "Report (final).PDF"),
        ("/download?id=7", 'attachment; filename="FOIA 7.pdf"', "FOIA 7.pdf"),
        ("/download?id=8", "attachment; filename*=UTF-8''%C3%84rger.pdf", "Ärger.pdf"),
        ("/download?id=9", 'attachment; filename="../../etc/cron.d/x.pdf"', "x.pdf"),
        ("/download?id=10", r'attachment; filename="C:\\temp\\y.pdf"', "y.pdf"),
        ("/%2e%2e%2f%0a.pdf", None, ".pdf"),
        ("/folder/", None, "folder"),
        ("/?id=11", None, "document.pdf"),
    ],
)
def test_a_document_keeps_its_published_name_but_never_a_path(
    room: Room, workspace: Workspace, path: str, header: str | None, name: str
) -> None:
    room.publish(path, pdf_of("a"), **({"Content_Disposition": header} if header else {}))
    visit(workspace, config_of(url_source(room, path)))
    with open_catalog(workspace).transaction() as session:
        assert session.get_one(Document, sha256_of_bytes(pdf_of("a"))).file_name == name


# --- what is not a document ----------------------------------------------------------------------------------------------------


def test_bad_answers_are_put_in_quarantine_and_the_rest_goes_on(room: Room, workspace: Workspace) -> None:
    room.publish("/html.pdf", b"<!doctype html><title>Please log in</title>" + b" " * 5000)
    room.publish("/empty.pdf", b"")
    room.publish("/large.pdf", pdf_of("large") + b"0" * 60_000)
    room.endless("/endless.pdf")
    room.publish("/good.pdf", pdf_of("good"))
    room.publish("/preamble.pdf", b"\n\n" + pdf_of("what a gateway put before the mark"))
    paths = ("/html.pdf", "/empty.pdf", "/large.pdf", "/endless.pdf", "/good.pdf", "/preamble.pdf")
    summary = visit(workspace, config_of(url_source(room, *paths, politeness={"max_megabytes": 0.05})))
    assert counts(summary) == {"found": 6, "new": 2, "quarantined": 4}
    assert [(problem.where.removeprefix(room.url), problem.reason) for problem in summary.quarantine] == [
        ("/html.pdf", "is not a PDF"),
        ("/empty.pdf", "is empty"),
        ("/large.pdf", "larger than 0.05 MB"),
        ("/endless.pdf", "larger than 0.05 MB"),
    ]
    assert link(workspace, room.url + "/html.pdf").outcome is LinkOutcome.QUARANTINED
    assert len(stored(workspace)) == 2


def test_what_is_in_quarantine_is_not_downloaded_again_until_it_changes(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", b"<html>" * 500)
    config = config_of(url_source(room, "/a.pdf"))
    visit(workspace, config)
    assert visit(workspace, config).quarantine[0].reason == "is not a PDF"
    assert room.bodies_sent == ["/a.pdf"]
    room.publish("/a.pdf", pdf_of("now it is"))
    assert counts(visit(workspace, config)) == {"found": 1, "new": 1}
    assert link(workspace, room.url + "/a.pdf").reason is None


def test_a_larger_limit_lets_in_what_was_too_large(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", pdf_of("a"))
    assert (
        counts(visit(workspace, config_of(url_source(room, "/a.pdf", politeness={"max_megabytes": 0.0001}))))["quarantined"] == 1
    )
    assert counts(visit(workspace, config_of(url_source(room, "/a.pdf")))) == {"found": 1, "new": 1}


# --- servers in trouble --------------------------------------------------------------------------------------------------------


def test_a_busy_server_is_asked_again(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", pdf_of("a"))
    room.flaky("/a.pdf", times=2, status=503)
    assert counts(visit(workspace, config_of(url_source(room, "/a.pdf")))) == {"found": 1, "new": 1}
    assert room.asked("/a.pdf") == 3


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(room: Room, workspace: Workspace, as_date: bool) -> None:
    room.publish("/a.pdf", pdf_of("a"))
    room.flaky(
        "/a.pdf", times=1, status=429, Retry_After=email.utils.formatdate(time.time() + 2, usegmt=True) if as_date else "1"
    )
    assert counts(visit(workspace, config_of(url_source(room, "/a.pdf")))) == {"found": 1, "new": 1}
    first, second = (at for path, _, at in room.requests if path == "/a.pdf")
    assert second - first >= (0.5 if as_date else 1.0)  # a date has no fractions of a second


def test_a_server_that_asks_for_a_long_wait_is_left_until_the_next_run(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", pdf_of("a"))
    room.flaky("/a.pdf", times=1, Retry_After="86400")
    config = config_of(url_source(room, "/a.pdf"))
    assert "asks to wait 86400 s" in visit(workspace, config).failures[0].reason
    assert counts(visit(workspace, config)) == {"found": 1, "new": 1}


def test_a_body_that_breaks_off_is_no_document(room: Room, workspace: Workspace) -> None:
    room.breaks_off("/a.pdf", pdf_of("a"))
    summary = visit(workspace, config_of(url_source(room, "/a.pdf", politeness={"attempts": 2})))
    assert counts(summary) == {"found": 1, "failed": 1}
    assert "(2 attempts)" in summary.failures[0].reason
    assert not stored(workspace)
    assert not list(workspace.state.rglob("*.part"))


def test_a_server_that_drips_is_hung_up_on(room: Room, workspace: Workspace) -> None:
    room.endless("/a.pdf", pause=0.02)
    started = time.monotonic()
    summary = visit(workspace, config_of(url_source(room, "/a.pdf", politeness={"download_seconds": 0.3})))
    assert "took longer than 0.3 s" in summary.failures[0].reason
    assert time.monotonic() - started < 5


def test_a_silent_server_times_out(room: Room, workspace: Workspace) -> None:
    room.behaviors["/a.pdf"] = lambda _: time.sleep(1)
    summary = visit(workspace, config_of(url_source(room, "/a.pdf", politeness={"timeout_seconds": 0.1, "attempts": 2})))
    assert "ReadTimeout" in summary.failures[0].reason


def test_a_dead_host_is_given_up_soon_and_keeps_what_it_had(room: Room, workspace: Workspace) -> None:
    room.publish("/0.pdf", pdf_of("0"))
    config = config_of(url_source(room, "/0.pdf", politeness={"attempts": 2, "concurrency": 1}))
    visit(workspace, config)
    before = link(workspace, room.url + "/0.pdf")
    room.server_close()
    dead = config_of(url_source(room, *(f"/{number}.pdf" for number in range(20)), politeness={"attempts": 2, "concurrency": 1}))
    summary = visit(workspace, dead)
    assert counts(summary) == {"found": 20, "failed": 20}
    assert sum(problem.reason.startswith("not tried") for problem in summary.failures) == 15
    after = link(workspace, room.url + "/0.pdf")
    assert (after.document, after.etag, after.outcome) == (before.document, before.etag, LinkOutcome.FAILED)


def test_many_missing_documents_do_not_make_a_dead_host(room: Room, workspace: Workspace) -> None:
    room.publish("/good.pdf", pdf_of("good"))
    missing = [f"/missing/{number}.pdf" for number in range(10)]
    summary = visit(workspace, config_of(url_source(room, *missing, "/good.pdf", politeness={"concurrency": 1})))
    assert counts(summary) == {"found": 11, "new": 1, "failed": 10}
    assert {problem.reason for problem in summary.failures} == {"the server answered 404 Not Found"}


# --- manners -------------------------------------------------------------------------------------------------------------------


def test_robots_txt_is_obeyed_on_every_hop(room: Room, workspace: Workspace) -> None:
    room.robots("User-agent: nosy\nDisallow: /\n\nUser-agent: *\nDisallow: /private/\n")
    for path in ("/private/a.pdf", "/public/b.pdf"):
        room.publish(path, pdf_of(path))
    room.redirect("/public/c.pdf", "/private/a.pdf")
    paths = ("/private/a.pdf", "/public/b.pdf", "/public/c.pdf")
    summary = visit(workspace, config_of(url_source(room, *paths)))
    assert counts(summary) == {"found": 3, "new": 1, "quarantined": 2}
    assert {problem.reason for problem in summary.quarantine} == {"robots.txt forbids it"}
    assert not room.asked("/private/a.pdf")
    assert room.asked("/robots.txt") == 1
    nosy = config_of(url_source(room, "/public/b.pdf", politeness={"user_agent": "nosy/1.0"}))
    assert counts(visit(workspace, nosy)) == {"found": 1, "quarantined": 1}
    assert counts(visit(workspace, config_of(url_source(room, *paths, politeness={"obey_robots": False}))))["new"] == 1


def test_an_index_page_that_robots_txt_forbids_is_not_read(room: Room) -> None:
    room.robots("User-agent: *\nDisallow: /\n")
    room.index("/", "a.pdf")
    assert discover(config_of(index_source(room))).problems[0].reason == "robots.txt forbids it"
    assert not room.asked("/")


def test_a_robots_txt_that_cannot_be_read_forbids_all_for_now(room: Room, workspace: Workspace) -> None:
    room.publish("/a.pdf", pdf_of("a"))
    room.robots("")
    room.flaky("/robots.txt", times=2, status=500)
    config = config_of(url_source(room, "/a.pdf", politeness={"attempts": 2}))
    assert "robots.txt could not be read" in visit(workspace, config).failures[0].reason
    assert not room.asked("/a.pdf")
    assert counts(visit(workspace, config)) == {"found": 1, "new": 1}


@pytest.mark.parametrize("crawl_delay", [0.0, 0.2])
def test_requests_keep_their_distance_however_many_threads_ask(room: Room, workspace: Workspace, crawl_delay: float) -> None:
    room.robots(f"User-agent: *\nCrawl-delay: {crawl_delay}\n")
    paths = [f"/{number}.pdf" for number in range(5)]
    for path in paths:
        room.publish(path, pdf_of(path))
    visit(workspace, config_of(url_source(room, *paths, politeness={"delay_seconds": 0.1, "concurrency": 4})))
    starts = sorted(at for path, _, at in room.requests if path != "/robots.txt")
    assert starts[-1] - starts[0] >= 4 * max(0.1, crawl_delay) * 0.9


def test_no_more_requests_at_once_than_allowed(room: Room, workspace: Workspace) -> None:
    at_work, most = [], 0

    def slow(visitor: object) -> None:
        nonlocal most
        at_work.append(visitor)
        most = max(most, len(at_work))
        time.sleep(0.02)
        at_work.remove(visitor)
        visitor.answer(404)  # type: ignore[attr-defined]

    paths = [f"/{number}.pdf" for number in range(20)]
    room.behaviors |= dict.fromkeys(paths, slow)
    visit(workspace, config_of(url_source(room, *paths, politeness={"concurrency": 3})))
    assert most == 3


def test_the_user_agent_is_the_one_in_the_configuration(room: Room, workspace: Workspace) -> None:
    visit(workspace, config_of(url_source(room, "/a.pdf", politeness={"user_agent": "newsroom/1 (me@example.org)"})))
    assert {headers["User-Agent"] for _, headers, _ in room.requests} == {"newsroom/1 (me@example.org)"}


# --- caution -------------------------------------------------------------------------------------------------------------------


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
def test_a_redirect_leads_only_where_a_first_address_may(room: Room, workspace: Workspace, target: str, reason: str) -> None:
    room.redirect("/a.pdf", target)
    room.redirect("/loop.pdf", "/loop.pdf")
    summary = visit(workspace, config_of(url_source(room, "/a.pdf")))
    assert reason in summary.quarantine[0].reason


def test_an_index_page_cannot_send_us_into_the_private_network(room: Room, workspace: Workspace) -> None:
    room.index("/", "http://127.0.0.1:1/a.pdf", "file:///etc/passwd.pdf")
    summary = visit(workspace, config_of(index_source(room)))
    assert [problem.reason for problem in summary.quarantine] == [
        "leads to 127.0.0.1:1 in a private network, which the configuration does not name"
    ]


def test_redirects_are_followed_and_the_link_keeps_its_address(room: Room, workspace: Workspace) -> None:
    room.redirect("/a.pdf", "/moved/a.pdf", status=301)
    room.redirect("/moved/a.pdf", f"{room.url}/final.pdf?x=1", status=307)
    room.publish("/final.pdf?x=1", pdf_of("a"))
    config = config_of(url_source(room, "/a.pdf"))
    visit(workspace, config)
    assert link(workspace, room.url + "/a.pdf").document == sha256_of_bytes(pdf_of("a"))
    assert counts(visit(workspace, config)) == {"found": 1, "unchanged": 1}
    assert room.bodies_sent == ["/final.pdf?x=1"]


# --- order and company ---------------------------------------------------------------------------------------------------------


def test_two_ingestions_do_not_work_in_one_workspace_at_once(room: Room, workspace: Workspace) -> None:
    config = config_of(url_source(room, "/a.pdf"))
    with exclusive_scratch(workspace, "downloads"), pytest.raises(RedactionError, match="Another ingestion is running"):
        visit(workspace, config)


def test_what_a_killed_run_left_half_done_is_cleared_away(room: Room, workspace: Workspace) -> None:
    left = workspace.state / "ingestion" / "downloads" / "x.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"%PDF-half")
    room.publish("/a.pdf", pdf_of("a"))
    visit(workspace, config_of(url_source(room, "/a.pdf")))
    assert not left.exists()
    assert len(stored(workspace)) == 1


def test_a_source_that_lists_nothing_is_still_in_the_summary(room: Room, workspace: Workspace) -> None:
    room.index("/")
    assert visit(workspace, config_of(index_source(room))).sources == (SourceCounts(source="room"),)
