"""Start, stop and inspect the service of a workspace, from any terminal."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from filelock import FileLock

from redaction.errors import RedactionError
from redaction.import_graph import REPOSITORY
from redaction.values import Frozen
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home, stored_bento
from serving.local.stored_detector import require_intact
from serving.local.supervisor import MAX_SERVICE_STOP_S, ServiceFolder, ServiceState, kill_group, spawn, stop_child

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3000

MAX_STARTUP_S = 90.0
"""Time that a service has to load its detector: 5 s on an idle machine, much more on one that is training."""

MAX_LAUNCH_S = 10.0
"""Time that a supervisor has to write its state."""

MAX_CANDIDATE_WORKERS = 2
"""BentoML restarts a dying worker without limit; the worker of a candidate may die once."""

MAX_LOG_BYTES = 20 * 2**20


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
    """The supervisor's files in the workspace."""
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
    workspace: Workspace, bento_tag: str, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, timeout_s: float = MAX_STARTUP_S
) -> ServiceStatus:
    """Start the service detached from this process, and wait until it accepts requests; do nothing if it already runs.

    Raises:
        RedactionError: another version runs, the Bento does not exist, its detector is damaged, the port is taken, or the service
            did not become ready; it is then stopped.
    """
    folder = service_folder(workspace)
    with _command_lock(folder):
        return _start(workspace, folder, bento_tag, host, port, timeout_s)


def stop(workspace: Workspace) -> bool:
    """Stop the service, or what is left of it, and wait until it has ended; returns False if nothing was running."""
    folder = service_folder(workspace)
    with _command_lock(folder):
        return _stop(folder)


def swap(workspace: Workspace, bento_tag: str, host: str, port: int, timeout_s: float = MAX_STARTUP_S) -> ServiceStatus:
    """Stop the running service and start this one; raises as `start` does. Errors found before the stop leave it running."""
    folder = service_folder(workspace)
    with _command_lock(folder):
        _require_bento(bentoml_home(workspace), bento_tag)
        running = _running_state(folder)
        if running is not None and running.port != port:
            require_free_port(host, port)
        _stop(folder)
        return _start(workspace, folder, bento_tag, host, port, timeout_s)


@contextmanager
def candidate(workspace: Workspace, bento_tag: str, timeout_s: float = MAX_STARTUP_S) -> Iterator[str]:
    """Context in which a Bento runs on a free loopback port, beside the service in production; yields its URL.

    Raises:
        RedactionError: its detector is damaged, or it did not become ready.
    """
    folder = service_folder(workspace)
    require_intact(bentoml_home(workspace), bento_tag.partition(":")[2])
    folder.folder.mkdir(parents=True, exist_ok=True)
    log_file = folder.folder / "candidate.log"
    port = free_port()
    with log_file.open("wb") as log:
        child = spawn(bento_tag, DEFAULT_HOST, port, bentoml_home(workspace), folder, log)
    try:
        url = f"http://{DEFAULT_HOST}:{port}"
        deadline = time.monotonic() + timeout_s
        workers: set[int] = set()
        while not is_ready(url):
            workers |= _children(child.pid)
            if child.poll() is not None or len(workers) > MAX_CANDIDATE_WORKERS or time.monotonic() > deadline:
                raise RedactionError(
                    f"The candidate {bento_tag} did not become ready; see {log_file}: {_last_log_line(log_file)}"
                )
            time.sleep(0.2)
        yield url
    finally:
        stop_child(child)


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


def free_port() -> int:
    """A port of the loopback interface that is free at the moment."""
    with socket.socket() as probe:
        probe.bind((DEFAULT_HOST, 0))
        return int(probe.getsockname()[1])


