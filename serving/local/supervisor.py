"""The process that keeps the service alive: it starts ``bentoml serve``, and again when that dies, until told to stop.

``python -m serving.local.supervisor`` is what `serving.local.control.start` runs, detached from the terminal. It holds a lock on
``supervisor.lock`` for as long as it lives, which no crash can leave behind, and says in ``service.json`` what it runs.
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
from serving.app.request_log import MONITORING_FOLDER
from serving.bento_store import bentoml_environment

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
SETTLED_S = 60.0
"""A service that lived this long died of something new: the pauses start from the first again."""

GRACE_S = 10.0
"""Time that a service has to finish its requests before it is killed."""


class ProcessIdentity(Frozen):
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """The process with this number, now."""
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process, if it is still there and no zombie."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.created) < 0.1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if is_same else None


class ServiceState(Frozen):
    """What the supervisor says of itself in ``service.json``."""

    supervisor: ProcessIdentity
    service: ProcessIdentity | None
    bento_tag: str
    host: str
    port: int
    started_at: datetime
    restarts: int = 0

    @property
    def url(self) -> str:
        """Where the service listens."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104
        return f"http://{host}:{self.port}"


class ServiceFolder:
    """The supervisor's files in a workspace's state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_file = folder / "service.json"
        self.log_file = folder / "service.log"
        self.lock_file = folder / "supervisor.lock"
        self.monitoring = folder / "monitoring"

    def read_state(self) -> ServiceState | None:
        """The last state written, whether or not its processes still live."""
        if not self.state_file.exists():
            return None
        return ServiceState.model_validate_json(self.state_file.read_bytes())

    def write_state(self, state: ServiceState) -> None:
        """Write the state whole."""
        write_text(self.state_file, state.model_dump_json(indent=1))


def serve_command(bento_tag: str, host: str, port: int) -> list[str]:
    """The command line of the service, tied to this process."""
    tied = [sys.executable, parent_process.__file__, str(os.getpid())]
    return [*tied, "-m", "bentoml", "serve", bento_tag, "--host", host, "--port", str(port)]


def service_environment(home: Path, folder: ServiceFolder) -> dict[str, str]:
    """The environment of the service: BentoML's stores, and where the record of requests goes."""
    return bentoml_environment(home) | {MONITORING_FOLDER: str(folder.monitoring), "PYTHONUNBUFFERED": "1"}


def spawn(bento_tag: str, host: str, port: int, home: Path, folder: ServiceFolder, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the service as a child that dies with this process; it leads a process group of its own."""
    return subprocess.Popen(
        serve_command(bento_tag, host, port),
        env=service_environment(home, folder),
        cwd=folder.folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def end(child: subprocess.Popen[bytes], grace_s: float = GRACE_S) -> None:
    """Ask the child to stop, wait for it, and kill whatever is left of its group."""
    child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    kill_group(child.pid)


def kill_group(group: int) -> None:
    """Kill what is left of a process group: the workers that BentoML's own supervisor left behind."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


class Supervisor:
    """Runs one Bento until told to stop."""

    def __init__(self, folder: ServiceFolder, home: Path, bento_tag: str, host: str, port: int) -> None:
        self._folder, self._home = folder, home
        self._told_to_stop = threading.Event()
        self._state = ServiceState(
            supervisor=ProcessIdentity.of(os.getpid()),
            service=None,
            bento_tag=bento_tag,
            host=host,
            port=port,
            started_at=datetime.now(UTC),
        )

    def run(self) -> None:
        """Keep the service running; returns after SIGTERM or SIGINT, when it has ended."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        pause = FIRST_PAUSE_S
        while not self._told_to_stop.is_set():
            started = time.monotonic()
            code = self._run_once()
            if self._told_to_stop.is_set():
                break
            pause = FIRST_PAUSE_S if time.monotonic() - started > SETTLED_S else pause
            self._say(f"the service ended with {code}; starting it again in {pause:g} s")
            self._told_to_stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            self._update(service=None, restarts=self._state.restarts + 1)
        self._update(service=None)
        self._say("stopped")

    def _run_once(self) -> int:
        with self._folder.log_file.open("ab") as log:
            state = self._state
            child = spawn(state.bento_tag, state.host, state.port, self._home, self._folder, log)
        self._update(service=ProcessIdentity.of(child.pid))
        self._say(f"started {state.bento_tag} on {state.url}, process {child.pid}")
        while child.poll() is None and not self._told_to_stop.is_set():
            # short, as a signal wakes the wait of the main thread but the death of a child does not
            self._told_to_stop.wait(0.2)
        end(child)
        return child.returncode

    def _update(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        self._folder.write_state(self._state)

    def _stop(self, signal_number: int, frame: FrameType | None) -> None:
        self._told_to_stop.set()

    def _say(self, sentence: str) -> None:
        with self._folder.log_file.open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} supervisor: {sentence}\n")


def main() -> None:
    """Detach from whoever called, take the lock, and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--bentoml-home", type=Path, required=True)
    parser.add_argument("--bento", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    # the caller waits for this process only, and the one that stays has no parent to become a zombie of
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
