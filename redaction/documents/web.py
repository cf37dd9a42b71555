"""A polite and defensive HTTP client: robots.txt, pacing, retries, checked redirects, responses of bounded size and duration.

URLs come from untrusted pages. Only http and https are followed, and every redirect is checked like a first request. Addresses of
this machine or a private network are refused unless the configuration names that host and port; otherwise a page could make us
query the metadata service of a cloud (server-side request forgery). DNS rebinding, a host name that resolves to another address
between the check and the request, is not detected.
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
"""The minimum that RFC 9309 requires crawlers to read."""
MAX_CONSECUTIVE_FAILURES = 5
"""After this many failed URLs of one host in a row, its other URLs are left to the next run."""
RETRYABLE_STATUSES = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}

Result = TypeVar("Result")


class Unavailable(Exception):
    """The URL could not be read this time; the next run tries again. The message is the reason."""


class Rejected(Exception):
    """The URL must not or need not be read: forbidden, too large, not a document. The message is the reason."""


class _RetryableError(Exception):
    """Another attempt in this run may succeed; `wait_seconds` is the wait that the server asks for, if any."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


@dataclass
class _Host:
    """State of one host and port."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    robots_lock: threading.Lock = field(default_factory=threading.Lock)
    robots: Protego | None = None
    crawl_delay: float = 0.0
    next_start: float = 0.0
    consecutive_failures: int = 0


class PoliteClient(AbstractContextManager["PoliteClient"]):
    """HTTP client for one source. Thread-safe.

    Args:
        politeness: pacing and limits.
        named_urls: URLs in the configuration; their hosts may be in a private network.
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
        """Request `url` and pass the streamed response (200 or 304) to `read`.

        Request and `read` are tried again when the connection breaks or the server is busy.

        Raises:
            Unavailable: there is no response, or one that may differ next time.
            Rejected: robots.txt or an address check forbids the request, or `read` raised it.
        """
        host = self._host(httpx.URL(url))
        if host.consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            raise Unavailable(f"not tried: the last {MAX_CONSECUTIVE_FAILURES} requests to this host failed")
        attempts = Retrying(
            retry=retry_if_exception_type(_RetryableError),
            stop=stop_after_attempt(self._politeness.attempts),
            wait=self._wait,
            retry_error_callback=_give_up,
        )
        try:
            result: Result = attempts(self._attempt, url, read, headers or {})
        except Unavailable as error:
            # a 404 is a response; only exhausted retries count against the host
            host.consecutive_failures = host.consecutive_failures + 1 if isinstance(error.__cause__, _RetryableError) else 0
            raise
        host.consecutive_failures = 0
        return result

    def _attempt(self, url: str, read: Callable[[httpx.Response], Result], headers: dict[str, str]) -> Result:
        try:
            with self._follow_redirects(httpx.URL(url), headers) as response:
                if response.status_code == HTTPStatus.NOT_MODIFIED:
                    response.read()  # it has no body, but only a response read to its end keeps the connection open
                _raise_for_status(response, self._politeness.longest_wait_seconds)
                return read(response)
        except httpx.TransportError as error:
            raise _RetryableError(_describe(error)) from error
        except (httpx.InvalidURL, httpx.DecodingError) as error:
            raise Unavailable(_describe(error)) from error

    @contextmanager
    def _follow_redirects(self, url: httpx.URL, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """The response at the end of the redirects; every hop is checked and paced."""
        for _ in range(MAX_REDIRECTS + 1):
            self._check_address(url)
            self._check_robots(url)
            with self._paced_stream(url, headers) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                url = _redirect_target(url, response)
        raise Rejected(f"more than {MAX_REDIRECTS} redirects")

    def _paced_stream(self, url: httpx.URL, headers: dict[str, str]) -> AbstractContextManager[httpx.Response]:
        host = self._host(url)
        with host.lock:
            start = max(time.monotonic(), host.next_start)
            host.next_start = start + max(self._politeness.delay_seconds, host.crawl_delay)
        time.sleep(max(0.0, start - time.monotonic()))
        return self._client.stream("GET", url, headers=headers)

    def _check_address(self, url: httpx.URL) -> None:
        if url.scheme not in ("http", "https") or not url.host:
            raise Rejected(f"leads to {url.scheme or 'nowhere'}:, and only http and https are followed")
        if url.netloc not in self._named_hosts and _is_internal(url.host):
            raise Rejected(f"leads to {url.netloc.decode()} in a private network, which the configuration does not name")

    def _check_robots(self, url: httpx.URL) -> None:
        if not self._politeness.obey_robots:
            return
        host = self._host(url)
        with host.robots_lock:
            if host.robots is None:
                host.robots = self._read_robots(url)
                host.crawl_delay = float(host.robots.crawl_delay(self._politeness.user_agent) or 0)
        if not host.robots.can_fetch(str(url), self._politeness.user_agent):
            raise Rejected("robots.txt forbids it")

    def _read_robots(self, url: httpx.URL) -> Protego:
        """Read robots.txt as in RFC 9309: without the file everything is allowed; if it is unreachable, nothing is."""
        url = url.copy_with(raw_path=b"/robots.txt", fragment=None)
        for _ in range(MAX_REDIRECTS):
            self._check_address(url)
            with self._paced_stream(url, {}) as response:
                if response.has_redirect_location:
                    url = _redirect_target(url, response)
                elif response.status_code in RETRYABLE_STATUSES or response.is_server_error:
                    reason = f"robots.txt could not be read: the server answered {_status(response)}"
                    raise _RetryableError(reason, _retry_after_seconds(response))
                elif response.is_success:
                    body = b"".join(read_bounded(response, MAX_ROBOTS_BYTES, self._politeness.download_seconds, truncate=True))
                    return Protego.parse(body.decode("utf-8", errors="replace"))
                else:
                    return Protego.parse("")
        return Protego.parse("")

    def _host(self, url: httpx.URL) -> _Host:
        with self._hosts_lock:
            return self._hosts.setdefault(url.netloc, _Host())

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _RetryableError) and error.wait_seconds is not None:
            return error.wait_seconds
        backoff = self._politeness.backoff_seconds
        return wait_exponential_jitter(multiplier=backoff, max=60, jitter=backoff)(state)


