"""Files that this program writes: atomically (temporary name, fsync, rename), and readable by their user alone.

What may be read by whom is said in one place, docs/ingestion.md.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import sys
import tempfile
import threading
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


_PRIVATE_UMASK = 0o077
_users_umask: int | None = None
_umask_lock = threading.Lock()


def keep_private() -> int:
    """Let only the user read what this process creates from now on, whichever library or program creates it.

    Returns:
        The umask that the user has set.
    """
    global _users_umask
    with _umask_lock:
        if _users_umask is None:
            _users_umask = os.umask(_PRIVATE_UMASK)
        return _users_umask


def make_private_folder(path: Path) -> None:
    """Create a folder if it is missing; let nobody but its owner enter it, unless it belongs to another user."""
    keep_private()
    path.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":  # where a folder inherits who may enter it
        return
    status = path.stat()
    if status.st_mode & _PRIVATE_UMASK and status.st_uid == os.geteuid():
        path.chmod(status.st_mode & ~_PRIVATE_UMASK)


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
        number = error.errno or _copying_errno(error)
        if number not in _REMEDIES:
            raise
        shown = place or error.filename or "A file"
        raise StorageError(f"{shown} cannot be written ({os.strerror(number)}): {_REMEDIES[number]}.") from error


def _copying_errno(error: OSError) -> int | None:
    """The number that `shutil.copytree` keeps only in the text of its error, which is about several files."""
    found = re.search(r"\[Errno (\d+)\]", str(error)) if isinstance(error, shutil.Error) else None
    return int(found[1]) if found else None


def sha256_of_bytes(data: bytes) -> str:
    """SHA-256 of the bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of the file's bytes, as 64 hexadecimal digits. The file is read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def new_file(path: Path, *, private: bool = True) -> Iterator[Path]:
    """A temporary path beside `path` to write to; on success it is synced and renamed to `path`.

    Args:
        path: the file; missing folders are created.
        private: whether only the user may read it, as everything that could hold documents, pages or annotations; otherwise the
            user's umask decides.

    Raises:
        StorageError: the disk is full, or the folder is read-only.
    """
    umask = keep_private()
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o600 if private else 0o666 & ~umask)
            sync(temporary)
            temporary.replace(path)
            sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, private: bool = True) -> None:
    """Write the file atomically; see `new_file`."""
    with new_file(path, private=private) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str, *, private: bool = True) -> None:
    """Write the file atomically, in UTF-8; see `new_file`."""
    write_bytes(path, text.encode(), private=private)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` to fill; on success its files are synced and it is renamed to `path`.

    Only the user may read it.

    Raises:
        FileExistsError: `path` exists already (a folder cannot be replaced atomically).
        StorageError: the disk is full, or the folder is read-only.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    keep_private()
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        try:
            yield temporary
            for file in temporary.rglob("*"):
                file.chmod(file.stat().st_mode & ~_PRIVATE_UMASK)  # copies keep the permissions of what was copied
                sync(file)
            temporary.rename(path)
            sync(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to disk."""
    access = os.O_RDONLY
    if sys.platform == "win32":  # which opens no folder, and flushes only what is open for writing
        if path.is_dir():
            return
        access = os.O_RDWR
    descriptor = os.open(path, access)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
