"""``python -m benchmarks.service``: the service under load, while its version changes, and with clients that stall.

The starter, under two version names, in a real service on loopback; the clients are threads of this process, one page of text
(1275 x 1650, PNG) per request. Takes about five minutes; needs a machine with nothing beside it.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.serving import image_files
from benchmarks.versions import golden_of, starter_version
from redaction.detection.artifact import Detector
from redaction.workspace import Workspace
from serving.local import control
from serving.local.address import free_port
from serving.local.golden import GoldenPage
from serving.release.release import deploy, rollback

CLIENTS = 8
STALLED = 20
CALM_S = 3.0
"""Time of load before and after a change."""


@dataclass(frozen=True)
class Request:
    """One request: when it was sent and answered (seconds), and what came back."""

    sent: float
    answered: float
    outcome: str
    """The status, or the name of the error."""


class Load:
    """Clients that send the page again and again, each on a connection of its own that it keeps."""

    def __init__(self, url: str, page: bytes, clients: int) -> None:
        self.requests: list[Request] = []
        self._url, self._page = url, page
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        with httpx.Client(timeout=90, trust_env=False) as client:
            while not self._ended.is_set():
                sent = time.monotonic()
                try:
                    outcome = str(client.post(f"{self._url}/detect", files={"page": self._page}).status_code)
                except httpx.HTTPError as error:
                    outcome = type(error).__name__
                self.requests.append(Request(sent, time.monotonic(), outcome))
                if outcome == "429":
                    time.sleep(0.2)  # less than the service asks for


def changes(workspace: Workspace, page: bytes, versions: list[tuple[Detector, tuple[GoldenPage, ...]]]) -> Table:
    """Deploy, roll back and kill the worker, each under load."""
    (first, _), (second, golden) = versions
    table = Table("under 8 clients", "s", "answered", "failed", "longest gap s", "slowest s", title="Changing the version")

    def kill_worker() -> None:
        state = control.service_folder(workspace).read_state()
        process = state.service.process() if state and state.service else None
        if process is None:
            raise RuntimeError("the service has no worker")
        process.kill()
        time.sleep(0.5)
        while not control.status(workspace).ready:
            time.sleep(0.1)

    actions: dict[str, Callable[[], object]] = {
        "nothing": lambda: time.sleep(5),
        "deployment": lambda: deploy(workspace, second.folder, second.version, golden),
        "rollback": lambda: rollback(workspace, first.version),
        "worker killed": kill_worker,
    }
    for name, act in actions.items():
        with Load(str(control.status(workspace).url), page, CLIENTS) as load:
            time.sleep(CALM_S)
            started = time.monotonic()
            act()
            seconds = time.monotonic() - started
            time.sleep(CALM_S)
        answered = sorted(each.answered for each in load.requests if each.outcome == "200")
        failed = Counter(each.outcome for each in load.requests if each.outcome != "200")
        slowest = max(each.answered - each.sent for each in load.requests)
        table.add_row(
            name, f"{seconds:.1f}", str(len(answered)), _counts(failed), f"{np.diff(answered).max():.2f}", f"{slowest:.1f}"
        )
    return table


def crowds(workspace: Workspace, page: bytes, seconds: float) -> Table:
    """Latency and refusals by the number of clients."""
    table = Table("clients", "answers/s", "p50 ms", "p95 ms", "p99 ms", "refused (429)", "failed", title="Crowds")
    for clients in (1, 8, 32, 100):
        with Load(str(control.status(workspace).url), page, clients) as load:
            time.sleep(seconds)
        times = np.array([1000 * (each.answered - each.sent) for each in load.requests if each.outcome == "200"])
        outcomes = Counter(each.outcome for each in load.requests)
        refused = outcomes.pop("429", 0)
        outcomes.pop("200")
        percentiles = [f"{np.percentile(times, share):.0f}" for share in (50, 95, 99)]
        table.add_row(str(clients), f"{len(times) / seconds:.1f}", *percentiles, str(refused), _counts(outcomes))
    return table


def stalls(workspace: Workspace, page: bytes) -> Table:
    """Ordinary requests, alone and beside uploads that stopped half-way."""
    table = Table("one client", "p50 ms", "slowest ms", "failed", title="Stalled uploads")
    url = str(control.status(workspace).url)
    for name, count in (("alone", 0), (f"beside {STALLED} stalled uploads", STALLED)):
        with _stalled_uploads(httpx.URL(url), page, count), Load(url, page, 1) as load:
            time.sleep(8)
        times = [1000 * (each.answered - each.sent) for each in load.requests]
        failed = Counter(each.outcome for each in load.requests if each.outcome != "200")
        table.add_row(name, f"{np.median(times):.0f}", f"{max(times):.0f}", _counts(failed))
    return table


def memory(workspace: Workspace, page: bytes, requests: int) -> Table:
    """Memory of all processes of the service, before and after many requests."""
    table = Table("memory", "MB", title="Memory")
    table.add_row("before", f"{_memory_mb(workspace):.0f}")
    with Load(str(control.status(workspace).url), page, CLIENTS) as load:
        while len(load.requests) < requests:
            time.sleep(0.5)
    time.sleep(2)
    table.add_row(f"after {requests:,} requests", f"{_memory_mb(workspace):.0f}")
    return table


@contextmanager
def _stalled_uploads(url: httpx.URL, page: bytes, count: int) -> Iterator[None]:
    head = f"POST /detect HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: image/png\r\nContent-Length: {len(page)}\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((url.host, url.port or 80), timeout=10))
            connection.sendall(head.encode() + page[: len(page) // 2])
        yield


def _memory_mb(workspace: Workspace) -> float:
    supervisor = psutil.Process(control.status(workspace).pid)
    return sum(process.memory_info().rss for process in (supervisor, *supervisor.children(recursive=True))) / 1e6


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.items()) or "0"


def main() -> None:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="length of each crowd")
    parser.add_argument("--requests", type=int, default=3000, help="requests of the memory test")
    options = parser.parse_args()
    page = next(iter(image_files().values()))
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "page.png").write_bytes(page)
        detectors = [starter_version(root, number) for number in (1, 2)]
        versions = [(detector, golden_of(detector, [root / "page.png"])) for detector in detectors]
        workspace = Workspace.at(root / "workspace")
        detector, golden = versions[0]
        deploy(workspace, detector.folder, detector.version, golden, port=free_port())
        try:
            console.print(changes(workspace, page, versions))
            console.print(crowds(workspace, page, options.seconds))
            console.print(stalls(workspace, page))
            console.print(memory(workspace, page, options.requests))
        finally:
            control.stop(workspace)


if __name__ == "__main__":
    main()
