"""Host names that come from untrusted pages: looked up in bounded time, and refused if they lead into a private network.

Without the refusal, a page could make us query the metadata service of a cloud (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from http.client import HTTP_PORT, HTTPS_PORT

from redaction.documents.failures import Rejected

POLL_S = 0.1


def is_host_name(host: str) -> bool:
    """Whether the host can be looked up: Python encodes it first, and refuses labels that are empty or too long."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


class Resolver:
    """Looks up hosts. Thread-safe.

    A host is looked up once, so that the addresses to connect to are those that were checked: otherwise, its name could lead
    somewhere else by the time of the connection (DNS rebinding).

    Args:
        named: what the configuration names, as ``host`` or ``host:port``; these may be in a private network.
        seconds: time limit for one name. The system's own limit depends on its configuration, and there may be none.
        check: called while a thread waits; what it raises ends the wait.
    """

    def __init__(self, named: Collection[str], seconds: float, check: Callable[[], None]) -> None:
        self._named = frozenset(named)
        self._seconds = seconds
        self._check = check
        self._found: dict[str, tuple[str, ...]] = {}

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host, in the order in which to try them.

        Raises:
            Rejected: it is this machine or in a private network, and the configuration does not name it.
            OSError: its name cannot be looked up.
            TimeoutError: not within the time limit.
        """
        found = self._found.get(host)
        if found is None:
            found = self._found[host] = self._look_up(host)
        names = _names(host, port)
        if not self._named.intersection(names) and not all(ipaddress.ip_address(address).is_global for address in found):
            raise Rejected(f"leads to {names[0]} in a private network, which the configuration does not name")
        return found

    def forget(self, host: str) -> None:
        """Look the host up again when it is needed next: none of its addresses answered."""
        self._found.pop(host, None)

    def _look_up(self, host: str) -> tuple[str, ...]:
        # a look-up cannot be ended, so it has a thread of its own, which a waiting run or the end of the process leaves behind
        answer: Future[tuple[str, ...]] = Future()
        threading.Thread(target=_answer, args=(host, answer), name=f"look up {host}", daemon=True).start()
        deadline = time.monotonic() + self._seconds
        while not wait((answer,), min(POLL_S, self._seconds)).done:
            self._check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"looking up {host} took longer than {self._seconds:g} s")
        return answer.result()


def _answer(host: str, answer: Future[tuple[str, ...]]) -> None:
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        answer.set_result(tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in entries)))
    except Exception as error:  # noqa: BLE001 - raised in the thread that waits
        answer.set_exception(error)


def _names(host: str, port: int) -> tuple[str, ...]:
    """The ways in which a configuration may name a host and port; the first is the one to show."""
    shown = f"[{host}]" if ":" in host else host
    full = f"{shown}:{port}"
    return (shown, full) if port in (HTTP_PORT, HTTPS_PORT) else (full,)
