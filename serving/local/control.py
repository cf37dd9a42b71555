"""Start, stop, change and inspect the service of a workspace, from any terminal."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from filelock import FileLock

from redaction.errors import RedactionError
from redaction.files import make_private_folder
from redaction.import_graph import REPOSITORY
from redaction.values import Frozen
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home, stored_bento
from serving.local.address import DEFAULT_HOST, DEFAULT_PORT, require_free_port
from serving.local.state import MAX_STARTUP_S, Change, ServiceFolder, ServiceState
from serving.local.stored_detector import require_intact
from serving.local.worker_process import MAX_STOP_S, kill_group

MAX_LAUNCH_S = 30.0
"""Time that a supervisor has to start."""

MAX_CHECK_S = 300.0
"""Time that the golden pages may take beside a training."""

POLL_S = 0.1


class ServiceStatus(Frozen):
    """The state of the service of a workspace."""

    running: bool
    """The supervisor is running."""
    ready: bool
    """The service reports that it accepts requests."""
    pid: int | None = None
    """Of the supervisor."""
    url: str | None = None
    version: str | None = None
    bento_tag: str | None = None
    uptime_s: float | None = None
    restarts: int = 0


def service_folder(workspace: Workspace) -> ServiceFolder:
    """The service's files in the workspace."""
    return ServiceFolder(workspace.state / "service")


def status(workspace: Workspace) -> ServiceStatus:
    """Return the current state of the workspace's service."""
    state = _running_state(service_folder(workspace))
    if state is None:
        return ServiceStatus(running=False, ready=False)
    return ServiceStatus(
        running=True,
        ready=is_ready(state.url),
        pid=state.supervisor.pid,
        url=state.url,
        version=state.bento_tag.partition(":")[2],
        bento_tag=state.bento_tag,
        uptime_s=(datetime.now(UTC) - state.started_at).total_seconds(),
        restarts=state.restarts,
    )


def start(
    workspace: Workspace, bento_tag: str, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, max_startup_s: float = MAX_STARTUP_S
) -> ServiceStatus:
    """Start the service detached from this process, and wait until it accepts requests; do nothing if it already runs.

    Raises:
        RedactionError: another version runs, the Bento does not exist, its detector is damaged, the port is taken, or the service
            did not become ready; it is then stopped.
    """
    folder = service_folder(workspace)
    with _command_lock(folder):
        change = _first_change(workspace, folder, bento_tag, host, port, max_startup_s)
        if change is not None and (problems := _launch(folder, bentoml_home(workspace), change)):
            raise RedactionError(" ".join(problems))
        return _ready_status(workspace, max_startup_s)


