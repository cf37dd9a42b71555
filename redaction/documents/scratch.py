"""A scratch folder for unfinished files. One ingestion at a time uses it, and removes what a killed run left there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from redaction.errors import RedactionError
from redaction.files import make_private_folder
from redaction.workspace import Workspace


@contextmanager
def exclusive_scratch(workspace: Workspace, name: str) -> Iterator[Path]:
    """An empty folder on the same file system as the workspace; removed on exit.

    Raises:
        RedactionError: another ingestion is running (the operating system releases the lock when its process ends), or the
            workspace cannot be written to.
    """
    folder = workspace.state / "ingestion" / name
    lock = FileLock(folder.parent / "lock", timeout=0)
    try:
        with writing_to(folder.parent):
            make_private_folder(workspace.root)
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
    except Timeout as error:
        raise RedactionError(f"Another ingestion is running in {workspace.root}: wait for it to end.") from error
    try:
        with writing_to(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Report a full disk or a folder that cannot be written to in a sentence.

    Raises:
        RedactionError: the operating system refuses a write in this block.
    """
    try:
        yield
    except Timeout:
        raise  # another process has the lock; it is an OSError, too
    except OSError as error:
        message = f"{folder} cannot be written to ({error.strerror}): free space, or change its permissions."
        raise RedactionError(message) from error
