"""Checks of host names that come from untrusted pages.

Without them, a page could make us query the metadata service of a cloud (server-side request forgery). DNS rebinding, a host name
that resolves to another address between the check and the request, is not detected.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache


def is_host_name(host: str) -> bool:
    """Whether the host can be looked up: Python encodes it first, and refuses labels that are empty or too long."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def is_internal(host: str) -> bool:
    """Whether the host is this machine or in a private network. A name that does not resolve is reported by the request."""
    try:
        return _resolves_to_internal_address(host)
    except OSError:
        return False


@lru_cache(maxsize=4096)
def _resolves_to_internal_address(host: str) -> bool:
    addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return any(not ipaddress.ip_address(str(entry[4][0]).split("%")[0]).is_global for entry in addresses)
