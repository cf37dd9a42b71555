"""A folder for half-done files, for one ingestion at a time; what a killed run left in it is cleared away by the next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from redaction.errors import RedactionError
from redaction.workspace import Workspace


@contextmanager
def exclusive_scratch(workspace: Workspace, name: str) -> Iterator[Path]:
    """An empty folder inside the workspace's state, so on the same file system as the finished files, removed on leaving.

    Raises:
        RedactionError: another process is at it (the lock goes when its holder dies, however it dies).
    """
    folder = workspace.state / "ingestion" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise RedactionError(f"Another ingestion is running in {workspace.root}: wait for it to end.") from error
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
