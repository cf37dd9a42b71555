"""Starting, stopping and asking about a workspace's service, from any terminal and at any time."""

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
from serving.local.supervisor import GRACE_S, ServiceFolder, ServiceState, end, kill_group, spawn

HOST = "127.0.0.1"
PORT = 3000

READY_S = 90.0
"""Time that a service gets to load its detector: 5 s on a quiet machine, much more on one that is training."""

CANDIDATE_STARTS = 2
"""BentoML starts a worker that dies again and again, for ever; a candidate's worker may die once."""

LARGEST_LOG_BYTES = 20 * 2**20


class ServiceStatus(Frozen):
    """What runs in a workspace."""

    running: bool
    """The supervisor lives."""
    ready: bool
    """The service answers that it can take requests."""
    pid: int | None = None
    """The supervisor's."""
    url: str | None = None
    version: str | None = None
    bento_tag: str | None = None
    uptime_s: float | None = None
    restarts: int = 0


def service_folder(workspace: Workspace) -> ServiceFolder:
    """The supervisor's files in the workspace."""
    return ServiceFolder(workspace.state / "service")


def status(workspace: Workspace) -> ServiceStatus:
    """What runs in the workspace, now."""
    state = service_folder(workspace).read_state()
    if state is None or state.supervisor.process() is None:
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


def start(workspace: Workspace, bento_tag: str, host: str = HOST, port: int = PORT, ready_s: float = READY_S) -> ServiceStatus:
    """Start the service detached from this process and wait until it takes requests; if it does so already, nothing happens.

    Raises:
        RedactionError: another version runs, there is no such Bento, the port is taken, or the service did not get ready.
    """
    folder = service_folder(workspace)
    with _one_command_at_a_time(folder):
        return _start(workspace, folder, bento_tag, host, port, ready_s)


def stop(workspace: Workspace) -> bool:
    """Stop the service and wait until it has ended, whatever is left of it; says whether there was anything to stop."""
    folder = service_folder(workspace)
    with _one_command_at_a_time(folder):
        return _stop(folder)


def swap(workspace: Workspace, bento_tag: str, host: str, port: int, ready_s: float = READY_S) -> ServiceStatus:
    """Stop what runs and start this instead; see `start` for the errors. What could be known before leaves it running."""
    folder = service_folder(workspace)
    with _one_command_at_a_time(folder):
        _require_bento(bentoml_home(workspace), bento_tag)
        running = _living(folder)
        if running is not None and running.port != port:
            require_free_port(host, port)
        _stop(folder)
        return _start(workspace, folder, bento_tag, host, port, ready_s)


@contextmanager
def candidate(workspace: Workspace, bento_tag: str, ready_s: float = READY_S) -> Iterator[str]:
    """Run a Bento on a free loopback port for as long as the context lasts, beside the one in production; gives its URL.

    Raises:
        RedactionError: it did not get ready.
    """
    folder = service_folder(workspace)
    folder.folder.mkdir(parents=True, exist_ok=True)
    log_file = folder.folder / "candidate.log"
    port = free_port()
    with log_file.open("wb") as log:
        child = spawn(bento_tag, HOST, port, bentoml_home(workspace), folder, log)
    try:
        url = f"http://{HOST}:{port}"
        deadline = time.monotonic() + ready_s
        workers: set[int] = set()
        while not is_ready(url):
            workers |= _children(child.pid)
            if child.poll() is not None or len(workers) > CANDIDATE_STARTS or time.monotonic() > deadline:
                raise RedactionError(f"The candidate {bento_tag} did not get ready; see {log_file}: {_last_words(log_file)}")
            time.sleep(0.2)
        yield url
    finally:
        end(child)


def log_lines(workspace: Workspace, count: int) -> list[str]:
    """The last lines of the service's log; none when it never ran."""
    file = service_folder(workspace).log_file
    return file.read_text(errors="replace").splitlines()[-count:] if file.exists() else []


