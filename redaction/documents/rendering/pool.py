"""Renderer processes and the clock over them: a page that takes too long or brings its process down is given up, not the rest.

A page that brought a process down gets one more attempt in a fresh one, since a machine short of memory kills innocents, too.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import redaction
from redaction.documents.rendering.worker import MESSAGES, Broken, Done, FailedPage, Job, Opened, Ready, Refused, RenderedPage
from redaction.errors import RedactionError

START_SECONDS = 120.0
ATTEMPTS = 2
MOST_GIVEN_UP = 3
"""So many pages of one document given up, and the rest of it is not tried: each may cost the whole time limit."""
ERROR_TAIL = 500
RENDERER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # A page is a handful of 6 MB arrays. Left to itself glibc maps each one again, and clearing those pages in the kernel costs a
    # quarter of the time (measured: 50 against 38 ms of processor a page). So arrays up to 32 MB, glibc's maximum, are reused.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(512 * 1024 * 1024),
}

Event = tuple[str, Opened | Refused | RenderedPage | FailedPage | Done]
"""The document's key, and what happened to it. The last event of a piece of work is `Done` or `Refused`."""


@dataclass
class _Work:
    """A stretch of one document's pages, and how far it has come."""

    key: str
    job: Job
    attempts: int = 0
    """How often the page at the front has brought a process down."""
    stop: int | None = None
    """The first page that is not to be rendered, once the document was opened."""


@dataclass
class _Worker:
    """One renderer process, and what it is busy with."""

    process: subprocess.Popen[bytes]
    jobs: IO[bytes]
    answers: IO[bytes]
    errors: IO[bytes]
    deadline: float
    ready: bool = False
    work: _Work | None = None
    unread: bytes = b""


