"""Folder sources: the documents in a local folder, as ``file:`` URLs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from redaction.documents.addresses import readable
from redaction.documents.sources import FolderSource
from redaction.pages.kinds import SUFFIXES

ProblemCallback = Callable[[str, str], None]
"""Takes a place and what is wrong with it."""

DOCUMENT_SUFFIXES = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}


def local_documents(source: FolderSource, problem: ProblemCallback, warning: ProblemCallback) -> list[str]:
    """URLs of the documents in the folder, each once and in a fixed order.

    Symbolic links are followed, also out of the folder: its owner wants these documents. One that leads nowhere is
    a warning.
    """
    folder = source.path.expanduser()
    if not folder.is_dir():
        problem(_shown(folder), "there is no such folder: create it and put documents there, or disable this source")
        return []
    found = sorted({path.as_uri() for path in _documents(folder.resolve(), source.recursive, problem, warning)})
    if not found:
        warning(_shown(folder), "no document was found in this folder")
    return found


def local_path(url: str) -> Path | None:
    """The path of a ``file:`` URL, whatever the encoding of its name; None for any other URL."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path))) if url.startswith("file:") else None


def _documents(root: Path, recursive: bool, problem: ProblemCallback, warning: ProblemCallback) -> Iterator[Path]:
    """The resolved paths of the documents. Each folder is read once, so that symbolic links cannot lead in circles."""

    def unreadable(error: OSError) -> None:
        problem(_shown(Path(error.filename)), f"cannot be read: {error.strerror}")

    seen = {root}
    for folder, subfolders, names in os.walk(root, onerror=unreadable, followlinks=True):
        for path in (Path(folder, name) for name in names):
            if path.is_symlink() and not path.exists():
                warning(_shown(path), "is a symbolic link that leads nowhere")
            elif path.suffix.lower() in DOCUMENT_SUFFIXES and path.is_file():
                yield path.resolve()
        targets = {Path(folder, name).resolve(): name for name in subfolders if recursive}
        subfolders[:] = [name for target, name in targets.items() if target not in seen]
        seen.update(targets)


def _shown(path: Path) -> str:
    return readable(os.fsencode(path))