def follow_log(workspace: Workspace) -> Iterator[str]:
    """Lines as they come to the service's log, for ever, also across a change of the file."""
    file = service_folder(workspace).log_file
    position = file.stat().st_size if file.exists() else 0
    while True:
        size = file.stat().st_size if file.exists() else 0
        position = min(position, size)
        if size > position:
            with file.open("rb") as log:
                log.seek(position)
                new = log.read(size - position)
            position += len(new)
            yield new.decode(errors="replace").rstrip("\n")
        time.sleep(0.3)


def is_ready(url: str) -> bool:
    """Whether the service at the URL says that it takes requests."""
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free_port(host: str, port: int) -> None:
    """Do nothing if a service can listen there.

    Raises:
        RedactionError: it cannot; the sentence names who holds the port.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise RedactionError(
                f"Port {port} on {host} cannot be used ({fault.strerror}){_holder(port)}; stop that, or choose another port."
            ) from fault


@contextmanager
def _one_command_at_a_time(folder: ServiceFolder) -> Iterator[None]:
    folder.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.folder / "command.lock"):
        yield


def _start(workspace: Workspace, folder: ServiceFolder, bento_tag: str, host: str, port: int, ready_s: float) -> ServiceStatus:
    home = bentoml_home(workspace)
    _require_bento(home, bento_tag)
    running = _living(folder)
    if running is not None:
        if (running.bento_tag, running.host, running.port) != (bento_tag, host, port):
            raise RedactionError(
                f"The service runs {running.bento_tag} on {running.url} already; "
                "use `redaction rollback VERSION` for another version, or `redaction service stop` first."
            )
    else:
        _stop(folder)
        require_free_port(host, port)
        _rotate(folder.log_file)
        _launch(folder, home, bento_tag, host, port)
    _wait_until_ready(folder, bento_tag, ready_s)
    return status(workspace)


def _require_bento(home: Path, bento_tag: str) -> None:
    if not (stored_bento(home, bento_tag.partition(":")[2]) / "bento.yaml").exists():
        raise RedactionError(f"There is no Bento {bento_tag} in {home}; deploy a detector first, or name one of `bentoml list`.")


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


def _wait_until_ready(folder: ServiceFolder, bento_tag: str, ready_s: float) -> None:
    deadline = time.monotonic() + ready_s
    while time.monotonic() < deadline:
        state = folder.read_state()
        # the state of an earlier service may still lie there
        if state is not None and state.supervisor.process() is not None and state.bento_tag == bento_tag and is_ready(state.url):
            return
        time.sleep(0.2)
    raise RedactionError(
        f"The service {bento_tag} did not get ready in {ready_s:g} s; see {folder.log_file}: {_last_words(folder.log_file)}"
    )


def _stop(folder: ServiceFolder) -> bool:
    state = folder.read_state()
    if state is None:
        return False
    supervisor = state.supervisor.process()
    if supervisor is not None:
        supervisor.terminate()
        _, alive = psutil.wait_procs([supervisor], timeout=GRACE_S + 10)
        for process in alive:
            process.kill()
    orphan = state.service.process() if state.service else None
    if orphan is not None:
        # its supervisor was killed, and it has not noticed yet
        orphan.terminate()
        psutil.wait_procs([orphan], timeout=GRACE_S)
        kill_group(orphan.pid)
    return supervisor is not None or orphan is not None


def _living(folder: ServiceFolder) -> ServiceState | None:
    state = folder.read_state()
    return state if state is not None and state.supervisor.process() is not None else None


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections("inet")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port and connection.pid:
            with suppress(psutil.NoSuchProcess):  # it may end while we look
                return f": process {connection.pid} ({psutil.Process(connection.pid).name()}) listens there"
    return ""


def _rotate(log_file: Path) -> None:
    if log_file.exists() and log_file.stat().st_size > LARGEST_LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))


def _children(pid: int) -> set[int]:
    try:
        return {process.pid for process in psutil.Process(pid).children()}
    except psutil.NoSuchProcess:
        return set()


def _last_words(log_file: Path) -> str:
    lines = [line for line in log_file.read_text(errors="replace").splitlines() if line.strip()] if log_file.exists() else []
    return lines[-1][:300] if lines else "it is empty."
