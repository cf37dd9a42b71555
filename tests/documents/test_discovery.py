"""Discovery: the document URLs that sources list."""

from __future__ import annotations

import gzip
import os
import random
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redaction.documents.discovery import Discovery, discover
from redaction.documents.folders import local_path
from redaction.documents.index_pages import MAX_INDEX_BYTES

from .conftest import RequestHandler, Website, config_of, index_source, url_source


def paths(found: Discovery, site: Website) -> list[str]:
    return [link.url.removeprefix(site.url) for link in found.links]


def test_links_are_resolved_as_in_a_browser(site: Website) -> None:
    site.index(
        "/list/",
        "a.pdf",
        "../b.PDF",
        "/c.pdf?version=2&lang=en",
        "d.Pdf#page=3",
        "a.pdf",  # duplicate
        "spaced name.pdf",
        "not-a-document.html",
        "mailto:someone@example.org?x=.pdf",
        "javascript:open('e.pdf')",
        "http://example.org:port/f.pdf",
        "ftp://127.0.0.1/g.pdf",
        "about.pdf.html",
    )
    found = discover(config_of(index_source(site, "/list/")))
    assert paths(found, site) == ["/list/a.pdf", "/b.PDF", "/c.pdf?version=2&lang=en", "/list/d.Pdf", "/list/spaced%20name.pdf"]
    assert not found.problems
    assert not any(path.endswith(".pdf") for path, _, _ in site.requests), "discovery downloads no document"


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("docs/line\nbreak.pdf", "/docs/linebreak.pdf"),
        ("\r\n docs/tab\tbed.pdf \x01", "/docs/tabbed.pdf"),
        (r"docs\back\slash.pdf", "/docs/back/slash.pdf"),
        ("docs/trailing.pdf%20", "/docs/trailing.pdf%20"),
        ("docs/trailing.pdf%20?v=1", "/docs/trailing.pdf%20?v=1"),
        ("docs/invisible.pdf\u200b", "/docs/invisible.pdf%E2%80%8B"),
        ("docs/session.pdf;jsessionid=1A", "/docs/session.pdf;jsessionid=1A"),
        ("docs/100%.pdf", "/docs/100%.pdf"),
        ("docs/Bericht für 2024 [1].PDF", "/docs/Bericht%20f%C3%BCr%202024%20[1].PDF"),
        ("http:/one/slash.pdf", "/one/slash.pdf"),
        ("docs/../../../dots.pdf", "/dots.pdf"),
        ("//127.0.0.1:{port}//double.pdf", "//double.pdf"),
        ("HTTP://0x7f.1:{port}/number.pdf", "/number.pdf"),
    ],
)
def test_an_address_is_read_as_a_browser_reads_it(site: Website, href: str, path: str) -> None:
    site.index("/", href.format(port=site.server_port))
    assert paths(discover(config_of(index_source(site))), site) == [path]


def test_documents_in_frames_and_embedded_documents_are_found(site: Website) -> None:
    elements = ('<iframe src="1.pdf">', '<embed src="2.pdf">', '<object data="3.pdf">', '<area href="4.pdf">')
    site.index("/", html="".join(f"{element}</{element[1:].split()[0]}>" for element in elements))
    assert paths(discover(config_of(index_source(site))), site) == ["/1.pdf", "/2.pdf", "/3.pdf", "/4.pdf"]
    assert paths(discover(config_of(index_source(site, selector="embed"))), site) == ["/2.pdf"]


@pytest.mark.parametrize("pattern", ["Geschäft.*\\.pdf$", "Gesch%C3%A4ft", " Nr 7"])
def test_a_pattern_is_searched_in_the_address_and_in_its_decoded_form(site: Website, pattern: str) -> None:
    site.index("/", "/Geschäft Nr 7.pdf%20", "/other.pdf")
    assert paths(discover(config_of(index_source(site, pattern=pattern))), site) == ["/Gesch%C3%A4ft%20Nr%207.pdf%20"]


