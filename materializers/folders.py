"""Folders in an artifact store, whichever it is."""

from __future__ import annotations

import posixpath
from pathlib import Path

from zenml.artifact_stores import BaseArtifactStore
from zenml.artifact_stores.local_artifact_store import LocalArtifactStore
from zenml.io import fileio
from zenml.materializers.base_materializer import BaseMaterializer


def store_folder(store: BaseArtifactStore, folder: Path, uri: str) -> None:
    """Copy every file below `folder` to `uri`."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        target = posixpath.join(uri, file.relative_to(folder).as_posix())
        store.makedirs(posixpath.dirname(target))
        fileio.copy(str(file), target, overwrite=True)  # unlike the store's own copyfile it may read from anywhere


def stored_folder(materializer: BaseMaterializer, uri: str) -> Path:
    """A folder on this machine with what lies at `uri`: the store's own where that is local, else a copy for this step.

    It is only to be read: a local store's own files are handed out.
    """
    store = materializer.artifact_store
    if isinstance(store, LocalArtifactStore):
        return Path(uri)
    with materializer.get_temporary_directory(delete_at_exit=False) as name:
        root = Path(name)
    for directory, _, files in store.walk(uri):
        below = root / posixpath.relpath(str(directory), uri)
        below.mkdir(parents=True, exist_ok=True)
        for file in files:
            fileio.copy(posixpath.join(str(directory), str(file)), str(below / str(file)), overwrite=True)
    return root
