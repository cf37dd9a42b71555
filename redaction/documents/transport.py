"""An HTTP transport that can end a request at any time, and one that also uses the proxies of the environment.

The timeouts of HTTP clients start again with each byte: a server that sends its answer byte by byte, or endless interim answers,
would hold the run. The look-up of a host's name has no timeout at all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from redaction.documents.hosts import Resolver


class WatchedTransport(httpx.HTTPTransport):
    """Calls `before_read` before each read from a server; what it raises ends the request.

    Args:
        before_read: called in the thread that made the request.
        max_connections: at a time.
        resolver: looks up the hosts.
    """

    def __init__(self, before_read: Callable[[], None], max_connections: int, resolver: Resolver) -> None:
        super().__init__()
        # httpx passes no network backend on to the pool
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            network_backend=_WatchedBackend(before_read, resolver),
        )


class EnvironmentTransport(httpx.BaseTransport):
    """Sends requests through the proxies that the environment names, as httpx does when it is given no transport.

    Requests to this machine, and to the hosts in ``NO_PROXY``, go directly.

    Args:
        direct: the transport for requests without a proxy.
    """

    def __init__(self, direct: httpx.BaseTransport) -> None:
        self._direct = direct
        urls = {scheme: url if "://" in url else f"http://{url}" for scheme, url in getproxies().items()}
        self._proxies = {
            scheme: httpx.HTTPTransport(proxy=url) for scheme, url in urls.items() if scheme in ("http", "https", "all")
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        return (self._proxy(request.url) or self._direct).handle_request(request)

    def is_direct(self, url: httpx.URL) -> bool:
        """Whether requests to this address use no proxy, which looks up host names itself."""
        return self._proxy(url) is None

    def _proxy(self, url: httpx.URL) -> httpx.HTTPTransport | None:
        goes_directly = _is_this_machine(url.host) or proxy_bypass(url.host)
        return None if goes_directly else self._proxies.get(url.scheme) or self._proxies.get("all")

    def close(self) -> None:
        """Close all connections."""
        for transport in (self._direct, *self._proxies.values()):
            transport.close()


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class _WatchedBackend(httpcore.SyncBackend):
    def __init__(self, before_read: Callable[[], None], resolver: Resolver) -> None:
        self._before_read, self._resolver = before_read, resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        try:
            for address in self._resolver.addresses(host, port):
                self._before_read()
                try:
                    stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
                    return _WatchedStream(stream, self._before_read)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failure = error
        except OSError as error:
            failure = httpcore.ConnectError(str(error))
        self._resolver.forget(host)
        raise failure


class _WatchedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, before_read: Callable[[], None]) -> None:
        self._stream, self._before_read = stream, before_read

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._before_read()
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _WatchedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._before_read)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
