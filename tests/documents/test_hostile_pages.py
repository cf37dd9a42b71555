"""The HTTP client with pages and servers that mean harm, or are broken in any way."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redaction.catalog import open_catalog
from redaction.catalog.tables import Link
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
    url_source,
)


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
