"""Ports of this machine: find a free one, and say who has a taken one."""

from __future__ import annotations

import errno
import os
import socket
import time
from contextlib import suppress

import psutil

from redaction.errors import RedactionError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3000

MAX_RELEASE_S = 2.0
"""Time that the system takes to close the port of a process that was killed; it names no process for it then."""

MAX_WAITING_CONNECTIONS = 2048
"""Connections that wait while no worker accepts them; Linux has a limit of its own, net.core.somaxconn."""


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
    listen(host, port).close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        RedactionError: it cannot; the message names the process that listens there, if known.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    released_by = time.monotonic() + MAX_RELEASE_S
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=MAX_WAITING_CONNECTIONS)
        except OSError as error:
            listener = _listener(port)
            if error.errno == errno.EADDRINUSE and not listener and time.monotonic() < released_by:
                time.sleep(0.1)
                continue
            raise RedactionError(
                f"Port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}){listener}; "
                "stop that, or choose another port."
            ) from error


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
