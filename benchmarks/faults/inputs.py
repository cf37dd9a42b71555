"""Hostile documents, hostile servers and damaged images: everything that is not at fault must still be answered."""

from __future__ import annotations

import io
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from sqlmodel import select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, DocumentStatus
from redaction.documents.ingestion import ingest
from redaction.documents.sources import FolderSource, IndexSource, Politeness, SourcesConfig
from redaction.errors import RedactionError
from redaction.pages.image import page_from_bytes
from redaction.samples import make_reading_room
from redaction.workspace import Workspace

CHUNK = 500
"""Images per task of a worker process."""


@dataclass
class Inputs:
    """What became of many inputs."""

    kind: str
    count: int
    outcomes: Counter[str] = field(default_factory=Counter)
    escaped: Counter[str] = field(default_factory=Counter)
    """Errors that are not one sentence about the input."""
    seconds: float = 0.0


def hostile_pdfs(count: int, seed: int = 0) -> Inputs:
    """Ingest a folder of mutated PDFs and one intact PDF; every document must end as rendered or in quarantine."""
    result, rng = Inputs("hostile PDFs", count), random.Random(seed)  # noqa: S311 - reproducible, not secret
    with tempfile.TemporaryDirectory(prefix="redaction-faults-") as name:
        room = make_reading_room(Path(name) / "room", documents=12)
        originals = [path.read_bytes() for path in sorted((room.folder / "site" / "documents").glob("*.pdf"))]
        originals = [data for data in originals if data.startswith(b"%PDF") and len(data) > 1000]
        folder = Path(name) / "documents"
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:05d}.pdf").write_bytes(mutated(rng.choice(originals), rng))
        workspace = Workspace.at(Path(name) / "workspace")
        config = SourcesConfig(sources=(FolderSource(kind="folder", name="hostile", path=folder),))
        started = time.monotonic()
        try:
            ingest(workspace, config)
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is measured
            result.escaped[type(error).__name__] += 1
        result.seconds = time.monotonic() - started
        with open_catalog(workspace).snapshot() as session:
            result.outcomes.update(row.status.value for row in session.exec(select(Document)))
        if waiting := result.outcomes.get(DocumentStatus.FETCHED.value, 0):
            result.escaped["neither rendered nor in quarantine"] = waiting
    return result


def hostile_servers(count: int, seed: int = 0) -> Inputs:
    """Ingest from a server that answers in `count` broken ways; the intact document beside them must arrive."""
    result = Inputs("hostile answers of a server", count)
    with tempfile.TemporaryDirectory(prefix="redaction-faults-") as name, _hostile_server(count, seed) as url:
        workspace = Workspace.at(Path(name) / "workspace")
        polite = Politeness(
            delay_seconds=0, concurrency=8, attempts=2, backoff_seconds=0.01, timeout_seconds=2, longest_wait_seconds=1
        )
        source = IndexSource(kind="index", name="hostile", urls=(f"{url}/",), politeness=polite)
        started = time.monotonic()
        for _ in range(2):  # what the first run stored must not end the second
            try:
                summary = ingest(workspace, SourcesConfig(sources=(source,)))
            except Exception as error:  # noqa: BLE001 - whatever escapes is what is measured
                result.escaped[type(error).__name__] += 1
            else:
                result.outcomes.update(
                    {
                        key: value
                        for key, value in summary.sources[0].model_dump(exclude={"source"}).items()
                        if isinstance(value, int)
                    }
                )
        result.seconds = time.monotonic() - started
        with open_catalog(workspace).snapshot() as session:
            if not any(row.file_name.startswith("intact") for row in session.exec(select(Document))):
                result.escaped["the intact document is missing"] += 1
    return result


