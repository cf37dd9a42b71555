"""Why a URL is not read: two kinds of reasons."""

from __future__ import annotations


class Unavailable(Exception):
    """The URL could not be read this time; the next run tries again. The message is the reason."""

    def __init__(self, reason: str, *, host_failed: bool = False) -> None:
        super().__init__(reason)
        self.host_failed = host_failed
        """Whether it counts as a failure of the host: a 404 does not."""


class Rejected(Exception):
    """The URL must not or need not be read: forbidden, too large, not a document. The message is the reason."""
