"""Discovery: the document URLs that sources list."""

from __future__ import annotations

from pathlib import Path

from redaction.documents.discovery import Discovery, discover

from .conftest import Website, config_of, index_source, url_source


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


def test_the_base_element_is_respected(site: Website) -> None:
    site.index("/", "a.pdf", html='<base href="/elsewhere/">')
    assert paths(discover(config_of(index_source(site))), site) == ["/elsewhere/a.pdf"]


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


def test_the_pdfs_of_a_folder_are_listed_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b.PDF", "a.pdf", "notes.txt", "deep/c d.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"%PDF-")
    (tmp_path / "folder.pdf").mkdir()
    source = {"name": "folder", "kind": "folder", "path": str(tmp_path)}
    assert [link.url.rpartition("/")[2] for link in discover(config_of(source)).links] == ["a.pdf", "b.PDF", "c%20d.pdf"]
    assert len(discover(config_of(source | {"recursive": False})).links) == 2