def damaged_images(count: int, workers: int, seed: int = 0) -> Inputs:
    """Decode mutated images of every kind; each must be a page or a `RedactionError`."""
    result = Inputs("damaged images", count)
    chunks = [(seed + number, min(CHUNK, count - number * CHUNK)) for number in range((count + CHUNK - 1) // CHUNK)]
    started = time.monotonic()
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for outcomes, escaped in pool.map(_decode_mutations, chunks):
            result.outcomes.update(outcomes)
            result.escaped.update(escaped)
    result.seconds = time.monotonic() - started
    return result


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Bytes with one to twenty changes: flipped, deleted, repeated or overwritten pieces, or a missing end."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        at, length = rng.randrange(len(changed)), rng.randint(1, 16)
        match rng.randrange(6):
            case 0 | 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                changed[at : at + length] = rng.randbytes(length)
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case _ if rng.random() < 0.1:
                del changed[at:]
        if not changed:
            return b"\0"
    return bytes(changed)


def _decode_mutations(task: tuple[int, int]) -> tuple[Counter[str], Counter[str]]:
    seed, count = task
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    outcomes, escaped = Counter[str](), Counter[str]()
    originals = image_files()
    for _ in range(count):
        try:
            page_from_bytes(mutated(rng.choice(originals), rng))
            outcomes["decoded"] += 1
        except RedactionError:
            outcomes["refused"] += 1
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is measured
            escaped[type(error).__name__] += 1
    return outcomes, escaped


def image_files() -> list[bytes]:
    """Small images in every format and mode that a page may come in."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    image, files = Image.fromarray(pixels), []
    options: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("PNG", "RGB", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
        ("PNG", "RGBA", {}),
        ("JPEG", "RGB", {}),
        ("JPEG", "L", {"progressive": True}),
        ("JPEG", "CMYK", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "L", {"compression": "jpeg"}),
        ("TIFF", "F", {}),
        ("WEBP", "RGB", {}),
        ("GIF", "P", {}),
        ("MPO", "RGB", {"save_all": True, "append_images": [image]}),
    )
    for image_format, mode, more in options:
        buffer = io.BytesIO()
        image.convert(mode).save(buffer, image_format, **more)
        files.append(buffer.getvalue())
    return files


@contextmanager
def _hostile_server(count: int, seed: int) -> Iterator[str]:
    intact = make_intact_pdf()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            rng = random.Random(f"{seed} {self.path}")  # noqa: S311 - reproducible, not secret
            try:
                if self.path == "/":
                    links = "".join(f"<a href='{hostile_link(number, rng)}'>x</a>" for number in range(count))
                    self._answer(200, {"Content-Type": "text/html"}, f"<a href=/intact.pdf>x</a>{links}<![n00b".encode())
                elif self.path == "/intact.pdf":
                    self._answer(200, {"Content-Type": "application/pdf"}, intact)
                elif self.path.startswith("/robots"):
                    self._answer(404, {}, b"")
                else:
                    self._hostile(rng)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _hostile(self, rng: random.Random) -> None:
            headers = {
                "ETag": rng.choice(['"ok"', '"\xe9\xff"', "", '"' + "x" * 5000 + '"']),
                "Last-Modified": rng.choice(["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "\xb2"]),
                "Content-Type": rng.choice(["application/pdf", "text/html", "\xff/\xfe", ""]),
                "Retry-After": rng.choice(["\xb2", "-1", "86400", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT"]),
                "Content-Disposition": rng.choice(
                    ['attachment; filename="../../x.pdf"', "filename*=x''%ff", "=?utf-8?q?x?=", ""]
                ),
                "Location": rng.choice(
                    ["http://a..b/x.pdf", f"http://{'a' * 70}.example/x.pdf", "//[::1", "javascript:1", "/loop"]
                ),
            }
            chosen = {key: value for key, value in headers.items() if rng.random() < 0.6}
            status = rng.choice([200, 200, 204, 301, 302, 304, 308, 404, 429, 500, 503])
            self._answer(status, chosen, rng.choice([b"", intact, mutated(intact, rng), b"<html>maintenance</html>"]))

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status not in (204, 304):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Stay silent about clients that hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def hostile_link(number: int, rng: random.Random) -> str:
    """A link to a document, often one that cannot be an address."""
    return rng.choice(
        [
            f"/{number}.pdf",
            f"/{number}.pdf?a=\u00b2",
            f"http://a..b/{number}.pdf",
            f"http://{'x' * 70}.example/{number}.pdf",
            f"http://127.0.0.1:99999/{number}.pdf",
            f"http://[::1/{number}.pdf",
            f"\t/{number}\n.pdf%20",
            f"\\\\{number}.pdf",
        ]
    )


def make_intact_pdf() -> bytes:
    """A PDF of one small page."""
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100), "white").save(buffer, "PDF")
    return buffer.getvalue()
