"""A web server for the sample reading room, with conditional requests, a redirect, and failures on demand."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from redaction.errors import RedactionError


@dataclass(frozen=True)
class Request:
    """One answered request."""

    method: str
    path: str
    """Including the query string."""
    status: int


@dataclass
class RoomServer:
    """A running server: its address, and the requests answered so far, in order."""

    url: str
    """Ends with a slash."""
    requests: list[Request] = field(default_factory=list)


@contextmanager
def serve_reading_room(folder: Path, port: int = 0, fail_first: Mapping[str, int] | None = None) -> Iterator[RoomServer]:
    """Serve a reading room on the loopback interface until the context exits.

    Args:
        folder: a folder made by `make_reading_room`.
        port: 0 picks a free port.
        fail_first: how often each path answers 503 before it works, such as ``{"/documents/memo-0004.pdf": 2}``.

    Raises:
        RedactionError: the folder is not a reading room, or the port is taken.
    """
    site = folder / "site"
    if not (site / "redirects.json").is_file():
        raise RedactionError(f"{folder} is not a reading room; make one with `redaction samples make {folder}`.")
    room = _Room(site, json.loads((site / "redirects.json").read_text(encoding="utf-8")), dict(fail_first or {}))
    try:
        server = _Server(("127.0.0.1", port), partial(_Handler, room))
    except OSError as error:
        raise RedactionError(f"Cannot listen on port {port} ({error.strerror}); stop what uses it or choose another.") from error
    public = RoomServer(f"http://127.0.0.1:{server.server_address[1]}/", room.requests)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="reading room", daemon=True)
    thread.start()
    try:
        yield public
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class _Room:
    site: Path
    redirects: dict[str, str]
    failures_left: dict[str, int]
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fails(self, path: str) -> bool:
        with self.lock:
            left = self.failures_left.get(path, 0)
            self.failures_left[path] = max(0, left - 1)
            return left > 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Print no traceback when a client disconnects early, as our downloader does when a file is not a PDF."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(SimpleHTTPRequestHandler):
    """Serves files with ETag and Last-Modified, answers conditional requests with 304, and lists no folders."""

    protocol_version = "HTTP/1.1"
    server_version = "ReadingRoom/1"
    sys_version = ""

    def __init__(self, room: _Room, *args: object) -> None:
        self.room = room
        super().__init__(*args, directory=str(room.site))  # type: ignore[arg-type]  # the socket server hands these over

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        path = urlsplit(self.path).path
        if self.room.fails(path):
            return self._short(HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "0"})
        if path in self.room.redirects:
            return self._short(HTTPStatus.FOUND, {"Location": self.room.redirects[path]})
        file = Path(self.translate_path(self.path))
        if file.is_dir():
            file = file / "index.html"
        if not file.is_file() or file.name == "redirects.json":
            return self._short(HTTPStatus.NOT_FOUND, {})
        return self._file(file)

    def _file(self, file: Path) -> io.BytesIO | None:
        data = file.read_bytes()
        validators = {
            "ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"',
            "Last-Modified": formatdate(int(file.stat().st_mtime), usegmt=True),
        }
        asked = self.headers.get("If-None-Match")
        if (asked == validators["ETag"]) if asked else (self.headers.get("If-Modified-Since") == validators["Last-Modified"]):
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self._headers(validators)
            return None
        self.send_response(HTTPStatus.OK)
        self._headers({"Content-Type": self.guess_type(file), "Content-Length": str(len(data)), **validators})
        return io.BytesIO(data)

    def _short(self, status: HTTPStatus, headers: dict[str, str]) -> io.BytesIO:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self._headers({"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), **headers})
        return io.BytesIO(body)

    def _headers(self, headers: dict[str, str]) -> None:
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        with self.room.lock:
            self.room.requests.append(Request(self.command, self.path, int(code)))

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing to the terminal: every request is in `RoomServer.requests`."""
