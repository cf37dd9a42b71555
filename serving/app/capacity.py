"""Bounds the memory that the bodies of requests take, however many clients send at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.app.errors import too_busy


class BodyMemory:
    """Counts the bytes of the bodies that are being read or wait for an answer.

    Args:
        limit: how many may be held at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @contextmanager
    def of_request(self) -> Iterator[Callable[[int], None]]:
        """Context of one request; yields a function that takes a number of bytes, which are given back at the end.

        The function raises RequestError if there is no room for them.
        """
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if self._held + count > self._limit:
                raise too_busy()
            self._held += count
            taken += count

        try:
            yield take
        finally:
            self._held -= taken