SITEMAP = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>\n {url}/a.pdf </loc></url></urlset>"
FEEDS = {
    "sitemap": SITEMAP,
    "RSS": "<rss><channel><link>{url}</link><item><link>{url}/a.pdf</link></item></channel></rss>",
    "RSS enclosure": "<rss><channel><item><enclosure url='/a.pdf' type='application/pdf'/></item></channel></rss>",
    "RSS 1": "<rdf:RDF xmlns:rdf='r' xmlns='p'><item><link>{url}/a.pdf</link></item></rdf:RDF>",
    "Atom": "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link rel='enclosure' href='a.pdf'/></entry></feed>",
    "media RSS": "<rss xmlns:media='m'><channel><item><media:content url='/a.pdf'/></item></channel></rss>",
    "malformed": "<rss><channel><title>R&D</title><item><link>{url}/a.pdf</link>",
}


@pytest.mark.parametrize("content_type", ["application/rss+xml", "text/html"])
@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.filterwarnings("error")
def test_sitemaps_and_feeds_are_index_pages(site: Website, name: str, content_type: str) -> None:
    for declaration in ("", "<?xml version='1.0' encoding='utf-8'?>\n<!-- made by a machine -->"):
        site.publish("/", (declaration + FEEDS[name].format(url=site.url)).encode(), content_type)
        assert paths(discover(config_of(index_source(site))), site) == ["/a.pdf"]


def test_the_sitemaps_of_a_sitemap_index_are_followed(site: Website) -> None:
    site.publish("/", f"<sitemapindex><sitemap><loc>{site.url}/one.xml</loc></sitemap></sitemapindex>".encode(), "text/xml")
    site.publish("/one.xml", SITEMAP.format(url=site.url).encode(), "text/xml")
    assert paths(discover(config_of(index_source(site, depth=1))), site) == ["/a.pdf"]


@pytest.mark.parametrize(
    ("path", "content_type", "headers"),
    [
        ("/sitemap.xml.gz", "application/octet-stream", {}),
        ("/sitemap.XML.GZ?page=2", "text/xml", {}),
        ("/sitemap", "application/gzip", {}),
        ("/sitemap.gz", "application/x-gzip; charset=binary", {}),
        ("/sitemap.xml.gz", "application/xml", {"Content_Encoding": "gzip"}),  # packed once, and said twice
    ],
)
def test_a_compressed_sitemap_is_read(site: Website, path: str, content_type: str, headers: dict[str, str]) -> None:
    sitemap = b"\xef\xbb\xbf\n" + SITEMAP.format(url=site.url).encode()
    site.publish(path, gzip.compress(sitemap), content_type, **headers)
    site.publish("/", f"<sitemapindex><sitemap><loc>{site.url}{path}</loc></sitemap></sitemapindex>".encode(), "text/xml")
    assert paths(discover(config_of(index_source(site, path))), site) == ["/a.pdf"]
    assert paths(discover(config_of(index_source(site, depth=1))), site) == ["/a.pdf"]


def test_a_sitemap_in_several_compressed_parts_is_read_whole(site: Website) -> None:
    halves = SITEMAP.format(url=site.url).encode().partition(b"<url>")
    site.publish("/map.xml.gz", b"".join(gzip.compress(part) for part in halves), "application/gzip")
    assert paths(discover(config_of(index_source(site, "/map.xml.gz"))), site) == ["/a.pdf"]