class RenderPool:
    """Runs renderers side by side. Use it as a context: leaving it kills them.

    Args:
        workers: how many at once; they are started when there is work.
        page_seconds: time for one page, or for opening a document.
        page_megabytes: see `redaction.documents.rendering.worker.serve`.
    """

    def __init__(self, workers: int, page_seconds: float, page_megabytes: int) -> None:
        self._wanted = workers
        self._page_seconds = page_seconds
        self._page_megabytes = page_megabytes
        self._queue: deque[_Work] = deque()
        self._workers: list[_Worker] = []
        self._given_up: Counter[str] = Counter()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._remove(worker)
        self._selector.close()

    def add(self, key: str, job: Job, *, first: bool = False) -> None:
        """Queue pages of a document, at the front of the queue or at its end."""
        if first:
            self._queue.appendleft(_Work(key, job))
        else:
            self._queue.append(_Work(key, job))

    def events(self) -> Iterator[Event]:
        """What happens, as it happens, until nothing is left to do. More work may be added meanwhile.

        Raises:
            RedactionError: renderers cannot start, or cannot write.
        """
        while self._queue or any(worker.work for worker in self._workers):
            self._employ()
            nearest = min(worker.deadline for worker in self._workers)
            timeout = None if nearest == float("inf") else max(0.0, nearest - time.monotonic())
            for key, _ in self._selector.select(timeout):
                yield from self._listen(key.data)
            for worker in [worker for worker in self._workers if time.monotonic() > worker.deadline]:
                yield from self._lose(worker, f"took longer than {self._page_seconds:g} s", attempts=1)

    def _employ(self) -> None:
        free = [worker for worker in self._workers if worker.work is None]
        for worker in free:
            if worker.ready and self._queue:
                self._give(worker, self._queue.popleft())
        starting = sum(worker.work is None for worker in self._workers)
        for _ in range(min(self._wanted - len(self._workers), len(self._queue) - starting)):
            self._start()

    def _start(self) -> None:
        root = str(Path(redaction.__file__).parent.parent)
        environment = os.environ | RENDERER_ENVIRONMENT
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        process = subprocess.Popen(
            [sys.executable, "-m", "redaction.documents.rendering.worker", str(self._page_megabytes), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        worker = _Worker(process, process.stdin, process.stdout, errors, time.monotonic() + START_SECONDS)
        self._workers.append(worker)
        self._selector.register(worker.answers, selectors.EVENT_READ, worker)

    def _give(self, worker: _Worker, work: _Work) -> None:
        worker.work = work
        worker.deadline = time.monotonic() + self._page_seconds
        try:
            worker.jobs.write(work.job.model_dump_json().encode() + b"\n")
            worker.jobs.flush()
        except BrokenPipeError:
            # It died while idle; that its answers have ended will be noticed in a moment, and the work given to another.
            return

    def _listen(self, worker: _Worker) -> Iterator[Event]:
        data = os.read(worker.answers.fileno(), 1 << 16)
        if not data:
            yield from self._lose(worker, _obituary(worker.process.wait()), attempts=ATTEMPTS)
            return
        *lines, worker.unread = (worker.unread + data).split(b"\n")
        for line in lines:
            yield from self._hear(worker, line)

    def _hear(self, worker: _Worker, line: bytes) -> Iterator[Event]:
        message = MESSAGES.validate_json(line)
        worker.deadline = time.monotonic() + self._page_seconds
        if isinstance(message, Broken):
            raise RedactionError(f"Pages cannot be rendered: {message.reason}.")
        if isinstance(message, Ready):
            worker.ready, worker.deadline = True, float("inf")
            return
        work = worker.work
        assert work is not None  # noqa: S101 - a renderer speaks only of the job that it was given
        if isinstance(message, Opened):
            work.stop = min(work.job.stop, message.page_count)
        elif isinstance(message, RenderedPage | FailedPage):
            work.job, work.attempts = work.job.model_copy(update={"first": message.page_index + 1}), 0
        else:
            worker.work, worker.deadline = None, float("inf")
        yield work.key, message

    def _lose(self, worker: _Worker, reason: str, attempts: int) -> Iterator[Event]:
        """The process is gone, or is killed here; its work goes on in another one, after so many attempts without its page."""
        work = worker.work
        worker.errors.seek(0)
        last_words = worker.errors.read().decode(errors="replace")[-ERROR_TAIL:].strip()
        self._remove(worker)
        if not worker.ready:
            raise RedactionError(f"The renderer cannot start ({reason}): {last_words or 'it said nothing'}.")
        if work is None:
            return
        work.attempts += 1
        if work.stop is not None and work.job.first >= work.stop:
            yield work.key, Done()
        elif work.attempts < attempts:
            self._queue.appendleft(work)
        elif work.stop is None:
            yield work.key, Refused(reason=f"cannot be opened: {reason}")
        else:
            yield from self._give_up_page(work, work.stop, reason)

    def _give_up_page(self, work: _Work, stop: int, reason: str) -> Iterator[Event]:
        self._given_up[work.key] += 1
        first = work.job.first
        yield work.key, FailedPage(page_index=first, reason=reason)
        if self._given_up[work.key] >= MOST_GIVEN_UP:
            untried = f"not tried: {MOST_GIVEN_UP} pages of this document were given up"
            yield from ((work.key, FailedPage(page_index=index, reason=untried)) for index in range(first + 1, stop))
            yield work.key, Done()
        elif first + 1 < stop:
            self._queue.appendleft(_Work(work.key, work.job.model_copy(update={"first": first + 1}), stop=stop))
        else:
            yield work.key, Done()

    def _remove(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.answers)
        worker.process.kill()
        worker.process.wait()
        for pipe in (worker.answers, worker.errors):
            pipe.close()
        _close_quietly(worker.jobs)


def _close_quietly(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        # What was still in the buffer was meant for a process that is dead.
        return


def _obituary(status: int) -> str:
    if status < 0:
        return f"the renderer crashed ({signal.Signals(-status).name})"
    return f"the renderer ended with status {status}"
