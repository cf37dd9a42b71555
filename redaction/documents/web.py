"""A polite and careful HTTP client: robots.txt, pacing, retries, redirects checked one by one, answers of bounded size and time.

Addresses come from pages that strangers wrote. So only http and https are spoken, each hop of a redirect is checked like a first
address, and an address of this machine or of a private network is refused unless the person who wrote the configuration named
that very host and port (else a reading room could make us ask a cloud's metadata service). A name whose address changes between
this check and the request is not caught.
"""

from __future__ import annotations

import email.utils
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Self, TypeVar

import httpx
from protego import Protego
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from redaction.documents.sources import Politeness

MAX_REDIRECTS = 8
MAX_ROBOTS_BYTES = 512 * 1024
"""What RFC 9309 asks crawlers to read at least."""
DEAD_AFTER = 5
"""So many addresses of one host in a row without an answer, and the others are not tried in this run."""
TRY_AGAIN = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}

Result = TypeVar("Result")


class Unavailable(Exception):
    """Nothing came of it this time; the next run tries again. The text says why."""


class Unwanted(Exception):
    """What is there is not for us: forbidden, too large, not a document. The text says why."""


class _Later(Exception):
    """Worth another attempt in this run, after `seconds` where the server said so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass
class _Host:
    """What is known of one host and port during one visit."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    robots_lock: threading.Lock = field(default_factory=threading.Lock)
    robots: Protego | None = None
    crawl_delay: float = 0.0
    next_start: float = 0.0
    failures_in_a_row: int = 0


class PoliteClient(AbstractContextManager["PoliteClient"]):
    """Visits one source; may be used by several threads at once.

    Args:
        politeness: how to behave.
        named_urls: the addresses that the configuration itself names; their hosts may lie in a private network.
    """

    def __init__(self, politeness: Politeness, named_urls: tuple[str, ...]) -> None:
        self._politeness = politeness
        self._named_hosts = {httpx.URL(url).netloc for url in named_urls}
        self._hosts: dict[bytes, _Host] = {}
        self._hosts_lock = threading.Lock()
        self._client = httpx.Client(
            headers={"User-Agent": politeness.user_agent, "Accept-Encoding": "identity"},
            timeout=politeness.timeout_seconds,
            limits=httpx.Limits(max_connections=politeness.concurrency, max_keepalive_connections=politeness.concurrency),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, url: str, read: Callable[[httpx.Response], Result], headers: dict[str, str] | None = None) -> Result:
        """Ask for `url` and let `read` take what it wants from the answer (200 or 304), which is streamed.

        The whole of it, reading included, is tried again when the connection breaks or the server is busy.

        Raises:
            Unavailable: no answer, or an answer that may be another one next time.
            Unwanted: robots.txt or caution forbids it, or `read` refused it.
        """
        host = self._host(httpx.URL(url))
        if host.failures_in_a_row >= DEAD_AFTER:
            raise Unavailable(f"not tried: the last {DEAD_AFTER} addresses of this host could not be had")
        attempts = Retrying(
            retry=retry_if_exception_type(_Later),
            stop=stop_after_attempt(self._politeness.attempts),
            wait=self._wait,
            retry_error_callback=_give_up,
        )
        try:
            result: Result = attempts(self._attempt, url, read, headers or {})
        except Unavailable as error:
            # A plain 404 is an answer: only what was worth another attempt, and never came right, speaks of a dead host.
            host.failures_in_a_row = host.failures_in_a_row + 1 if isinstance(error.__cause__, _Later) else 0
            raise
        host.failures_in_a_row = 0
        return result

    def _attempt(self, url: str, read: Callable[[httpx.Response], Result], headers: dict[str, str]) -> Result:
        try:
            with self._answer(httpx.URL(url), headers) as response:
                if response.status_code == HTTPStatus.NOT_MODIFIED:
                    response.read()  # there is no body, but only an answer read to its end leaves its connection open
                _raise_for_status(response, self._politeness.longest_wait_seconds)
                return read(response)
        except httpx.TransportError as error:
            raise _Later(_sentence(error)) from error
        except (httpx.InvalidURL, httpx.DecodingError) as error:
            raise Unavailable(_sentence(error)) from error

    @contextmanager
    def _answer(self, url: httpx.URL, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """The answer at the end of the redirects, each hop of which is checked and paced."""
        for _ in range(MAX_REDIRECTS + 1):
            self._check_address(url)
            self._check_robots(url)
            with self._paced_stream(url, headers) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                url = _target(url, response)
        raise Unwanted(f"more than {MAX_REDIRECTS} redirects")

    def _paced_stream(self, url: httpx.URL, headers: dict[str, str]) -> AbstractContextManager[httpx.Response]:
        host = self._host(url)
        with host.lock:
            start = max(time.monotonic(), host.next_start)
            host.next_start = start + max(self._politeness.delay_seconds, host.crawl_delay)
        time.sleep(max(0.0, start - time.monotonic()))
        return self._client.stream("GET", url, headers=headers)

    def _check_address(self, url: httpx.URL) -> None:
        if url.scheme not in ("http", "https") or not url.host:
            raise Unwanted(f"leads to {url.scheme or 'nowhere'}:, and only http and https are followed")
        if url.netloc not in self._named_hosts and _is_internal(url.host):
            raise Unwanted(f"leads to {url.netloc.decode()} in a private network, which the configuration does not name")

    def _check_robots(self, url: httpx.URL) -> None:
        if not self._politeness.obey_robots:
            return
        host = self._host(url)
        with host.robots_lock:
            if host.robots is None:
                host.robots = self._read_robots(url)
                host.crawl_delay = float(host.robots.crawl_delay(self._politeness.user_agent) or 0)
        if not host.robots.can_fetch(str(url), self._politeness.user_agent):
            raise Unwanted("robots.txt forbids it")

    def _read_robots(self, url: httpx.URL) -> Protego:
        """RFC 9309: redirects are followed, no file means that all is allowed, an unreachable one that nothing is."""
        url = url.copy_with(raw_path=b"/robots.txt", fragment=None)
        for _ in range(MAX_REDIRECTS):
            self._check_address(url)
            with self._paced_stream(url, {}) as response:
                if response.has_redirect_location:
                    url = _target(url, response)
                elif response.status_code in TRY_AGAIN or response.is_server_error:
                    raise _Later(f"robots.txt could not be read: the server answered {_status(response)}", _retry_after(response))
                elif response.is_success:
                    body = b"".join(bounded(response, MAX_ROBOTS_BYTES, self._politeness.download_seconds, cut=True))
                    return Protego.parse(body.decode("utf-8", errors="replace"))
                else:
                    return Protego.parse("")
        return Protego.parse("")

    def _host(self, url: httpx.URL) -> _Host:
        with self._hosts_lock:
            return self._hosts.setdefault(url.netloc, _Host())

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Later) and error.seconds is not None:
            return error.seconds
        backoff = self._politeness.backoff_seconds
        return wait_exponential_jitter(multiplier=backoff, max=60, jitter=backoff)(state)


