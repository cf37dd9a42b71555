"""The objects (files by digest) that a checkpoint consists of: on the remote, in the local cache, and from one to the other.

DVC takes it for granted that a folder whose listing is on the remote is there as a whole, and says nothing when files of it are
gone. So what is on the remote is listed and compared here, and what was pushed is read back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import fsspec
from dvc.exceptions import DvcException
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.transfer import transfer
from dvc_data.hashfile.tree import Tree
from dvc_objects.errors import ObjectFormatError

from redaction.checkpoints.registry import REMOTE, Pointers, Registry
from redaction.errors import RedactionError

_PIECE = 1 << 20


class Store:
    """The remote and the cache of an open registry."""

    def __init__(self, registry: Registry) -> None:
        self.url = registry.remote_url
        self._cache = registry.dvc.cache.local
        try:
            with self.remote_faults():
                self._remote = registry.dvc.cloud.get_remote_odb(REMOTE)
        except ImportError as error:
            raise RedactionError(f"The remote {self.url} needs a package that is not here: {error}.") from error

    def folder(self, digest: str) -> dict[str, str]:
        """The files of a folder: path relative to it, and digest. The listing is fetched from the remote where it is not cached.

        Raises:
            RedactionError: neither the cache nor the remote has the listing.
        """
        info = HashInfo("md5", digest)
        for odb in (self._cache, self._remote):
            try:
                tree = Tree.load(odb, info)
            except (FileNotFoundError, ObjectFormatError):
                continue
            return {"/".join(key): entry.value for key, _, entry in tree}
        raise RedactionError(
            f"The remote {self.url} has lost the listing {digest}, and this machine has no copy; "
            "run `redaction checkpoints repair` on a machine that has the checkpoint."
        )

    def objects(self, pointers: Pointers) -> set[str]:
        """The digests of everything that a checkpoint with these pointers needs, the listings of its folders included."""
        needed = set(pointers.values())
        for digest in pointers.values():
            needed.update(self.folder(digest).values())
        return needed

    def on_remote(self) -> dict[str, int]:
        """The digest of every object on the remote, and its size in bytes."""
        with self.remote_faults():
            found = _listing(self._remote)
        return {"".join(path.rsplit("/", 2)[-2:]): int(info["size"]) for path, info in found.items()}

    def missing(self, needed: Collection[str], on_remote: dict[str, int]) -> set[str]:
        """Which of the objects are not on the remote, or have another size there than in the cache."""
        return {oid for oid in needed if oid not in on_remote or self._cached_size(oid) not in (None, on_remote[oid])}

    def damaged(self, oids: Collection[str]) -> set[str]:
        """Which of the objects have other bytes on the remote than their digest says; each is read whole."""
        with self.remote_faults():
            return {oid for oid in oids if _digest(self._remote, oid) != oid.removesuffix(".dir")}

    def damaged_in_cache(self, oids: Collection[str]) -> set[str]:
        """Which of the objects the cache does not have, or has with other bytes."""
        return {oid for oid in oids if self._cached_size(oid) is None or _digest(self._cache, oid) != oid.removesuffix(".dir")}

    def not_cached(self, oids: Collection[str]) -> set[str]:
        """Which of the objects the cache does not have."""
        return {oid for oid in oids if self._cached_size(oid) is None}

    def forget(self, oids: Collection[str]) -> None:
        """Take objects out of the cache, so that they can be taken in again."""
        _delete(self._cache, oids)

    def push(self, oids: Collection[str]) -> None:
        """Copy objects from the cache to the remote and read them back.

        Raises:
            RedactionError: an object is not in the cache, or did not arrive.
        """
        self._move(self._cache, self._remote, oids)
        lost = self.missing(oids, self.on_remote())
        lost |= self.damaged(set(oids) - lost)
        if lost:
            raise RedactionError(
                f"Not all files reached the remote {self.url} whole ({len(lost)} of {len(oids)} did not); check its space and "
                "permissions, then run the same command again."
            )

    def fetch(self, oids: Collection[str]) -> None:
        """Copy what the cache lacks (or holds with other bytes) from the remote.

        Raises:
            RedactionError: the remote does not have it either.
        """
        lacking = self.damaged_in_cache(oids)
        if not lacking:
            return
        on_remote = self.on_remote()
        lost = lacking - on_remote.keys()
        if not lost:
            self._move(self._remote, self._cache, lacking)
            lost = self.damaged_in_cache(lacking)
        if lost:
            raise RedactionError(
                f"Files of the checkpoint are gone or damaged on the remote {self.url} ({len(lost)} of {len(oids)}), "
                "and this machine has no copy; run `redaction checkpoints repair` on a machine that has them."
            )

    def _cached_size(self, oid: str) -> int | None:
        path = Path(self._cache.oid_to_path(oid))
        return path.stat().st_size if path.is_file() else None

    def _move(self, source: Any, target: Any, oids: Collection[str]) -> None:
        with self.remote_faults():
            # DVC leaves alone what is there already, whatever its bytes.
            _delete(target, oids)
            # Listings last: whoever finds one may rely on its files.
            for group in ([oid for oid in oids if not oid.endswith(".dir")], [oid for oid in oids if oid.endswith(".dir")]):
                infos = {HashInfo("md5", oid) for oid in group}
                transfer(source, target, infos, cache_odb=self._cache, shallow=True)

    @contextmanager
    def remote_faults(self) -> Iterator[None]:
        """Tell of a remote that cannot be reached in one sentence, whatever kind of remote it is."""
        try:
            yield
        except (OSError, DvcException, *_faults_of_s3()) as error:
            raise RedactionError(f"The remote {self.url} cannot be used: {error}; check its address and access.") from error


def _delete(odb: Any, oids: Collection[str]) -> None:
    for oid in oids:
        if odb.exists(oid):
            odb.delete(oid)


def _faults_of_s3() -> tuple[type[Exception], ...]:
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return ()
    return (BotoCoreError, ClientError)


def _listing(odb: Any) -> dict[str, dict[str, Any]]:
    # DVC's own file systems list names only; the one underneath tells sizes in the same sweep.
    files = fsspec.filesystem("file") if odb.fs.protocol == "local" else odb.fs.fs
    files.invalidate_cache()
    found: dict[str, dict[str, Any]] = files.find(odb.path, detail=True)
    return found


def _digest(odb: Any, oid: str) -> str:
    try:
        with odb.fs.open(odb.oid_to_path(oid), "rb") as file:
            return _md5(file)
    except FileNotFoundError:
        return ""


def md5_of_file(path: Path) -> str:
    """The digest that DVC knows the file by."""
    with path.open("rb") as file:
        return _md5(file)


def _md5(file: BinaryIO) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