def test_a_compressed_sitemap_may_not_grow_without_limit(site: Website) -> None:
    bomb = b"".join(gzip.compress(b"<urlset>" + bytes(1024 * 1024)) for _ in range(1000))
    assert len(bomb) < 2_000_000
    site.publish("/bomb.xml.gz", bomb, "application/gzip")
    site.publish("/good.xml.gz", gzip.compress(SITEMAP.format(url=site.url).encode()), "application/gzip")
    both = index_source(site) | {"urls": [f"{site.url}/bomb.xml.gz", f"{site.url}/good.xml.gz"]}
    tracemalloc.start()
    found = discover(config_of(both))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [problem.reason for problem in found.problems] == ["larger than 33.5544 MB when unpacked"]
    assert paths(found, site) == ["/a.pdf"]
    assert peak_bytes < 3 * MAX_INDEX_BYTES


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-30], lambda data: data[:-6] + b"abcdef", lambda data: data[:20] + b"x" * 50]
)
def test_a_damaged_compressed_sitemap_is_a_problem_of_its_own(site: Website, damage: Callable[[bytes], bytes]) -> None:
    site.publish("/map.xml.gz", damage(gzip.compress(b"<urlset>" + random.Random(0).randbytes(2000))), "application/gzip")
    found = discover(config_of(index_source(site, "/map.xml.gz")))
    assert found.problems[0].reason.startswith("its compression is damaged: ")


