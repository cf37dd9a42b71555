"""Atomic writes: temporary name, fsync, rename."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redaction.errors import RedactionError

_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space, then run the same command again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "check its permissions, or choose another folder"),
    errno.EFBIG: "raise the limit on the size of files, or choose another disk",
    errno.EIO: "check the disk, then run the same command again",
}


class StorageError(RedactionError, OSError):
    """The operating system refuses to write: the disk is full, or the folder is read-only."""


@contextmanager
def storage_errors(place: Path | None = None) -> Iterator[None]:
    """Turn the operating system's refusal to write into a sentence about `place`, or else about the file that it names.

    Raises:
        StorageError: a write in this block is refused.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        shown = place or error.filename or "A file"
        raise StorageError(f"{shown} cannot be written ({error.strerror}): {_REMEDIES[error.errno]}.") from error


def sha256_of_bytes(data: bytes) -> str:
    """SHA-256 of the bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of the file's bytes, as 64 hexadecimal digits. The file is read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; on success it is synced and renamed to `path`.

    Raises:
        StorageError: the disk is full, or the folder is read-only.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            sync(temporary)
            temporary.replace(path)
            sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write the file atomically."""
    with new_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write the file atomically, in UTF-8."""
    write_bytes(path, text.encode())


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` to fill; on success its files are synced and it is renamed to `path`.

    Raises:
        FileExistsError: `path` exists already (a folder cannot be replaced atomically).
        StorageError: the disk is full, or the folder is read-only.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        try:
            yield temporary
            for file in temporary.rglob("*"):
                sync(file)
            temporary.chmod(0o755)
            temporary.rename(path)
            sync(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
