"""``python -m benchmarks.outside_requests WORKSPACE``: requests to other hosts from every page that we write or serve.

Opens, in headless Chromium, the newest page of each kind in a workspace and among ZenML's artifacts, an evaluation, the sample
reading room, the service's page, and ZenML's dashboard. `make demo` leaves a workspace that has them all. What does not go to the
page's own address goes to a proxy that counts and refuses it.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from zenml.client import Client

from benchmarks.browser import Browser, chromium, open_browser
from redaction.samples import make_reading_room, serve_reading_room
from redaction.workspace import Workspace
from serving.local import control
from serving.local.address import free_port
from stacks.local.dashboard import close_dashboard, open_dashboard

WRITTEN = {
    "page of a run": "state/runs/*.html",
    "validation report": "state/reports/validation/*.html",
    "monitoring: summary": "state/reports/monitoring/*/summary.html",
    "monitoring: Evidently's report": "state/reports/monitoring/*/evidently.html",
}
"""Kinds of pages in a workspace."""

CALLS_OUT = '<img src="https://elsewhere.example/picture.png">'


def written_pages(workspace: Workspace, artifacts: Path) -> Iterator[tuple[str, str]]:
    """What each page is and its URL: the newest of every kind in a workspace and in a local artifact store."""
    for kind, pattern in WRITTEN.items():
        yield from _newest(kind, workspace.root.glob(pattern))
    for folder in sorted(artifacts.glob("*/*")):
        yield from _newest(f"artifact {folder.name}", folder.rglob("*.html"))


def dashboard_pages(runs: str) -> Iterator[tuple[str, str]]:
    """The same for ZenML's dashboard.

    Args:
        runs: the URL of the list of runs.
    """
    server = f"http://{urlsplit(runs).netloc}"
    yield "dashboard: runs", runs
    yield "dashboard: a run", f"{runs}/{Client().list_pipeline_runs(size=1, sort_by='desc:created').items[0].id}"
    for name in ("pipelines", "artifacts", "models"):
        yield f"dashboard: {name}", runs.removesuffix("runs") + name
    for path in ("/", "/stacks", "/components", "/settings/general"):
        yield f"dashboard: {path}", server + path


def outside_requests(browser: Browser, url: str) -> list[str]:
    """Open a page, and return what it asks of other hosts.

    Raises:
        RuntimeError: the page cannot be opened, or shows nothing: nothing would be learned.
    """
    with browser.page(url) as page:
        if not page.evaluate("document.body.innerText.trim() || document.images.length"):
            raise RuntimeError(f"{url} is empty.")
        return page.outside_requests


def _newest(kind: str, files: Iterator[Path]) -> Iterator[tuple[str, str]]:
    if newest := max(files, key=lambda file: file.stat().st_mtime, default=None):
        yield kind, newest.resolve().as_uri()


@contextmanager
def sample_pages(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """The same for a generated reading room, served while the context lasts, and an evaluation of the starter on its pages."""
    room = make_reading_room(folder / "room", seed=1, documents=2)
    command = [sys.executable, "-m", "redaction.cli", "evaluate", "--coco", str(room.annotations)]
    command += ["--pdfs", str(room.site / "documents"), "--detector", "starter", "--against", "rules", "--output", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    with serve_reading_room(room.folder) as server:
        pages = [(f"sample reading room: {name}", f"{server.url}{name}") for name in ("index.html", "archive/index.html")]
        yield [("evaluation", (folder / "evaluation.html").resolve().as_uri()), *pages]


@contextmanager
def _all_pages(workspace: Workspace) -> Iterator[list[tuple[str, str]]]:
    runs = open_dashboard(free_port())
    try:
        with tempfile.TemporaryDirectory() as folder, sample_pages(Path(folder)) as samples:
            calls_out = Path(folder, "control.html")
            calls_out.write_text(CALLS_OUT, encoding="utf-8")
            yield [
                ("(control: a page with one picture of another host)", calls_out.as_uri()),
                *written_pages(workspace, Path(Client().active_stack.artifact_store.path)),
                *samples,
                ("the service's page", f"{control.status(workspace).url}/"),
                *dashboard_pages(runs),
            ]
    finally:
        close_dashboard()


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path, help="a workspace with runs, whose service is running")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # ZenML makes it log every request
    workspace = Workspace.at(parser.parse_args().workspace)
    executable = chromium()
    if executable is None:
        parser.error("there is no chromium on the PATH")
    if not control.status(workspace).running:
        parser.error(f"the service of {workspace.root} is not running; start it with 'redaction service start'")
    table = Table("page", "requests to other hosts")
    with open_browser(executable) as browser, _all_pages(workspace) as pages:
        for name, url in pages:
            requests = outside_requests(browser, url)
            table.add_row(name, ", ".join([str(len(requests)), *sorted({request.split()[1] for request in requests})]))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