def test_a_compressed_file_that_is_no_sitemap_is_not_downloaded(site: Website) -> None:
    archive = gzip.compress(random.Random(0).randbytes(20_000_000), compresslevel=1)
    sent = 0

    def slowly(handler: RequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Content-Type", "application/gzip")
        handler.send_header("Content-Length", str(len(archive)))
        handler.end_headers()
        for start in range(0, len(archive), 65536):
            sent += handler.wfile.write(archive[start : start + 65536])

    site.behaviors["/data.tar.gz"] = slowly
    site.index("/", "/data.tar.gz", "/a.pdf")
    found = discover(config_of(index_source(site, depth=1)))
    assert (paths(found, site), found.problems) == (["/a.pdf"], ())
    assert sent < 15_000_000, "some fits into the buffers of the connection"


@pytest.mark.parametrize(
    "content",
    [
        "0; url=/next/",
        "5;URL='/next/'",
        ' 0 , url = "/next/" ',
        "0;/next/",
        "3 /next/",
        ".5; url=next/#top",
    ],
)
def test_a_page_that_leads_on_by_itself_is_followed(site: Website, content: str) -> None:
    site.index("/", "here.pdf", html=f"<META HTTP-EQUIV=Refresh CONTENT='{content.replace(chr(39), '&#39;')}'>")
    site.index("/next/", "there.pdf")
    assert paths(discover(config_of(index_source(site))), site) == ["/here.pdf", "/next/there.pdf"]


@pytest.mark.parametrize(
    "content", ["300", "0; url=", "0; url=/", "soon; url=/next/", "0; url=javascript:alert(1)", "0; url=http://[", "url=/next/"]
)
def test_a_page_that_leads_nowhere_else_is_read_once(site: Website, content: str) -> None:
    site.index("/", "here.pdf", html=f'<meta http-equiv="refresh" content="{content}">')
    site.index("/next/", "there.pdf")
    found = discover(config_of(index_source(site)))
    assert (paths(found, site), found.problems, site.request_count("/")) == (["/here.pdf"], (), 1)


def test_pages_that_lead_on_to_each_other_are_read_once(site: Website) -> None:
    site.index("/", "1.pdf", html='<meta http-equiv="refresh" content="0; url=/next">')
    site.index("/next", "2.pdf", html='<meta http-equiv="refresh" content="0; url=/">')
    assert paths(discover(config_of(index_source(site))), site) == ["/1.pdf", "/2.pdf"]
    assert (site.request_count("/"), site.request_count("/next")) == (1, 1)


def test_a_page_can_lead_on_to_a_document(site: Website) -> None:
    site.index("/", html='<meta http-equiv="refresh" content="0; url=a.pdf">')
    found = discover(config_of(index_source(site)))
    assert (paths(found, site), found.warnings) == (["/a.pdf"], ())


def test_a_page_cannot_lead_on_into_a_private_network(site: Website) -> None:
    site.index("/", html='<meta http-equiv="refresh" content="0; url=http://169.254.169.254/latest/">')
    assert "private network" in discover(config_of(index_source(site))).problems[0].reason


def test_a_feed_cannot_read_local_files_or_exhaust_memory(site: Website, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("/secret.pdf")
    laughs = "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(12))
    definitions = f"<!DOCTYPE rss [<!ENTITY file SYSTEM '{(tmp_path / 'secret').as_uri()}'><!ENTITY l0 'ha'>{laughs}]>"
    body = f"{definitions}<rss><item><link>&file;</link></item><item><link>&l12;</link></item></rss>"
    site.publish("/", body.encode(), "text/xml")
    started = time.monotonic()
    assert paths(discover(config_of(index_source(site))), site) == []
    assert time.monotonic() - started < 5


MALFORMED = [
    b"<![n00b",
    b"<![if lt IE 9]>",
    b"<![>weird</p>",
    b"<!DOCTYPE [<!",
    b"<?php echo",
    b"\x00\xff\xfe<a",
    b"<a href=\x80>",
    b"&#xD800;",
]
ODD_PARTS = [*MALFORMED, b"<a href='1.pdf'>", b"<rss>", b"<?xml version='1.0' encoding='n00b'?>"]


@pytest.mark.parametrize("junk", MALFORMED)
@pytest.mark.filterwarnings("error")
def test_a_malformed_page_ends_neither_its_own_source_nor_others(site: Website, junk: bytes) -> None:
    site.publish("/bad/", b"<html><a href='1.pdf'>1</a>" + junk + b"> <a href='2.pdf'>2</a>", "text/html")
    site.index("/good/", "3.pdf")
    found = discover(config_of(index_source(site, "/bad/") | {"name": "bad"}, index_source(site, "/good/")))
    assert {"/bad/1.pdf", "/good/3.pdf"} <= set(paths(found, site))


@given(
    body=st.lists(st.sampled_from(ODD_PARTS) | st.binary()),
    charset=st.sampled_from(["utf-8", "utf-16", "n00b", "base64", "idna", "unicode_escape", "\xff", "", "'"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_page_contains_the_next_source_is_read(site: Website, body: list[bytes], charset: str) -> None:
    site.publish("/bad/", b"".join(body), f"text/html; charset={charset}", validators=False)
    site.index("/good/", "3.pdf")
    found = discover(config_of(index_source(site, "/bad/") | {"name": "bad"}, index_source(site, "/good/")))
    assert paths(found, site)[-1] == "/good/3.pdf"


def test_links_that_lead_to_no_document_are_counted_by_reason(site: Website) -> None:
    others = ("mailto:me@example.org", "http://[/d.pdf", f"/{'e' * 3000}.pdf", "/next/")
    site.index("/", "a.pdf", "b.html", "c.html", "c.html#2", *others)
    site.index("/next/", "b.html", "f.pdf")
    found = discover(config_of(index_source(site, depth=1, follow="/next/")))
    assert paths(found, site) == ["/a.pdf", "/next/f.pdf"]
    assert {unused.reason: (unused.count, unused.example.removeprefix(site.url)[:12]) for unused in found.unused} == {
        "does not match the pattern": (3, "/b.html"),
        "is not an http or https address": (1, "mailto:me@ex"),
        "is not a valid address": (1, "http://[/d.p"),
        "has more than 2048 characters": (1, "/eeeeeeeeeee"),
    }


def test_an_index_page_without_documents_is_a_warning(site: Website) -> None:
    site.index("/empty/", "a.html")
    site.index("/list/", "more/")
    site.index("/list/more/", "a.pdf")
    both = index_source(site, "/empty/", depth=1) | {"urls": [site.url + "/empty/", site.url + "/list/"]}
    found = discover(config_of(both))
    assert [(warning.where.removeprefix(site.url), warning.reason[:28]) for warning in found.warnings] == [
        ("/empty/", "no link to a document was fo")
    ]


def test_the_base_element_is_respected(site: Website) -> None:
    site.index("/", "a.pdf", html='<base href="/elsewhere/">')
    assert paths(discover(config_of(index_source(site))), site) == ["/elsewhere/a.pdf"]


@pytest.mark.parametrize(
    ("bases", "path"),
    [
        ('<base target="_top"><base href="/first/"><base href="/second/">', "/first/a.pdf"),
        ('<base href="javascript:1">', "/list/a.pdf"),
        ('<base href="http://[">', "/list/a.pdf"),
        ('<base href=" sub/dir ">', "/list/sub/a.pdf"),
    ],
)
def test_of_several_base_elements_the_first_with_an_address_counts(site: Website, bases: str, path: str) -> None:
    site.index("/list/", "a.pdf", html=bases)
    assert paths(discover(config_of(index_source(site, "/list/"))), site) == [path]


def test_links_are_relative_to_the_url_after_redirects(site: Website) -> None:
    site.redirect("/", "/new/place/")
    site.index("/new/place/", "a.pdf")
    assert paths(discover(config_of(index_source(site))), site) == ["/new/place/a.pdf"]


def test_a_selector_without_a_pattern_accepts_any_url(site: Website) -> None:
    site.index(
        "/", "/menu.pdf", html='<div class="docs"><p><a href="/get?id=1">one</a></p></div><a class="doc" href="/get?id=2">two</a>'
    )
    found = discover(config_of(index_source(site, selector=".docs, a.doc")))
    assert paths(found, site) == ["/get?id=1", "/get?id=2"]


def test_a_link_must_match_both_selector_and_pattern(site: Website) -> None:
    site.index("/", "/z/1.pdf", html='<div class="docs"><a href="/x/1.pdf">.</a><a href="/y/1.pdf">.</a></div>')
    assert paths(discover(config_of(index_source(site, selector=".docs a", pattern="/x/"))), site) == ["/x/1.pdf"]


def test_index_pages_are_followed_up_to_the_depth(site: Website) -> None:
    site.index("/", "/one/", "0.pdf")
    site.index("/one/", "/two/", "1.pdf")
    site.index("/two/", "/three/", "2.pdf")
    site.index("/three/", "3.pdf")
    assert paths(discover(config_of(index_source(site, depth=0))), site) == ["/0.pdf"]
    assert paths(discover(config_of(index_source(site, depth=2))), site) == ["/0.pdf", "/one/1.pdf", "/two/2.pdf"]
    assert not site.request_count("/three/")


def test_index_pages_that_link_to_each_other_are_read_once(site: Website) -> None:
    site.index("/", "/?page=2", "/", "a.pdf")
    site.index("/?page=2", "/", "/?page=2", "/#top", "b.pdf", "a.pdf")
    assert paths(discover(config_of(index_source(site, depth=50))), site) == ["/a.pdf", "/b.pdf"]
    assert site.request_count("/") == site.request_count("/?page=2") == 1


def test_an_endless_chain_of_index_pages_ends_at_the_page_limit(site: Website) -> None:
    for day in range(30):
        site.index(f"/day/{day}", f"/day/{day + 1}", f"/{day}.pdf")
    found = discover(config_of(index_source(site, "/day/0", depth=100, max_index_pages=5)))
    assert paths(found, site) == [f"/{day}.pdf" for day in range(5)]
    assert "more than 5 index pages" in found.problems[0].reason


def test_only_matching_pages_on_the_same_host_are_followed(site: Website) -> None:
    site.index("/", "/archive/1", "/login", f"http://localhost:{site.server_port}/archive/2")
    site.index("/archive/1", "a.pdf")
    site.index("/login", "secret.pdf")
    assert paths(discover(config_of(index_source(site, depth=1, follow="/archive/"))), site) == ["/archive/a.pdf"]
    assert not site.request_count("/login")
    assert not site.request_count("/archive/2")


def test_a_followed_link_that_is_not_a_page_is_ignored(site: Website) -> None:
    site.index("/", "/data.zip", "/a.pdf")
    site.publish("/data.zip", b"PK", "application/zip")
    found = discover(config_of(index_source(site, depth=1)))
    assert paths(found, site) == ["/a.pdf"]
    assert not found.problems


def test_a_source_that_cannot_be_read_does_not_stop_the_others(site: Website, tmp_path: Path) -> None:
    site.index("/good/", "a.pdf")
    missing = {"name": "folder", "kind": "folder", "path": str(tmp_path / "absent")}
    gone = index_source(site, "/gone/") | {"name": "gone"}
    found = discover(config_of(missing, gone, index_source(site, "/good/")))
    assert paths(found, site) == ["/good/a.pdf"]
    assert [(problem.source, problem.reason[:24]) for problem in found.problems] == [
        ("folder", "there is no such folder:"),
        ("gone", "the server answered 404 "),
    ]


def test_a_url_in_two_sources_belongs_to_the_first(site: Website) -> None:
    site.index("/", "a.pdf", "b.pdf")
    first, second = url_source(site, "/b.pdf", name="first"), index_source(site, name="second")
    found = discover(config_of(first, second))
    assert [(link.source, link.url.rpartition("/")[2]) for link in found.links] == [("first", "b.pdf"), ("second", "a.pdf")]


def folder_source(path: Path, **options: Any) -> dict[str, Any]:
    return {"name": "folder", "kind": "folder", "path": str(path)} | options


def names(found: Discovery) -> list[str]:
    return [link.url.rpartition("/")[2] for link in found.links]


def make_files(folder: Path, *names: str | bytes) -> None:
    for name in names:
        path = folder / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"%PDF-")


def test_the_documents_of_a_folder_are_listed_in_a_fixed_order(tmp_path: Path) -> None:
    make_files(tmp_path, "b.PDF", "a.pdf", "notes.txt", "deep/c d.pdf", "fax.TIFF", "photo.jpeg")
    (tmp_path / "folder.pdf").mkdir()
    os.mkfifo(tmp_path / "pipe.pdf")
    assert names(discover(config_of(folder_source(tmp_path)))) == ["a.pdf", "b.PDF", "c%20d.pdf", "fax.TIFF", "photo.jpeg"]
    assert len(discover(config_of(folder_source(tmp_path, recursive=False))).links) == 4


@pytest.mark.parametrize("name", ["résumé.pdf".encode("latin-1"), "résumé.pdf".encode(), b"100% #1?.pdf"])
def test_a_file_is_found_whatever_the_encoding_of_its_name(tmp_path: Path, name: bytes) -> None:
    make_files(tmp_path, name)
    (link,) = discover(config_of(folder_source(tmp_path))).links
    assert local_path(link.url) == tmp_path / os.fsdecode(name)


@pytest.mark.timeout(30)
def test_symbolic_links_are_followed_and_each_folder_is_read_once(tmp_path: Path) -> None:
    folder, archive = tmp_path / "source", tmp_path / "archive"
    make_files(folder, "year/a.pdf")
    make_files(archive, "b.pdf", "deep/c.pdf")
    make_files(tmp_path, "d.pdf")
    (folder / "archive").symlink_to(archive)
    (folder / "again").symlink_to(folder / "year")
    (folder / "circle").symlink_to(folder)
    (archive / "up").symlink_to(tmp_path / "source")
    (folder / "e.pdf").symlink_to(tmp_path / "d.pdf")
    (folder / "gone").symlink_to(tmp_path / "absent")
    found = discover(config_of(folder_source(folder)))
    assert sorted(names(found)) == ["a.pdf", "b.pdf", "c.pdf", "d.pdf"]
    assert [(Path(warning.where).name, warning.reason) for warning in found.warnings] == [
        ("gone", "is a symbolic link that leads nowhere")
    ]
    assert not found.problems
    assert names(discover(config_of(folder_source(folder, recursive=False)))) == ["d.pdf"]


def test_a_folder_without_documents_is_a_warning(tmp_path: Path) -> None:
    make_files(tmp_path, "notes.txt")
    found = discover(config_of(folder_source(tmp_path)))
    assert [warning.reason for warning in found.warnings] == ["no document was found in this folder"]
