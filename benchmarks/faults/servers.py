"""A web server whose answers are broken in many ways, with one intact document."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ODD_HEADERS = {
    "ETag": ['"ok"', '"\xe9\xff"', "", '"' + "x" * 5000 + '"'],
    "Last-Modified": ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "\xb2"],
    "Content-Type": ["application/pdf", "text/html", "\xff/\xfe", "application/gzip", ""],
    "Retry-After": ["\xb2", "-1", "86400", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT"],
    "Content-Disposition": ['attachment; filename="../../x.pdf"', "filename*=x''%ff", "=?utf-8?q?x?=", ""],
    "Location": ["http://a..b/x.pdf", f"http://{'a' * 70}.example/x.pdf", "//[::1", "javascript:1", "/loop"],
}
STATUSES = [200, 200, 204, 301, 302, 304, 308, 404, 429, 500, 503]
ODD_LINKS = [
    "/{number}.pdf",
    "/{number}.pdf?a=\u00b2",
    "http://a..b/{number}.pdf",
    f"http://{'x' * 70}.example/{{number}}.pdf",
    "http://127.0.0.1:99999/{number}.pdf",
    "http://[::1/{number}.pdf",
    "\t/{number}\n.pdf%20",
    "\\\\{number}.pdf",
]
"""Of a document; often what cannot be an address."""
ODD_PAGES = [b"", b"<html>maintenance</html>", b"<meta http-equiv=refresh content='0; url=http://[::1'>"]


class _Server(ThreadingHTTPServer):
    def __init__(self, count: int, seed: int, intact: bytes, mutated: Callable[[bytes, random.Random], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.count, self.seed, self.intact, self.mutated = count, seed, intact, mutated

    def handle_error(self, *_: object) -> None:
        """Stay silent about clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        rng = random.Random(f"{self.server.seed} {self.path}")  # noqa: S311 - reproducible, not secret
        try:
            if self.path == "/":
                self._answer(200, {"Content-Type": "text/html"}, self._index(rng))
            elif self.path == "/intact.pdf":
                self._answer(200, {"Content-Type": "application/pdf"}, self.server.intact)
            elif self.path.startswith("/robots"):
                self._answer(404, {}, b"")
            else:
                self._hostile(rng)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _index(self, rng: random.Random) -> bytes:
        links = (rng.choice(ODD_LINKS).format(number=number) for number in range(self.server.count))
        return f"<a href=/intact.pdf>x</a>{''.join(f'<a href={chr(39)}{link}{chr(39)}>x</a>' for link in links)}<![n00b".encode()

    def _hostile(self, rng: random.Random) -> None:
        headers = {name: rng.choice(values) for name, values in ODD_HEADERS.items() if rng.random() < 0.6}
        intact = self.server.intact
        self._answer(rng.choice(STATUSES), headers, rng.choice([*ODD_PAGES, intact, self.server.mutated(intact, rng)]))

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def hostile_server(count: int, seed: int, intact: bytes, mutated: Callable[[bytes, random.Random], bytes]) -> Iterator[str]:
    """Serve an index page with `count` links until the block ends, and yield its address.

    Args:
        count: number of links beside the intact one.
        seed: the answers follow from it.
        intact: the document at ``/intact.pdf``.
        mutated: damages it for the other answers.
    """
    server = _Server(count, seed, intact, mutated)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
