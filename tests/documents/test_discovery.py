"""Which addresses do sources list?"""

from __future__ import annotations

from pathlib import Path

from redaction.documents.discovery import Discovery, discover

from .conftest import Room, config_of, index_source, url_source


def paths(found: Discovery, room: Room) -> list[str]:
    return [link.url.removeprefix(room.url) for link in found.links]


def test_links_are_resolved_as_a_browser_would(room: Room) -> None:
    room.index(
        "/list/",
        "a.pdf",
        "../b.PDF",
        "/c.pdf?version=2&lang=en",
        "d.Pdf#page=3",
        "a.pdf",  # again
        "spaced name.pdf",
        "not-a-document.html",
        "mailto:someone@example.org?x=.pdf",
        "javascript:open('e.pdf')",
        "http://example.org:port/f.pdf",
        "ftp://127.0.0.1/g.pdf",
        "about.pdf.html",
    )
    found = discover(config_of(index_source(room, "/list/")))
    assert paths(found, room) == ["/list/a.pdf", "/b.PDF", "/c.pdf?version=2&lang=en", "/list/d.Pdf", "/list/spaced%20name.pdf"]
    assert not found.problems
    assert not any(path.endswith(".pdf") for path, _, _ in room.requests), "discovery downloads no document"


def test_a_base_element_counts(room: Room) -> None:
    room.index("/", "a.pdf", html='<base href="/elsewhere/">')
    assert paths(discover(config_of(index_source(room))), room) == ["/elsewhere/a.pdf"]


def test_links_are_relative_to_where_a_redirect_ended(room: Room) -> None:
    room.redirect("/", "/new/place/")
    room.index("/new/place/", "a.pdf")
    assert paths(discover(config_of(index_source(room))), room) == ["/new/place/a.pdf"]


def test_a_selector_alone_takes_documents_whatever_their_address_looks_like(room: Room) -> None:
    room.index(
        "/", "/menu.pdf", html='<div class="docs"><p><a href="/get?id=1">one</a></p></div><a class="doc" href="/get?id=2">two</a>'
    )
    found = discover(config_of(index_source(room, selector=".docs, a.doc")))
    assert paths(found, room) == ["/get?id=1", "/get?id=2"]


def test_selector_and_pattern_must_both_agree(room: Room) -> None:
    room.index("/", "/z/1.pdf", html='<div class="docs"><a href="/x/1.pdf">.</a><a href="/y/1.pdf">.</a></div>')
    assert paths(discover(config_of(index_source(room, selector=".docs a", pattern="/x/"))), room) == ["/x/1.pdf"]


def test_further_index_pages_are_followed_to_the_depth_and_no_further(room: Room) -> None:
    room.index("/", "/one/", "0.pdf")
    room.index("/one/", "/two/", "1.pdf")
    room.index("/two/", "/three/", "2.pdf")
    room.index("/three/", "3.pdf")
    assert paths(discover(config_of(index_source(room, depth=0))), room) == ["/0.pdf"]
    assert paths(discover(config_of(index_source(room, depth=2))), room) == ["/0.pdf", "/one/1.pdf", "/two/2.pdf"]
    assert not room.asked("/three/")


def test_pages_that_link_to_each_other_are_read_once(room: Room) -> None:
    room.index("/", "/?page=2", "/", "a.pdf")
    room.index("/?page=2", "/", "/?page=2", "/#top", "b.pdf", "a.pdf")
    assert paths(discover(config_of(index_source(room, depth=50))), room) == ["/a.pdf", "/b.pdf"]
    assert room.asked("/") == room.asked("/?page=2") == 1


def test_an_endless_calendar_stops_at_the_page_limit(room: Room) -> None:
    for day in range(30):
        room.index(f"/day/{day}", f"/day/{day + 1}", f"/{day}.pdf")
    found = discover(config_of(index_source(room, "/day/0", depth=100, max_index_pages=5)))
    assert paths(found, room) == [f"/{day}.pdf" for day in range(5)]
    assert "more than 5 index pages" in found.problems[0].reason


def test_only_matching_pages_are_followed_and_other_hosts_are_left_alone(room: Room) -> None:
    room.index("/", "/archive/1", "/login", f"http://localhost:{room.server_port}/archive/2")
    room.index("/archive/1", "a.pdf")
    room.index("/login", "secret.pdf")
    assert paths(discover(config_of(index_source(room, depth=1, follow="/archive/"))), room) == ["/archive/a.pdf"]
    assert not room.asked("/login")
    assert not room.asked("/archive/2")


def test_what_was_followed_and_is_no_page_is_passed_over(room: Room) -> None:
    room.index("/", "/data.zip", "/a.pdf")
    room.publish("/data.zip", b"PK", "application/zip")
    found = discover(config_of(index_source(room, depth=1)))
    assert paths(found, room) == ["/a.pdf"]
    assert not found.problems


def test_a_source_that_cannot_be_read_does_not_stop_the_others(room: Room, tmp_path: Path) -> None:
    room.index("/good/", "a.pdf")
    missing = {"name": "folder", "kind": "folder", "path": str(tmp_path / "absent")}
    gone = index_source(room, "/gone/") | {"name": "gone"}
    found = discover(config_of(missing, gone, index_source(room, "/good/")))
    assert paths(found, room) == ["/good/a.pdf"]
    assert [(problem.source, problem.reason[:24]) for problem in found.problems] == [
        ("folder", "there is no such folder:"),
        ("gone", "the server answered 404 "),
    ]


def test_an_address_in_two_sources_belongs_to_the_first(room: Room) -> None:
    room.index("/", "a.pdf", "b.pdf")
    first, second = url_source(room, "/b.pdf", name="first"), index_source(room, name="second")
    found = discover(config_of(first, second))
    assert [(link.source, link.url.rpartition("/")[2]) for link in found.links] == [("first", "b.pdf"), ("second", "a.pdf")]


def test_a_folder_gives_its_pdfs_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b.PDF", "a.pdf", "notes.txt", "deep/c d.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"%PDF-")
    (tmp_path / "folder.pdf").mkdir()
    source = {"name": "folder", "kind": "folder", "path": str(tmp_path)}
    assert [link.url.rpartition("/")[2] for link in discover(config_of(source)).links] == ["a.pdf", "b.PDF", "c%20d.pdf"]
    assert len(discover(config_of(source | {"recursive": False})).links) == 2
