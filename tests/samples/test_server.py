"""The sample web server, over HTTP on the loopback interface."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from redaction.errors import RedactionError
from redaction.samples import ReadingRoom, Request, RoomServer, serve_reading_room


@pytest.fixture
def server(room: ReadingRoom) -> Iterator[RoomServer]:
    flaky = f"/documents/{room.documents[0]}"
    with serve_reading_room(room.folder, fail_first={flaky: 2}) as running:
        yield running


def test_the_content_type_follows_the_file_name(server: RoomServer, room: ReadingRoom) -> None:
    upper = next(name for name in room.documents if name.endswith(".PDF"))
    expected = {"": "text/html", "archive/": "text/html", "robots.txt": "text/plain", f"documents/{upper}": "application/pdf"}
    assert {path: httpx.get(server.url + path).headers["content-type"] for path in expected} == expected


@pytest.mark.parametrize(("header", "validator"), [("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")])
def test_an_unchanged_file_is_not_sent_again(server: RoomServer, header: str, validator: str) -> None:
    with httpx.Client(base_url=server.url) as client:
        first = client.get("mirror/copy.pdf")
        again = client.get("mirror/copy.pdf", headers={header: first.headers[validator]})
        stale = client.get("mirror/copy.pdf", headers={header: '"old"'})
    assert (first.status_code, again.status_code, stale.status_code) == (200, 304, 200)
    assert again.content == b""
    assert stale.content == first.content


def test_an_etag_takes_precedence_over_a_date(server: RoomServer) -> None:
    first = httpx.get(server.url + "mirror/copy.pdf")
    headers = {"If-None-Match": '"old"', "If-Modified-Since": first.headers["last-modified"]}
    assert httpx.get(server.url + "mirror/copy.pdf", headers=headers).status_code == 200


def test_a_head_request_has_no_body(server: RoomServer) -> None:
    answer = httpx.head(server.url + "mirror/copy.pdf")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 1000


def test_one_path_redirects_to_a_document(server: RoomServer) -> None:
    answer = httpx.get(server.url + "latest.pdf", follow_redirects=True)
    assert [step.status_code for step in (*answer.history, answer)] == [302, 200]
    assert answer.content.startswith(b"%PDF")


def test_a_flaky_path_works_on_the_third_request(server: RoomServer, room: ReadingRoom) -> None:
    statuses = [httpx.get(f"{server.url}documents/{room.documents[0]}").status_code for _ in range(4)]
    assert statuses == [503, 503, 200, 200]


@pytest.mark.parametrize(
    "path", ["nothing.pdf", "documents", "documents/", "redirects.json", "%2e%2e/annotations.json", "..%2fannotations.json"]
)
def test_only_the_site_is_served(server: RoomServer, path: str) -> None:
    assert httpx.get(server.url + path).status_code == 404


def test_a_query_string_names_the_same_file(server: RoomServer) -> None:
    assert httpx.get(server.url + "mirror/copy.pdf?download=1").content == httpx.get(server.url + "mirror/copy.pdf").content


def test_every_request_is_recorded(server: RoomServer) -> None:
    httpx.get(server.url + "robots.txt")
    httpx.get(server.url + "missing?x=1")
    assert server.requests == [Request("GET", "/robots.txt", 200), Request("GET", "/missing?x=1", 404)]


def test_a_taken_port_and_a_missing_room_are_refused(room: ReadingRoom, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RedactionError, match=f"port {port}"), serve_reading_room(room.folder, port):
            pass
    with pytest.raises(RedactionError, match="not a reading room"), serve_reading_room(tmp_path):
        pass


def test_the_port_is_released_afterwards(room: ReadingRoom) -> None:
    with serve_reading_room(room.folder) as first:
        port = int(first.url.rsplit(":", 1)[1].strip("/"))
    with serve_reading_room(room.folder, port) as second:
        assert httpx.get(second.url).status_code == 200


def test_a_client_that_disconnects_causes_no_traceback(room: ReadingRoom, capfd: pytest.CaptureFixture[str]) -> None:
    with serve_reading_room(room.folder) as server:
        address = urlsplit(server.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0))) as client:
            # a linger time of zero makes closing the socket send a reset
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"GET /index.html HTTP/1.1\r\n")
        assert httpx.get(f"{server.url}index.html").status_code == 200
    assert "Traceback" not in capfd.readouterr().err