def require_free_port(host: str, port: int) -> None:
    """Check that a service can listen on the port.

    Raises:
        RedactionError: it cannot; the message names the process that listens there, if known.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RedactionError(
                f"Port {port} on {host} cannot be used ({error.strerror}){_listener(port)}; stop that, or choose another port."
            ) from error


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
    folder.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.folder / "command.lock"):
        yield


def _start(workspace: Workspace, folder: ServiceFolder, bento_tag: str, host: str, port: int, timeout_s: float) -> ServiceStatus:
    home = bentoml_home(workspace)
    _require_bento(home, bento_tag)
    running = _running_state(folder)
    launched = running is None
    if running is not None:
        if (running.bento_tag, running.host, running.port) != (bento_tag, host, port):
            raise RedactionError(
                f"The service already runs {running.bento_tag} on {running.url}; "
                "use `redaction service rollback VERSION` for another version, or `redaction service stop` first."
            )
    else:
        _stop(folder)
        require_free_port(host, port)
        _rotate(folder.log_file)
        _launch(folder, home, bento_tag, host, port)
    try:
        _wait_until_ready(folder, bento_tag, timeout_s)
    except RedactionError:
        if launched:
            _stop_launched(folder)
        raise
    return status(workspace)


def _require_bento(home: Path, bento_tag: str) -> None:
    version = bento_tag.partition(":")[2]
    if not (stored_bento(home, version) / "bento.yaml").exists():
        raise RedactionError(f"There is no Bento {bento_tag} in {home}; deploy a detector first, or name one of `bentoml list`.")
    require_intact(home, version)


def _launch(folder: ServiceFolder, home: Path, bento_tag: str, host: str, port: int) -> None:
    command = [sys.executable, "-m", "serving.local.supervisor", "--folder", str(folder.folder), "--bentoml-home", str(home)]
    command += ["--bento", bento_tag, "--host", host, "--port", str(port)]
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


def _wait_until_ready(folder: ServiceFolder, bento_tag: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        state = _running_state(folder)
        # the file may still contain the state of an earlier service
        if state is not None and state.bento_tag == bento_tag and is_ready(state.url):
            return
        time.sleep(0.2)
    raise RedactionError(
        f"The service {bento_tag} did not become ready in {timeout_s:g} s; see {folder.log_file}: "
        f"{_last_log_line(folder.log_file)}"
    )


def _stop(folder: ServiceFolder) -> bool:
    state = _own_state(folder)
    if state is None:
        return False
    supervisor = state.supervisor.process()
    if supervisor is not None:
        supervisor.terminate()
        _, alive = psutil.wait_procs([supervisor], timeout=MAX_SERVICE_STOP_S + 10)
        for process in alive:
            process.kill()
    orphan = state.service.process() if state.service else None
    if orphan is not None:
        # its supervisor was killed, and the service has not ended yet
        orphan.terminate()
        psutil.wait_procs([orphan], timeout=MAX_SERVICE_STOP_S)
        kill_group(orphan.pid)
    return supervisor is not None or orphan is not None


def _own_state(folder: ServiceFolder) -> ServiceState | None:
    """The last state, unless it came into this folder with a copy of another workspace, whose service is none of ours."""
    state = folder.read_state()
    return state if state is not None and state.belongs_to(folder.folder) else None


def _stop_launched(folder: ServiceFolder) -> None:
    """Stop a service that was just launched, and whose supervisor would keep trying."""
    deadline = time.monotonic() + MAX_LAUNCH_S
    while _running_state(folder) is None and time.monotonic() < deadline:  # it has not written its state yet
        time.sleep(0.1)
    _stop(folder)


def _running_state(folder: ServiceFolder) -> ServiceState | None:
    state = _own_state(folder)
    return state if state is not None and state.supervisor.process() is not None else None


def _listener(port: int) -> str:
    try:
        connections = psutil.net_connections("inet")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port and connection.pid:
            with suppress(psutil.NoSuchProcess):  # it may have ended by now
                return f": process {connection.pid} ({psutil.Process(connection.pid).name()}) listens there"
    return ""


def _rotate(log_file: Path) -> None:
    if log_file.exists() and log_file.stat().st_size > MAX_LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))


def _children(pid: int) -> set[int]:
    try:
        return {process.pid for process in psutil.Process(pid).children()}
    except psutil.NoSuchProcess:
        return set()


def _last_log_line(log_file: Path) -> str:
    lines = [line for line in log_file.read_text(errors="replace").splitlines() if line.strip()] if log_file.exists() else []
    return lines[-1][:300] if lines else "the log is empty."
