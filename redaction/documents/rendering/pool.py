"""A pool of renderer processes with time limits: a page that takes too long or crashes its renderer costs only itself.

A page that crashed a renderer gets a second attempt in a fresh one: when memory runs short, the OOM killer may end a renderer
that is not the cause.
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
from redaction.documents.rendering.messages import (
    MESSAGES,
    Done,
    FailedPage,
    Job,
    MachineError,
    Opened,
    Ready,
    Refused,
    RenderedPage,
)
from redaction.errors import RedactionError

MAX_START_S = 120.0
MAX_CRASHES = 2
"""A page that has crashed this many renderers is abandoned."""
MAX_ABANDONED_PAGES = 3
"""After this many abandoned pages the rest of the document is not tried: each page may cost the whole time limit."""
MAX_STDERR_CHARS = 500
RENDERER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # A page is a few arrays of 6 MB. By default glibc maps new memory for each of them, which the kernel must clear; with these
    # thresholds (32 MB is glibc's maximum) they are reused.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(512 * 1024 * 1024),
}

Event = tuple[str, Opened | Refused | RenderedPage | FailedPage | Done]
"""The document's key, and a message about it. The last event of a job is `Done` or `Refused`."""


@dataclass
class _Task:
    """A job and its progress."""

    key: str
    job: Job
    """`job.first` moves on as pages are completed."""
    attempts: int = 0
    """Failed attempts at page `job.first`."""
    stop: int | None = None
    """Index after the last page to render; known once the document was opened."""