def read_bounded(response: httpx.Response, max_bytes: int, max_seconds: float, *, truncate: bool = False) -> Iterator[bytes]:
    """Yield the body in chunks, limited in size and time: an untrusted body may be endless or arrive very slowly.

    Raises:
        Rejected: the body, or its declared length, exceeds `max_bytes` (with `truncate` it ends there instead).
        Unavailable: it takes longer than `max_seconds`.
    """
    too_large = f"larger than {max_bytes / 1e6:g} MB"
    if not truncate and int(response.headers.get("Content-Length", "0") or 0) > max_bytes:
        raise Rejected(too_large)
    deadline, size = time.monotonic() + max_seconds, 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > max_bytes:
            if truncate:
                return
            raise Rejected(too_large)
        if time.monotonic() > deadline:
            raise Unavailable(f"the download took longer than {max_seconds:g} s")
        yield chunk


def _redirect_target(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    try:
        return url.join(response.headers["Location"]).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        raise Rejected(f"redirects to an invalid URL: {error}") from error


def _raise_for_status(response: httpx.Response, longest_wait_seconds: float) -> None:
    if response.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        return
    reason = f"the server answered {_status(response)}"
    if response.status_code not in RETRYABLE_STATUSES:
        raise Unavailable(reason)
    wait_seconds = _retry_after_seconds(response)
    if wait_seconds is not None and wait_seconds > longest_wait_seconds:
        raise Unavailable(f"{reason} and asks to wait {wait_seconds:.0f} s")
    raise _RetryableError(reason, wait_seconds)


def _retry_after_seconds(response: httpx.Response) -> float | None:
    """The wait in the ``Retry-After`` header, which is a number of seconds or a date."""
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


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _is_internal(host: str) -> bool:
    """Whether the host is this machine or in a private network. A name that does not resolve is reported by the request."""
    try:
        return _resolves_to_internal_address(host)
    except (OSError, UnicodeError):
        return False


@lru_cache(maxsize=4096)
def _resolves_to_internal_address(host: str) -> bool:
    addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return any(not ipaddress.ip_address(str(entry[4][0]).split("%")[0]).is_global for entry in addresses)
