"""Who listens on a port of this machine."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from redaction.doctor.findings import Finding, failure, ok, warning
from redaction.workspace import Workspace

SERVICE_PORT, DASHBOARD_PORT = 3000, 8237
MAX_COMMAND_LENGTH = 60
_STATE_OF_SERVICE = ("state", "service")
"""A service has files open in this folder of its workspace."""


def service_port(workspace: Workspace, number: int, needed: bool) -> Iterator[Finding]:
    """Check that the port is free, or is used by the service of this workspace."""
    name = "service port"
    if _is_free(number):
        yield ok(name, f"{number} is free")
        return
    process = _listener(number)
    owner = _workspace_of(process) if process else None
    if process and owner == workspace.root:
        yield ok(name, f"{number} is used by the service of this workspace (process {process.pid})")
    elif process and owner:
        remedy = f"run 'redaction --workspace {shlex.quote(str(owner))} service stop', or use another port"
        found = f"{number} is used by the service of the workspace {owner} (process {process.pid})"
        yield (failure if needed else warning)(name, found, remedy)
    elif process is None and answers(f"http://127.0.0.1:{number}/livez"):
        yield ok(name, f"{number} is used by a service of a process that this user may not look into")
    else:
        yield _taken(name, number, process, needed)


def dashboard_port(number: int, needed: bool) -> Iterator[Finding]:
    """Check that the port is free, or is used by ZenML's dashboard."""
    name = "dashboard port"
    if _is_free(number):
        yield ok(name, f"{number} is free")
        return
    process = _listener(number)
    if answers(f"http://127.0.0.1:{number}/health"):
        yield ok(name, f"{number} is used by ZenML's dashboard ({_shown(process)})")
    else:
        yield _taken(name, number, process, needed)


def answers(url: str) -> bool:
    """Whether something answers there with success."""
    try:
        return httpx.get(url, timeout=3, trust_env=False).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _is_free(number: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def _taken(name: str, number: int, process: psutil.Process | None, needed: bool) -> Finding:
    remedy = "stop that program, or use another port"
    return (failure if needed else warning)(name, f"{number} is used by another program ({_shown(process)})", remedy)


def _listener(number: int) -> psutil.Process | None:
    """The process that listens on the port; None if the system does not tell this user."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == number and connection.pid:
            with suppress(psutil.NoSuchProcess):  # it may have ended by now
                return psutil.Process(connection.pid)
    return None


def _workspace_of(process: psutil.Process) -> Path | None:
    """The workspace whose service this is, by the files that the process has open and was given; None for another program."""
    with suppress(psutil.Error):
        paths = [*(Path(file.path) for file in process.open_files()), *map(Path, process.cmdline())]
        for path in paths:
            for folder in (path, *path.parents):
                if folder.parts[-2:] == _STATE_OF_SERVICE:
                    return folder.parent.parent
    return None


def _shown(process: psutil.Process | None) -> str:
    """The process for a sentence: its number and the beginning of its command."""
    if process is None:
        return "process unknown"
    with suppress(psutil.Error, ValueError):  # of a process that has just ended nothing is left
        program, *arguments = process.cmdline()
        command = shlex.join([Path(program).name, *arguments])
        return f"process {process.pid}: {command[:MAX_COMMAND_LENGTH]}{'…' if len(command) > MAX_COMMAND_LENGTH else ''}"
    return f"process {process.pid}"
