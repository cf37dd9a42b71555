"""Locks between processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from redaction.errors import RedactionError


@contextmanager
def exclusive(lock_file: Path, refusal: str, max_wait_s: float = 0.0) -> Iterator[None]:
    """Context that one process at a time can be in. The kernel releases its lock even when the process is killed.

    Args:
        lock_file: created if it is missing, with its folder.
        refusal: the sentence for a process that waited in vain.
        max_wait_s: time to wait for the other process.

    Raises:
        RedactionError: another process holds the lock.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file, timeout=max_wait_s)
    try:
        lock.acquire()
    except Timeout as error:
        raise RedactionError(refusal) from error
    try:
        yield
    finally:
        lock.release()