def run(workspace: Workspace, bento_tag: str, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> None:
    """Run the service in this process until SIGTERM or SIGINT; for a process manager such as systemd.

    Raises:
        RedactionError: as `start` does, or the service runs already.
    """
    # heavy: the commands do not need it
    from serving.local.supervisor import supervise

    folder = service_folder(workspace)
    with _command_lock(folder):
        change = _first_change(workspace, folder, bento_tag, host, port, MAX_STARTUP_S)
        if change is None:
            raise RedactionError("The service runs already; `redaction service stop` stops it.")
        folder.write_change(change)
    if not supervise(folder.folder.resolve(), bentoml_home(workspace).resolve()):
        raise RedactionError(" ".join(_answer(folder, change)))


def replace(workspace: Workspace, bento_tag: str, host: str, port: int) -> tuple[str, ...]:
    """Let a Bento take over from the one that serves now, if it reproduces its golden pages; start the service if none runs.

    The supervisor does it. If this process is killed, the change goes on.

    Returns:
        The problems, one sentence each, for which the version before goes on; empty if the Bento serves.

    Raises:
        RedactionError: the Bento does not exist, its detector is damaged, or the port is taken.
    """
    folder, home = service_folder(workspace), bentoml_home(workspace)
    with _command_lock(folder):
        _require_bento(home, bento_tag)
        running = _running_state(folder)
        if running is None or (running.host, running.port) != (host, port):
            require_free_port(host, port)
        if running is None or not running.follows_changes:
            _stop(folder)
            running = None
        change = Change(bento_tag=bento_tag, host=host, port=port, check_golden_pages=True)
        if running is None:
            return _launch(folder, home, change)
        folder.write_change(change)
        return _answer(folder, change)


def stop(workspace: Workspace) -> bool:
    """Stop the service, or what is left of it, and wait until it has ended; returns False if nothing was running."""
    folder = service_folder(workspace)
    with _command_lock(folder):
        return _stop(folder)


def log_lines(workspace: Workspace, count: int) -> list[str]:
    """Return the last lines of the service's log; empty if it never ran."""
    file = service_folder(workspace).log_file
    return file.read_text(errors="replace").splitlines()[-count:] if file.exists() else []


def follow_log(workspace: Workspace) -> Iterator[str]:
    """Yield text as it is appended to the service's log, without end and across log rotation."""
    file = service_folder(workspace).log_file
    position = file.stat().st_size if file.exists() else 0
    while True:
        size = file.stat().st_size if file.exists() else 0
        position = min(position, size)
        if size > position:
            with file.open("rb") as log:
                log.seek(position)
                appended = log.read(size - position)
            position += len(appended)
            yield appended.decode(errors="replace").rstrip("\n")
        time.sleep(0.3)


def is_ready(url: str) -> bool:
    """Whether the service at the URL reports that it accepts requests."""
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def require_usable_address(workspace: Workspace, host: str, port: int) -> None:
    """Check that the service of this workspace can listen there, which it may do already.

    Raises:
        RedactionError: it cannot.
    """
    running = _running_state(service_folder(workspace))
    if running is None or running.port != port:
        require_free_port(host, port)


@contextmanager
def _command_lock(folder: ServiceFolder) -> Iterator[None]:
    make_private_folder(folder.folder)
    with FileLock(folder.folder / "command.lock"):
        yield


def _first_change(
    workspace: Workspace, folder: ServiceFolder, bento_tag: str, host: str, port: int, max_startup_s: float
) -> Change | None:
    """What a new supervisor is to serve; None if the service runs, with this version at this address."""
    _require_bento(bentoml_home(workspace), bento_tag)
    running = _running_state(folder)
    if running is None:
        _stop(folder)
        require_free_port(host, port)
        return Change(bento_tag=bento_tag, host=host, port=port, check_golden_pages=False, max_startup_s=max_startup_s)
    if (running.bento_tag, running.host, running.port) != (bento_tag, host, port):
        raise RedactionError(
            f"The service already runs {running.bento_tag} on {running.url}; "
            "use `redaction service rollback VERSION` for another version, or `redaction service stop` first."
        )
    return None


def _ready_status(workspace: Workspace, timeout_s: float) -> ServiceStatus:
    """Wait until the service is ready, which it is not while its worker restarts."""
    deadline = time.monotonic() + timeout_s
    while not (found := status(workspace)).ready and found.running and time.monotonic() < deadline:
        time.sleep(POLL_S)
    if not found.ready:
        log = service_folder(workspace).log_file
        what = f"did not become ready in {timeout_s:g} s" if found.running else "has ended"
        raise RedactionError(f"The service {what}; see {log}: {_last_log_line(log)}")
    return found


def _require_bento(home: Path, bento_tag: str) -> None:
    version = bento_tag.partition(":")[2]
    if not (stored_bento(home, version) / "bento.yaml").exists():
        raise RedactionError(f"There is no Bento {bento_tag} in {home}; deploy a detector first, or name one of `bentoml list`.")
    require_intact(home, version)


def _launch(folder: ServiceFolder, home: Path, change: Change) -> tuple[str, ...]:
    """Start a supervisor with its first change; returns the problems, with which it has ended."""
    folder.write_change(change)
    command = [sys.executable, "-m", "serving.local.supervisor", "--folder", str(folder.folder), "--bentoml-home", str(home)]
    with folder.log_file.open("ab") as log:
        subprocess.run(
            command,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            timeout=60,
            check=True,
        )
    problems = _answer(folder, change)
    if problems:
        _stop(folder)
    return problems


def _answer(folder: ServiceFolder, change: Change) -> tuple[str, ...]:
    """Wait until the supervisor has carried out the change; returns the problems."""
    launched_by = time.monotonic() + MAX_LAUNCH_S
    answered_by = launched_by + change.max_startup_s + MAX_CHECK_S
    while time.monotonic() < answered_by:
        state = _own_state(folder)
        if state is not None and state.answer is not None and state.answer.change == change.id:
            return state.answer.problems
        is_running = state is not None and state.supervisor.process() is not None
        if not is_running and time.monotonic() > launched_by:
            return (f"The service's supervisor ended; see {folder.log_file}: {_last_log_line(folder.log_file)}",)
        time.sleep(POLL_S)
    return (f"The service's supervisor does not answer; see {folder.log_file}.",)


def _stop(folder: ServiceFolder) -> bool:
    state = _own_state(folder)
    if state is None:
        return False
    supervisor = state.supervisor.process()
    if supervisor is not None:
        supervisor.terminate()
        _, alive = psutil.wait_procs([supervisor], timeout=MAX_STOP_S + 10)
        for hanging in alive:
            hanging.kill()
    # left over if the supervisor was killed, in which case they end by themselves
    identities = (state.service, *state.workers)
    workers = [process for each in identities if each is not None and (process := each.process()) is not None]
    for worker in workers:
        worker.terminate()
    psutil.wait_procs(workers, timeout=MAX_STOP_S)
    for worker in workers:
        kill_group(worker.pid)
    return supervisor is not None or bool(workers)


def _own_state(folder: ServiceFolder) -> ServiceState | None:
    """The last state, unless it came into this folder with a copy of another workspace, whose service is none of ours."""
    state = folder.read_state()
    return state if state is not None and state.belongs_to(folder.folder) else None


def _running_state(folder: ServiceFolder) -> ServiceState | None:
    state = _own_state(folder)
    return state if state is not None and state.supervisor.process() is not None else None


def _last_log_line(log_file: Path) -> str:
    lines = [line for line in log_file.read_text(errors="replace").splitlines() if line.strip()] if log_file.exists() else []
    return lines[-1][:300] if lines else "the log is empty."