def bounded(response: httpx.Response, max_bytes: int, max_seconds: float, *, cut: bool = False) -> Iterator[bytes]:
    """The body in pieces, within limits: a body may have no end, and a server may send a byte a minute for ever.

    Raises:
        Unwanted: the body is, or says that it is, larger than `max_bytes` (with `cut` it is cut there instead).
        Unavailable: it takes longer than `max_seconds`.
    """
    too_large = f"larger than {max_bytes / 1e6:g} MB"
    if not cut and int(response.headers.get("Content-Length", "0") or 0) > max_bytes:
        raise Unwanted(too_large)
    deadline, size = time.monotonic() + max_seconds, 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > max_bytes:
            if cut:
                return
            raise Unwanted(too_large)
        if time.monotonic() > deadline:
            raise Unavailable(f"the download took longer than {max_seconds:g} s")
        yield piece


def _target(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    try:
        return url.join(response.headers["Location"]).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        raise Unwanted(f"redirects to an address that makes no sense: {error}") from error


def _raise_for_status(response: httpx.Response, longest_wait_seconds: float) -> None:
    if response.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        return
    reason = f"the server answered {_status(response)}"
    if response.status_code not in TRY_AGAIN:
        raise Unavailable(reason)
    seconds = _retry_after(response)
    if seconds is not None and seconds > longest_wait_seconds:
        raise Unavailable(f"{reason} and asks to wait {seconds:.0f} s")
    raise _Later(reason, seconds)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait: given as a number or as a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _give_up(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    raise Unavailable(f"{error} ({state.attempt_number} attempts)") from error


def _status(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _is_internal(host: str) -> bool:
    """Whether the name leads to this machine or a private network; one that does not resolve is left to the request to report."""
    try:
        return _resolves_inside(host)
    except (OSError, UnicodeError):
        return False


@lru_cache(maxsize=4096)
def _resolves_inside(host: str) -> bool:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return any(not ipaddress.ip_address(str(entry[4][0]).split("%")[0]).is_global for entry in found)