@dataclass
class _Worker:
    """One renderer process and its current task."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    deadline: float
    ready: bool = False
    task: _Task | None = None
    unread: bytes = b""


class RenderPool:
    """Runs renderers in parallel. A context manager: leaving it kills them.

    Args:
        workers: maximum number of renderers; they start when there are jobs.
        page_seconds: time limit for one page, and for opening a document.
        page_megabytes: see `redaction.documents.rendering.worker.serve`.
    """

    def __init__(self, workers: int, page_seconds: float, page_megabytes: int) -> None:
        self._max_workers = workers
        self._page_seconds = page_seconds
        self._page_megabytes = page_megabytes
        self._queue: deque[_Task] = deque()
        self._workers: list[_Worker] = []
        self._abandoned_pages: Counter[str] = Counter()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._remove(worker)
        self._selector.close()

    def add(self, key: str, job: Job, *, first: bool = False) -> None:
        """Add a job to the end of the queue, or to its front if `first`."""
        if first:
            self._queue.appendleft(_Task(key, job))
        else:
            self._queue.append(_Task(key, job))

    def events(self) -> Iterator[Event]:
        """Yield events as they happen until all jobs are complete. Jobs may be added meanwhile.

        Raises:
            RedactionError: renderers cannot start or cannot write.
        """
        while self._queue or any(worker.task for worker in self._workers):
            self._assign_tasks()
            next_deadline = min(worker.deadline for worker in self._workers)
            timeout = None if next_deadline == float("inf") else max(0.0, next_deadline - time.monotonic())
            for key, _ in self._selector.select(timeout):
                yield from self._read_messages(key.data)
            for worker in [worker for worker in self._workers if time.monotonic() > worker.deadline]:
                yield from self._handle_failure(worker, f"took longer than {self._page_seconds:g} s", max_attempts=1)

    def _assign_tasks(self) -> None:
        idle = [worker for worker in self._workers if worker.task is None]
        for worker in idle:
            if worker.ready and self._queue:
                self._assign(worker, self._queue.popleft())
        starting = sum(worker.task is None for worker in self._workers)
        for _ in range(min(self._max_workers - len(self._workers), len(self._queue) - starting)):
            self._start()

    def _start(self) -> None:
        root = str(Path(redaction.__file__).parent.parent)
        environment = os.environ | RENDERER_ENVIRONMENT
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - stays open as long as the process runs
        process = subprocess.Popen(
            [sys.executable, "-m", "redaction.documents.rendering.worker", str(self._page_megabytes), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
        )
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        worker = _Worker(process, process.stdin, process.stdout, stderr, time.monotonic() + MAX_START_S)
        self._workers.append(worker)
        self._selector.register(worker.stdout, selectors.EVENT_READ, worker)

    def _assign(self, worker: _Worker, task: _Task) -> None:
        worker.task = task
        worker.deadline = time.monotonic() + self._page_seconds
        try:
            worker.stdin.write(task.job.model_dump_json().encode() + b"\n")
            worker.stdin.flush()
        except BrokenPipeError:
            # the renderer died while idle: `_read_messages` will see the end of its output and return the task to the queue
            return

    def _read_messages(self, worker: _Worker) -> Iterator[Event]:
        data = os.read(worker.stdout.fileno(), 1 << 16)
        if not data:
            yield from self._handle_failure(worker, _exit_reason(worker.process.wait()), max_attempts=MAX_CRASHES)
            return
        *lines, worker.unread = (worker.unread + data).split(b"\n")
        for line in lines:
            yield from self._handle_message(worker, line)

    def _handle_message(self, worker: _Worker, line: bytes) -> Iterator[Event]:
        message = MESSAGES.validate_json(line)
        worker.deadline = time.monotonic() + self._page_seconds
        if isinstance(message, MachineError):
            raise RedactionError(f"Pages cannot be rendered: {message.reason}.")
        if isinstance(message, Ready):
            worker.ready, worker.deadline = True, float("inf")
            return
        task = worker.task
        assert task is not None  # noqa: S101 - after `Ready`, a renderer sends messages only about its job
        if isinstance(message, Opened):
            task.stop = min(task.job.stop, message.page_count)
        elif isinstance(message, RenderedPage | FailedPage):
            task.job, task.attempts = task.job.model_copy(update={"first": message.page_index + 1}), 0
        else:
            worker.task, worker.deadline = None, float("inf")
        yield task.key, message

    def _handle_failure(self, worker: _Worker, reason: str, max_attempts: int) -> Iterator[Event]:
        """Remove a renderer that failed. Its task continues in another, without the page after `max_attempts` attempts."""
        task = worker.task
        worker.stderr.seek(0)
        stderr = worker.stderr.read().decode(errors="replace")[-MAX_STDERR_CHARS:].strip()
        self._remove(worker)
        if not worker.ready:
            raise RedactionError(f"The renderer cannot start ({reason}): {stderr or 'it printed no error'}.")
        if task is None:
            return
        task.attempts += 1
        if task.stop is not None and task.job.first >= task.stop:
            yield task.key, Done()
        elif task.attempts < max_attempts:
            self._queue.appendleft(task)
        elif task.stop is None:
            yield task.key, Refused(reason=f"cannot be opened: {reason}")
        else:
            yield from self._abandon_page(task, task.stop, reason)

    def _abandon_page(self, task: _Task, stop: int, reason: str) -> Iterator[Event]:
        self._abandoned_pages[task.key] += 1
        first = task.job.first
        yield task.key, FailedPage(page_index=first, reason=reason)
        if self._abandoned_pages[task.key] >= MAX_ABANDONED_PAGES:
            not_tried = f"not tried: {MAX_ABANDONED_PAGES} pages of this document were abandoned"
            yield from ((task.key, FailedPage(page_index=index, reason=not_tried)) for index in range(first + 1, stop))
            yield task.key, Done()
        elif first + 1 < stop:
            self._queue.appendleft(_Task(task.key, task.job.model_copy(update={"first": first + 1}), stop=stop))
        else:
            yield task.key, Done()

    def _remove(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.stdout)
        worker.process.kill()
        worker.process.wait()
        for pipe in (worker.stdout, worker.stderr):
            pipe.close()
        _close_quietly(worker.stdin)


def _close_quietly(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        # the buffer held data for a process that has ended
        return


def _exit_reason(status: int) -> str:
    if status < 0:
        return f"the renderer crashed ({signal.Signals(-status).name})"
    return f"the renderer ended with status {status}"
