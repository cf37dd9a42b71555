"""A polite and defensive HTTP client: robots.txt, pacing, retries, checked redirects, responses of bounded size and duration.

URLs come from untrusted pages. Only http and https are followed, and every redirect is checked like a first request. Addresses of
this machine or a private network are refused unless the configuration names that host and port (see `redaction.documents.hosts`).

Every wait that a server asks for is bounded by ``longest_wait_seconds``, and `PoliteClient.stop` ends it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTP_PORT, HTTPS_PORT
from http.cookiejar import CookieJar
from typing import Self, TypeVar

import httpx
from protego import Protego
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from redaction.documents.addresses import resolve
from redaction.documents.failures import Rejected, Unavailable
from redaction.documents.hosts import Resolver, is_host_name
from redaction.documents.responses import SendableCookies, body_of, describe, retry_after_seconds, status_of
from redaction.documents.sources import Politeness
from redaction.documents.transport import EnvironmentTransport, WatchedTransport

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

DEFAULT_PORTS = {"http": HTTP_PORT, "https": HTTPS_PORT}

STOPPED = "the run was stopped"

Result = TypeVar("Result")


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
    left_to_next_run: str | None = None
    """Why no document of this host is requested in this run."""


class _CurrentRequest(threading.local):
    """The request that a thread is making."""

    deadline: float = 0.0


class PoliteClient(AbstractContextManager["PoliteClient"]):
    """HTTP client for one source. Thread-safe.

    Args:
        politeness: pacing and limits.
        named_urls: URLs in the configuration; their hosts may be in a private network.
    """

    def __init__(self, politeness: Politeness, named_urls: tuple[str, ...]) -> None:
        self._politeness = politeness
        named = {_parsed(url).netloc.decode() for url in named_urls}
        self._resolver = Resolver(named, politeness.timeout_seconds, self._raise_if_stopped)
        self._hosts: dict[bytes, _Host] = {}
        self._hosts_lock = threading.Lock()
        self._stopped = threading.Event()
        self._request = _CurrentRequest()
        watched = WatchedTransport(self._raise_if_over, politeness.concurrency, self._resolver)
        self._transport = EnvironmentTransport(watched)
        self._client = httpx.Client(
            headers={"User-Agent": politeness.user_agent, "Accept-Encoding": "identity"},
            timeout=politeness.timeout_seconds,
            transport=self._transport,
            follow_redirects=False,
            cookies=CookieJar(SendableCookies()),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def stop(self) -> None:
        """End all waits and downloads of other threads; they raise `Unavailable`."""
        self._stopped.set()

    def get(self, url: str, read: Callable[[httpx.Response], Result], headers: dict[str, str] | None = None) -> Result:
        """Request `url` and pass the streamed response (200 or 304) to `read`.

        Request and `read` are tried again when the connection breaks or the server is busy.

        Raises:
            Unavailable: there is no response, or one that may differ next time.
            Rejected: robots.txt or an address check forbids the request, or `read` raised it.
        """
        host = self._host(_parsed(url))
        if host.consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            raise Unavailable(f"not tried: the last {MAX_CONSECUTIVE_FAILURES} requests to this host failed")
        attempts = Retrying(
            retry=retry_if_exception_type(_RetryableError),
            stop=stop_after_attempt(self._politeness.attempts),
            wait=self._wait,
            sleep=self._sleep,
            retry_error_callback=_give_up,
        )
        try:
            result: Result = attempts(self._attempt, url, read, headers or {})
        except Unavailable as error:
            host.consecutive_failures = host.consecutive_failures + 1 if error.host_failed else 0
            raise
        host.consecutive_failures = 0
        return result

    def _attempt(self, url: str, read: Callable[[httpx.Response], Result], headers: dict[str, str]) -> Result:
        try:
            with self._follow_redirects(_parsed(url), headers) as response:
                if response.status_code == HTTPStatus.NOT_MODIFIED:
                    response.read()  # it has no body, but only a response read to its end keeps the connection open
                self._raise_for_status(response)
                return read(response)
        except httpx.TransportError as error:
            raise _RetryableError(describe(error)) from error
        except httpx.DecodingError as error:
            raise Unavailable(describe(error)) from error

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
        self._sleep(start - time.monotonic())
        self._request.deadline = time.monotonic() + self._politeness.download_seconds
        return self._client.stream("GET", url, headers=headers)

    def _check_address(self, url: httpx.URL) -> None:
        host = url.raw_host.decode("ascii")
        if url.scheme not in ("http", "https") or not host:
            raise Rejected(f"leads to {url.scheme or 'nowhere'}:, and only http and https are followed")
        if not is_host_name(host):
            raise Rejected(f"leads to {host}, which is not a valid host name")
        try:
            self._resolver.addresses(host, url.port or DEFAULT_PORTS[url.scheme])
        except OSError as error:
            if self._transport.is_direct(url):
                raise _RetryableError(describe(error)) from error

    def _check_robots(self, url: httpx.URL) -> None:
        if not self._politeness.obey_robots:
            return
        host = self._host(url)
        with host.robots_lock:
            if host.robots is None and host.left_to_next_run is None:
                self._load_robots(host, url)
        if host.robots is None or host.left_to_next_run is not None:
            raise Unavailable(f"{host.left_to_next_run}; this host waits for the next run")
        if not host.robots.can_fetch(str(url), self._politeness.user_agent):
            raise Rejected("robots.txt forbids it")

    def _load_robots(self, host: _Host, url: httpx.URL) -> None:
        try:
            host.robots = self._read_robots(url)
            host.crawl_delay = float(host.robots.crawl_delay(self._politeness.user_agent) or 0)
        except (_RetryableError, httpx.TransportError):
            raise
        except (Rejected, Unavailable) as error:
            host.left_to_next_run = f"robots.txt could not be read: {error}"
        except Exception as error:  # noqa: BLE001 - what a server sends must not end the run
            host.left_to_next_run = f"robots.txt could not be read: {describe(error)}"
        longest = self._politeness.longest_wait_seconds
        if host.crawl_delay > longest:
            host.left_to_next_run = (
                f"robots.txt asks for {host.crawl_delay:g} s between requests, which is longer than "
                f"longest_wait_seconds ({longest:g} s)"
            )

    def _read_robots(self, url: httpx.URL) -> Protego:
        """Read robots.txt as in RFC 9309: without the file everything is allowed; if it is unreachable, nothing is."""
        url = url.copy_with(raw_path=b"/robots.txt", fragment=None)
        for _ in range(MAX_REDIRECTS):
            self._check_address(url)
            with self._paced_stream(url, {}) as response:
                if response.has_redirect_location:
                    url = _redirect_target(url, response)
                elif response.status_code in RETRYABLE_STATUSES or response.is_server_error:
                    raise self._busy(response, "robots.txt could not be read: ")
                elif response.is_success:
                    body = b"".join(body_of(response, MAX_ROBOTS_BYTES, truncate=True))
                    return Protego.parse(body.decode("utf-8", errors="replace"))
                else:
                    return Protego.parse("")
        return Protego.parse("")

    def _raise_for_status(self, response: httpx.Response) -> None:
        if response.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            return
        if response.status_code in RETRYABLE_STATUSES:
            raise self._busy(response)
        raise Unavailable(f"the server answered {status_of(response)}")

    def _busy(self, response: httpx.Response, prefix: str = "") -> _RetryableError | Unavailable:
        """The error for a response that may be another one later."""
        reason, wait_seconds = f"the server answered {status_of(response)}", retry_after_seconds(response)
        if wait_seconds is not None and wait_seconds > self._politeness.longest_wait_seconds:
            return Unavailable(f"{reason} and asks to wait {wait_seconds:.0f} s")
        return _RetryableError(prefix + reason, wait_seconds)

    def _host(self, url: httpx.URL) -> _Host:
        with self._hosts_lock:
            return self._hosts.setdefault(url.netloc, _Host())

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _RetryableError) and error.wait_seconds is not None:
            return error.wait_seconds
        backoff, longest = self._politeness.backoff_seconds, self._politeness.longest_wait_seconds
        return min(longest, wait_exponential_jitter(multiplier=backoff, max=60, jitter=backoff)(state))

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(max(0.0, seconds)):
            raise Unavailable(STOPPED)

    def _raise_if_stopped(self) -> None:
        if self._stopped.is_set():
            raise Unavailable(STOPPED)

    def _raise_if_over(self) -> None:
        """Called before each read from a server."""
        self._raise_if_stopped()
        if time.monotonic() > self._request.deadline:
            raise Unavailable(f"the download took longer than {self._politeness.download_seconds:g} s", host_failed=True)


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Rejected(f"is not a valid address: {error}") from error


def _redirect_target(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    target = resolve(response.headers["Location"], str(url))
    if target is None:
        raise Rejected("redirects to an address that is not valid")
    return _parsed(target)


def _give_up(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    raise Unavailable(f"{error} ({state.attempt_number} attempts)", host_failed=True) from error
