"""The process that keeps the service running: it owns the port, and starts, replaces and restarts the workers that answer on it.

`serving.local.control` runs ``python -m serving.local.supervisor``, detached from the terminal. Because the listening socket
belongs to the supervisor and outlives its workers, a connection that arrives while no worker runs waits in it, and one version
replaces another without a gap: the new worker starts beside the old one, passes its golden pages, takes over accepting, and the
old one answers what it has accepted and ends.

The supervisor holds a lock on ``supervisor.lock`` while it runs, which the kernel releases even after a crash. Its working folder
is the service's folder, so that it works on in a workspace that is moved.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import os
import shutil
import signal
import socket
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from redaction.errors import RedactionError
from redaction.files import StorageError, keep_private
from redaction.locks import exclusive
from redaction.process_identity import ProcessIdentity
from serving.local.address import listen
from serving.local.golden import check_golden_pages, load_golden_pages
from serving.local.state import Answer, Change, FolderIdentity, ServiceFolder, ServiceState
from serving.local.stored_detector import require_intact
from serving.local.worker_process import MAX_DRAIN_S, WorkerProcess

MIN_RESTART_DELAY_S = 0.5
MAX_RESTART_DELAY_S = 30.0
MIN_STABLE_S = 60.0
"""After a worker has run for this long, the restart delay is back at its minimum."""

POLL_S = 0.1
MAX_LOG_BYTES = 20 * 2**20
KEPT_LOGS = 3


@dataclass(frozen=True)
class Serving:
    """What accepts requests now, or did until its worker ended."""

    change: Change
    worker: WorkerProcess
    socket: socket.socket


class Supervisor:
    """Serves the version of the last change that succeeded, until it is stopped.

    Args:
        folder: the service's folder; the first change must be in it.
        home: folder of BentoML's stores.
    """

    def __init__(self, folder: ServiceFolder, home: Path) -> None:
        self._folder, self._home = folder, home
        self._change = folder.read_change()
        """The change in progress or, once it is answered, the last one."""
        self._serving: Serving | None = None
        self._log = _open_log(folder.log_file)
        self._workers: set[WorkerProcess] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._state = ServiceState(
            supervisor=ProcessIdentity.own(),
            service=None,
            bento_tag=self._change.bento_tag,
            host=self._change.host,
            port=self._change.port,
            started_at=datetime.now(UTC),
            folder=FolderIdentity.of(folder.folder),
            follows_changes=True,
        )

    async def run(self) -> bool:
        """Serve until SIGTERM or SIGINT.

        Returns:
            False if the first version could not be served.
        """
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        shutil.rmtree(self._folder.workers, ignore_errors=True)  # left over by a supervisor that was killed
        serving = asyncio.create_task(self._serve())
        stopping = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (serving, stopping):
                task.cancel()
            await asyncio.gather(serving, stopping, return_exceptions=True)
            await self._stop()
        return stopped.is_set() or serving.result()

    async def _serve(self) -> bool:
        self._update()
        await self._apply()
        if self._serving is None:
            return False
        await asyncio.gather(self._follow_changes(), self._restart(self._serving))
        return True

    async def _follow_changes(self) -> None:
        seen = 0
        while True:
            await asyncio.sleep(POLL_S)
            written = self._folder.change_file.stat().st_mtime_ns
            if written == seen:
                continue
            seen, latest = written, self._folder.read_change()
            if latest.id != self._change.id:
                self._change = latest
                await self._apply()

    async def _apply(self) -> None:
        """Carry out the change, and answer it."""
        change = self._change
        try:
            await self._replace(change)
        except RedactionError as error:
            problems = tuple(map(str, error.args))
        else:
            problems = ()
        for problem in problems:
            self._say(f"{change.bento_tag} does not serve: {problem}")
        self._update(answer=Answer(change=change.id, problems=problems))

    async def _replace(self, change: Change) -> None:
        """Start the version, check it, and let it take over from the worker that accepts now.

        Raises:
            RedactionError: it cannot be served; each argument is a problem. The version before goes on.
        """
        former = self._serving
        keeps_address = former is not None and former.change.address == change.address
        public = former.socket if former is not None and keeps_address else listen(*change.address)
        try:
            worker = await self._ready_worker(change, public)
            try:
                await self._check(change, worker)
            except BaseException:
                await worker.stop()
                raise
        except BaseException:
            if not keeps_address:
                public.close()
            raise
        self._hand_over(Serving(change, worker, public))
        if former is not None:
            self._run_in_background(self._drain(former.worker))
            if not keeps_address:
                former.socket.close()

    def _hand_over(self, serving: Serving) -> None:
        self._serving = serving
        change, worker = serving.change, serving.worker
        worker.accept()
        self._update(service=worker.identity, bento_tag=change.bento_tag, host=change.host, port=change.port)
        self._say(f"{change.bento_tag} serves on {self._state.url}, process {worker.identity.pid}")

    async def _ready_worker(self, change: Change, public: socket.socket) -> WorkerProcess:
        """A worker that has loaded its detector, and accepts nothing yet.

        Raises:
            RedactionError: the detector is damaged, or the worker did not become ready.
        """
        await asyncio.to_thread(require_intact, self._home, change.version)
        taken = {worker.number for worker in self._workers}
        number = next(number for number in itertools.count(1) if number not in taken)
        worker = await WorkerProcess.start(change.bento_tag, number, public, self._home, self._folder)
        self._say(f"started {change.bento_tag}, process {worker.identity.pid}")
        self._workers.add(worker)
        self._update()
        self._run_in_background(self._attend(worker))
        try:
            await worker.wait_until_ready(change.max_startup_s)
        except BaseException:
            await worker.stop()
            raise
        return worker

    async def _check(self, change: Change, worker: WorkerProcess) -> None:
        if not change.check_golden_pages:
            return
        golden = load_golden_pages(self._folder.golden(change.version))
        problems = await asyncio.to_thread(check_golden_pages, "http://worker", golden, change.version, worker.socket)
        if problems:
            raise RedactionError(*problems)

    async def _attend(self, worker: WorkerProcess) -> None:
        """Copy the worker's log, and note its end."""
        copying = asyncio.create_task(worker.copy_log(self._log))
        status = await worker.ended()
        await asyncio.wait({copying}, timeout=1)
        self._workers.discard(worker)
        self._say(f"process {worker.identity.pid} ended with {status}")
        self._update()

    async def _drain(self, worker: WorkerProcess) -> None:
        worker.drain()
        try:
            await asyncio.wait_for(worker.ended(), MAX_DRAIN_S)
        except TimeoutError:
            await worker.stop()

    async def _restart(self, serving: Serving) -> None:
        """Replace the worker that accepts whenever it ends."""
        delay_s = MIN_RESTART_DELAY_S
        clock = asyncio.get_running_loop().time
        while True:
            since = clock()
            await serving.worker.ended()
            if serving is self._serving:
                delay_s = MIN_RESTART_DELAY_S if clock() - since > MIN_STABLE_S else delay_s
                self._update(service=None)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, MAX_RESTART_DELAY_S)
                await self._revive(serving)
            serving = self._serving or serving

    async def _revive(self, ended: Serving) -> None:
        try:
            worker = await self._ready_worker(ended.change, ended.socket)
        except RedactionError as error:
            self._say(str(error))
            return
        if self._serving is not ended:  # a change came first
            await worker.stop()
            return
        self._state = self._state.model_copy(update={"restarts": self._state.restarts + 1})
        self._hand_over(Serving(ended.change, worker, ended.socket))

    async def _stop(self) -> None:
        """Refuse connections, and end all workers after the requests that they have accepted."""
        if self._serving is not None:
            self._serving.socket.close()
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        await asyncio.gather(*self._background, return_exceptions=True)
        self._update(service=None)
        self._say("stopped")

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _update(self, **changes: object) -> None:
        workers = tuple(worker.identity for worker in self._workers)
        self._state = self._state.model_copy(update={"workers": workers, **changes})
        try:
            self._folder.write_state(self._state)
        except StorageError as error:  # a full disk is no reason to stop serving
            self._say(str(error))

    def _say(self, message: str) -> None:
        self._log.info("%s supervisor: %s", datetime.now(UTC).isoformat(timespec="seconds"), message)


def supervise(folder: Path, home: Path) -> bool:
    """Run the supervisor of a service's folder in this process, which becomes its working folder.

    Returns:
        False if the first version could not be served.

    Raises:
        RedactionError: another supervisor runs.
    """
    keep_private()
    os.chdir(folder)
    own = ServiceFolder(Path())
    refusal = f"Another supervisor runs in {folder}; `redaction service status` shows what it serves."
    with exclusive(own.lock_file, refusal):
        return asyncio.run(Supervisor(own, home).run())


def _open_log(file: Path) -> logging.Logger:
    log = logging.getLogger("redaction.service")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(RotatingFileHandler(file, maxBytes=MAX_LOG_BYTES, backupCount=KEPT_LOGS, encoding="utf-8"))
    return log


def main() -> None:
    """Detach from the caller, and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--bentoml-home", type=Path, required=True)
    options = parser.parse_args()
    # the caller waits only for this process; the forked one is reparented, so it cannot become a zombie of the caller
    if os.fork():
        os._exit(0)
    os.setsid()
    try:
        sys.exit(0 if supervise(options.folder.resolve(), options.bentoml_home.resolve()) else 1)
    except RedactionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
