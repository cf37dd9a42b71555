"""Copy folders to and from any artifact store."""

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
        fileio.copy(str(file), target, overwrite=True)  # unlike the store's copyfile, this can read from outside the store


def stored_folder(materializer: BaseMaterializer, uri: str) -> Path:
    """A local folder with the content of `uri`: the folder itself in a local store, else a temporary copy.

    Read-only: in a local store these are the stored files themselves.
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
