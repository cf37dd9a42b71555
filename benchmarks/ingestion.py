"""``python -m benchmarks.ingestion [PDFS]``: speed of ingestion.

Rendering is compared with bare pypdfium2, and re-checking many unchanged documents with bare httpx. Without a folder of PDFs,
generated ones are rendered.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pypdfium2 as pdfium
from fpdf import FPDF
from PIL import Image
from rich.console import Console
from rich.table import Table

from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, DocumentStatus, Link, LinkOutcome, Source
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.rendering.rendering import render
from redaction.documents.sources import SourcesConfig
from redaction.files import sha256_of_bytes, write_bytes
from redaction.values import Frozen
from redaction.workspace import Workspace

ETAG = '"unchanged"'


class RenderingSpeed(Frozen):
    """Pages per second and CPU time per page for the same documents; all measured in turn on one machine."""

    pages: int
    workers: int
    bare: float
    """pypdfium2 alone in one process: pages as arrays, nothing else."""
    bare_to_jpeg: float
    """The same, plus a JPEG file written by Pillow, as ``pypdfium2 render`` does."""
    ours: float
    """`redaction.documents.rendering.rendering.render`: image, digest, hash, features, fsync, catalog, process start."""
    bare_cpu_ms: float
    bare_to_jpeg_cpu_ms: float
    ours_cpu_ms: float
    """CPU time per page over all processes; other load on the machine affects it least."""


class RecheckCost(Frozen):
    """Seconds and memory of a re-check."""

    documents: int
    network_s: float
    """Bare httpx with the same number of threads: the same conditional requests, responses discarded."""
    total_s: float
    """Discovery and fetch of the unchanged documents."""
    peak_mib: float
    """Peak resident memory of the process that re-checks, without the server."""

    @property
    def overhead_s(self) -> float:
        """Time that is not spent on the network."""
        return self.total_s - self.network_s


def measure_rendering(folder: Path, workers: int, repeat: int = 3) -> RenderingSpeed:
    """Render the PDFs of a folder in each way, `repeat` times in turn; the best counts, because other load only slows down."""
    pdfs = sorted(folder.glob("*.pdf"))
    pages = sum(_page_count(pdf) for pdf in pdfs)
    methods: dict[str, Callable[[], float]] = {
        "bare": lambda: _render_bare(pdfs, write=False),
        "bare_to_jpeg": lambda: _render_bare(pdfs, write=True),
        "ours": lambda: _render_ours(folder, workers),
    }
    speeds = dict.fromkeys(methods, 0.0) | {f"{name}_cpu_ms": float("inf") for name in methods}
    for _ in range(repeat):
        for name, render_all in methods.items():
            before = _cpu_seconds()
            speeds[name] = max(speeds[name], pages / render_all())
            speeds[f"{name}_cpu_ms"] = min(speeds[f"{name}_cpu_ms"], (_cpu_seconds() - before) / pages * 1000)
    return RenderingSpeed.model_validate({"pages": pages, "workers": workers} | speeds)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure_recheck(documents: int, threads: int = 8) -> RecheckCost:
    """Re-check an index page with the given number of unchanged documents, on a server in a separate process."""
    server = subprocess.Popen(
        [sys.executable, "-c", "from benchmarks.ingestion import serve; serve()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdin is not None  # noqa: S101
    assert server.stdout is not None  # noqa: S101
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        with tempfile.TemporaryDirectory() as scratch:
            workspace = Workspace.at(scratch)
            _fill_catalog(workspace, url, documents)
            source = {
                "name": "room",
                "kind": "index",
                "urls": [f"{url}/index/{documents}"],
                "politeness": {"delay_seconds": 0, "concurrency": threads},
            }
            config = SourcesConfig.model_validate({"sources": [source]})
            started = time.perf_counter()
            summary = fetch(workspace, config, discover(config))
            total_s = time.perf_counter() - started
        if summary.sources[0].unchanged != documents:
            raise RuntimeError(f"not all documents were found unchanged: {summary.sources[0]}")
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return RecheckCost(
            documents=documents, network_s=_request_all(url, documents, threads), total_s=total_s, peak_mib=peak_mib
        )
    finally:
        server.kill()
        server.communicate()


def serve() -> None:
    """Run a loopback server whose documents never change; prints its port."""

    class Unchanged(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = (
            -1
        )  # one packet per response; unbuffered, each response would wait for the TCP acknowledgement of its first line

        def do_GET(self) -> None:
            if self.path.startswith("/index/"):
                links = "".join(f'<a href="/{number}.pdf">{number}</a>\n' for number in range(int(self.path.split("/")[2])))
                self._answer(200, links.encode(), "text/html")
            elif self.headers.get("If-None-Match") == ETAG:
                self._answer(304)
            else:
                self._answer(404)

        def _answer(self, status: int, body: bytes = b"", content_type: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("ETag", ETAG)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Do not log requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Unchanged) as server:
        print(server.server_port, flush=True)  # noqa: T201  # the parent process reads the port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()


def _page_count(pdf: Path) -> int:
    with pdfium.PdfDocument(pdf) as document:
        return len(document)


def _render_bare(pdfs: list[Path], *, write: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        for pdf in pdfs:
            with pdfium.PdfDocument(pdf) as document:
                for index, page in enumerate(document):
                    image = page.render(scale=min(150 / 72, 1275 / page.get_width()), rev_byteorder=True).to_numpy()
                    if write:
                        Image.fromarray(image).save(Path(folder) / f"{pdf.stem}_{index}.jpg")
                    page.close()
        return time.perf_counter() - started


def _render_ours(folder: Path, workers: int) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.at(scratch)
        source = {"name": "folder", "kind": "folder", "path": str(folder)}
        config = SourcesConfig.model_validate({"sources": [source], "rendering": {"workers": workers}})
        fetch(workspace, config, discover(config))
        return render(workspace, config).seconds


def _fill_catalog(workspace: Workspace, url: str, documents: int) -> None:
    """Fill the workspace as an earlier run would, with empty files."""
    names = [sha256_of_bytes(str(number).encode()) for number in range(documents)]
    workspace.documents.mkdir(parents=True)
    for name in names:
        (workspace.documents / f"{name}.pdf").touch()
    rendered, fetched = DocumentStatus.RENDERED, LinkOutcome.FETCHED
    with open_catalog(workspace).transaction() as session:
        session.add(Source(name="room", kind="index", location=url))
        session.flush()
        session.add_all(
            Document(sha256=name, file_name=f"{number}.pdf", source="room", size_bytes=0, status=rendered)
            for number, name in enumerate(names)
        )
        session.flush()
        session.add_all(
            Link(url=f"{url}/{number}.pdf", source="room", etag=ETAG, outcome=fetched, document=name)
            for number, name in enumerate(names)
        )


def _request_all(url: str, documents: int, threads: int) -> float:
    limits = httpx.Limits(max_connections=threads, max_keepalive_connections=threads)
    started = time.perf_counter()
    with httpx.Client(limits=limits) as client, ThreadPoolExecutor(threads) as pool:

        def request(number: int) -> None:
            with client.stream("GET", f"{url}/{number}.pdf", headers={"If-None-Match": ETAG}) as response:
                response.read()

        for _ in pool.map(request, range(documents)):
            continue
    return time.perf_counter() - started


def _copies(pdfs: Path, times: int, folder: Path) -> None:
    """Copy each PDF several times, with a comment appended so that the digests differ; few pages would not keep workers busy."""
    for pdf in pdfs.glob("*.pdf"):
        for copy in range(times):
            write_bytes(folder / f"{pdf.stem}-{copy}.pdf", pdf.read_bytes() + f"\n% copy {copy}\n".encode())


def make_pdfs(folder: Path) -> Path:
    """Write 40 text documents of four pages each into a folder."""
    for number in range(40):
        document = FPDF(unit="pt", format=(612, 792))
        document.set_font("helvetica", size=11)
        for _ in range(4):
            document.add_page()
            for line in range(50):
                document.text(72, 60 + line * 13, f"Document {number}, line {line}: the quick brown fox jumps over the lazy dog.")
        write_bytes(folder / f"{number:02d}.pdf", bytes(document.output()))
    return folder


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pdfs", nargs="?", type=Path, help="folder of PDFs to render")
    parser.add_argument("--copies", type=int, default=4, help="how many copies of each PDF to render")
    parser.add_argument("--documents", type=int, default=10_000, help="number of documents to re-check")
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    recheck = measure_recheck(arguments.documents)
    with tempfile.TemporaryDirectory() as made:
        if arguments.pdfs is None:
            make_pdfs(Path(made))
        else:
            _copies(arguments.pdfs, arguments.copies, Path(made))
        rendering = measure_rendering(Path(made), cores)
    table = Table("what", "measured", "goal", title=f"Ingestion on {cores} cores")
    for what, rate, cpu in (
        (f"pypdfium2 alone, one process ({rendering.pages} pages)", rendering.bare, rendering.bare_cpu_ms),
        ("pypdfium2 and Pillow's JPEG, one process", rendering.bare_to_jpeg, rendering.bare_to_jpeg_cpu_ms),
        (f"render(), {rendering.workers} workers", rendering.ours, rendering.ours_cpu_ms),
    ):
        table.add_row(what, f"{rate:.1f} pages/s ({cpu:.1f} ms of CPU time per page)", "")
    table.add_row("render() relative to pypdfium2 alone", f"{rendering.ours / rendering.bare:.2f} x", f"{0.9 * cores:.2f} x")
    table.add_row("render() relative to pypdfium2 and JPEG", f"{rendering.ours / rendering.bare_to_jpeg:.2f} x", "")
    table.add_row(f"re-check of {recheck.documents} unchanged documents", f"{recheck.total_s:.1f} s", "")
    table.add_row("  of that, bare httpx", f"{recheck.network_s:.1f} s", "")
    table.add_row("  of that, our own work", f"{recheck.overhead_s:.1f} s", "5 s")
    table.add_row("peak memory", f"{recheck.peak_mib:.0f} MiB", "")
    Console().print(table)


if __name__ == "__main__":
    main()
