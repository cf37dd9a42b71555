"""The process that keeps the service running: it starts ``bentoml serve`` and restarts it when it dies, until it is stopped.

`serving.local.control.start` runs ``python -m serving.local.supervisor``, detached from the terminal. The supervisor holds a lock
on ``supervisor.lock`` while it runs, which the kernel releases even after a crash, and records what it runs in ``service.json``.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO

import psutil
from filelock import FileLock, Timeout

from redaction import parent_process
from redaction.files import write_text
from redaction.values import Frozen
from serving.app.request_log import MONITORING_FOLDER_VARIABLE
from serving.bento_store import bentoml_environment

MIN_RESTART_DELAY_S = 0.5
MAX_RESTART_DELAY_S = 30.0
MIN_STABLE_S = 60.0
"""After a service has run for this long, the restart delay is back at its minimum."""

MAX_SERVICE_STOP_S = 10.0
"""Time that a service has to finish its requests after SIGTERM, before it is killed."""


class ProcessIdentity(Frozen):
    """A process ID with its creation time, because the operating system reuses process IDs."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """The process that has this ID now."""
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process, unless it has ended or is a zombie."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.created) < 0.1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if is_same else None


class FolderIdentity(Frozen):
    """A folder by its number in the file system, which stays when it is moved and differs in a copy."""

    device: int
    inode: int

    @classmethod
    def of(cls, folder: Path) -> FolderIdentity:
        """The folder that has this path now."""
        found = folder.stat()
        return cls(device=found.st_dev, inode=found.st_ino)


class ServiceState(Frozen):
    """What the supervisor runs, as written to ``service.json``."""

    supervisor: ProcessIdentity
    service: ProcessIdentity | None
    bento_tag: str
    host: str
    port: int
    started_at: datetime
    restarts: int = 0
    folder: FolderIdentity | None = None
    """Where the service was started; None in states of earlier versions."""

    def belongs_to(self, folder: Path) -> bool:
        """Whether the service was started for this folder, which may have been moved since, and not for one it is a copy of."""
        return self.folder is None or self.folder == FolderIdentity.of(folder)

    @property
    def url(self) -> str:
        """URL of the service."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104
        return f"http://{host}:{self.port}"


class ServiceFolder:
    """The supervisor's files in the state folder of a workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_file = folder / "service.json"
        self.log_file = folder / "service.log"
        self.lock_file = folder / "supervisor.lock"
        self.monitoring = folder / "monitoring"

    def read_state(self) -> ServiceState | None:
        """The last state written; its processes may have ended."""
        if not self.state_file.exists():
            return None
        return ServiceState.model_validate_json(self.state_file.read_bytes())

    def write_state(self, state: ServiceState) -> None:
        """Replace the state atomically."""
        write_text(self.state_file, state.model_dump_json(indent=1))


def serve_command(bento_tag: str, host: str, port: int) -> list[str]:
    """Command line of the service; the service dies with this process."""
    tied_to_parent = [sys.executable, parent_process.__file__, str(os.getpid())]
    return [*tied_to_parent, "-m", "bentoml", "serve", bento_tag, "--host", host, "--port", str(port)]


def service_environment(home: Path, folder: ServiceFolder) -> dict[str, str]:
    """Environment variables of the service: BentoML's stores and the folder of the request log."""
    return bentoml_environment(home) | {MONITORING_FOLDER_VARIABLE: str(folder.monitoring), "PYTHONUNBUFFERED": "1"}


def spawn(bento_tag: str, host: str, port: int, home: Path, folder: ServiceFolder, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the service as a child process that dies with this one and leads its own process group."""
    return subprocess.Popen(
        serve_command(bento_tag, host, port),
        env=service_environment(home, folder),
        cwd=folder.folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def stop_child(child: subprocess.Popen[bytes], timeout_s: float = MAX_SERVICE_STOP_S) -> None:
    """Send SIGTERM to the child, wait for it, and kill what is left of its process group."""
    child.terminate()
    try:
        child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    kill_group(child.pid)


def kill_group(group: int) -> None:
    """Kill what is left of a process group, such as workers that outlived BentoML's main process."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


class Supervisor:
    """Runs one Bento until it is stopped."""

    def __init__(self, folder: ServiceFolder, home: Path, bento_tag: str, host: str, port: int) -> None:
        self._folder, self._home = folder, home
        self._stop_requested = threading.Event()
        self._state = ServiceState(
            supervisor=ProcessIdentity.of(os.getpid()),
            service=None,
            bento_tag=bento_tag,
            host=host,
            port=port,
            started_at=datetime.now(UTC),
            folder=FolderIdentity.of(folder.folder),
        )

    def run(self) -> None:
        """Keep the service running; return when it has ended after SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        delay_s = MIN_RESTART_DELAY_S
        while not self._stop_requested.is_set():
            started = time.monotonic()
            ended = self._damage() or f"the service ended with {self._run_once()}"
            if self._stop_requested.is_set():
                break
            delay_s = MIN_RESTART_DELAY_S if time.monotonic() - started > MIN_STABLE_S else delay_s
            self._log(f"{ended}; trying again in {delay_s:g} s")
            self._stop_requested.wait(delay_s)
            delay_s = min(2 * delay_s, MAX_RESTART_DELAY_S)
            self._update(service=None, restarts=self._state.restarts + 1)
        self._update(service=None)
        self._log("stopped")

    def _damage(self) -> str | None:
        """What is wrong with the stored detector before a restart, if anything; before the first start, the caller checked it."""
        if not self._state.restarts:
            return None
        # needed only after a failure
        from redaction.errors import RedactionError
        from serving.local.stored_detector import require_intact

        try:
            require_intact(self._home, self._state.bento_tag.partition(":")[2])
        except RedactionError as error:
            return str(error)
        return None

    def _run_once(self) -> int:
        with self._folder.log_file.open("ab") as log:
            state = self._state
            child = spawn(state.bento_tag, state.host, state.port, self._home, self._folder, log)
        self._update(service=ProcessIdentity.of(child.pid))
        self._log(f"started {state.bento_tag} on {state.url}, process {child.pid}")
        while child.poll() is None and not self._stop_requested.is_set():
            # a short wait, because the death of a child, unlike a signal, does not interrupt it
            self._stop_requested.wait(0.2)
        stop_child(child)
        return child.returncode

    def _update(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        self._folder.write_state(self._state)

    def _stop(self, signal_number: int, frame: FrameType | None) -> None:
        self._stop_requested.set()

    def _log(self, message: str) -> None:
        with self._folder.log_file.open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} supervisor: {message}\n")


def main() -> None:
    """Detach from the caller, take the lock, and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--bentoml-home", type=Path, required=True)
    parser.add_argument("--bento", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    # the caller waits only for this process; the forked one is reparented, so it cannot become a zombie of the caller
    if os.fork():
        os._exit(0)
    os.setsid()
    folder = ServiceFolder(options.folder)
    try:
        with FileLock(folder.lock_file, timeout=0):
            Supervisor(folder, options.bentoml_home, options.bento, options.host, options.port).run()
    except Timeout:
        sys.exit("another supervisor runs in this workspace")


if __name__ == "__main__":
    main()
