"""The objects of a checkpoint (files by digest): on the remote, in the local cache, and the transfer between the two.

DVC assumes that a folder is complete on the remote if its listing is there, and does not report missing files. Therefore the
remote is listed and compared here, and everything that was pushed is read back.
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

from redaction.checkpoints.registry import REMOTE_NAME, Pointers, Registry
from redaction.errors import RedactionError
from redaction.files import new_file

_CHUNK_BYTES = 1 << 20


class ObjectStore:
    """The remote and the cache of an open registry."""

    def __init__(self, registry: Registry) -> None:
        self.url = registry.remote_url
        self._cache = registry.dvc.cache.local
        try:
            with self._remote_errors():
                self._remote = registry.dvc.cloud.get_remote_odb(REMOTE_NAME)
        except ImportError as error:
            raise RedactionError(f"The remote {self.url} needs a package that is not installed: {error}.") from error

    def files_of_folder(self, digest: str) -> dict[str, str]:
        """The files of a folder: digest by relative path. If the folder's listing is not cached, it is read from the remote.

        Raises:
            RedactionError: neither the cache nor the remote has the listing.
        """
        info = HashInfo("md5", digest)
        for odb in (self._cache, self._remote):
            try:
                tree = Tree.load(odb, info)
            except (FileNotFoundError, ObjectFormatError):
                continue
            files = {"/".join(key): str(entry.value) for key, _, entry in tree}
            if any(name.startswith("/") or ".." in name.split("/") for name in files):
                raise RedactionError(f"The listing {digest} on {self.url} leads out of the workspace; use another checkpoint.")
            return files
        raise RedactionError(
            f"The remote {self.url} has lost the listing {digest}, and this machine has no copy; "
            "run `redaction checkpoints repair` on a machine that has the checkpoint."
        )

    def objects_of(self, pointers: Pointers) -> set[str]:
        """The digests of all objects of a checkpoint with these pointers, including the listings of its folders."""
        needed = set(pointers.values())
        for digest in pointers.values():
            needed.update(self.files_of_folder(digest).values())
        return needed

    def copy_folder(self, digest: str, target: Path) -> None:
        """Copy a folder's files into the folder `target`, from the cache or else from the remote."""
        for name, oid in self.files_of_folder(digest).items():
            odb = self._remote if self._cached_size(oid) is None else self._cache
            with self._remote_errors(), new_file(target / name) as path:
                odb.fs.get_file(odb.oid_to_path(oid), str(path))

    def remote_sizes(self) -> dict[str, int]:
        """The size in bytes of every object on the remote, by digest."""
        with self._remote_errors():
            found = _list_files(self._remote)
        return {"".join(path.rsplit("/", 2)[-2:]): int(info["size"]) for path, info in found.items()}

    def missing_on_remote(self, needed: Collection[str], remote_sizes: dict[str, int]) -> set[str]:
        """The objects that are not on the remote, or whose size there differs from the cached one."""
        return {oid for oid in needed if oid not in remote_sizes or self._cached_size(oid) not in (None, remote_sizes[oid])}

    def damaged_on_remote(self, oids: Collection[str]) -> set[str]:
        """The objects whose bytes on the remote do not match their digest; each is read in full."""
        with self._remote_errors():
            return {oid for oid in oids if _digest(self._remote, oid) != oid.removesuffix(".dir")}

    def damaged_in_cache(self, oids: Collection[str]) -> set[str]:
        """The objects that are not in the cache, or whose bytes there do not match their digest."""
        return {oid for oid in oids if self._cached_size(oid) is None or _digest(self._cache, oid) != oid.removesuffix(".dir")}

    def missing_in_cache(self, oids: Collection[str]) -> set[str]:
        """The objects that are not in the cache."""
        return {oid for oid in oids if self._cached_size(oid) is None}

    def remove_from_cache(self, oids: Collection[str]) -> None:
        """Delete objects from the cache, so that they can be added again."""
        _delete(self._cache, oids)

    def push(self, oids: Collection[str]) -> None:
        """Copy objects from the cache to the remote and read them back.

        Raises:
            RedactionError: an object is not in the cache, or did not arrive intact.
        """
        self._transfer(self._cache, self._remote, oids)
        lost = self.missing_on_remote(oids, self.remote_sizes())
        lost |= self.damaged_on_remote(set(oids) - lost)
        if lost:
            raise RedactionError(
                f"Files did not reach the remote {self.url} intact ({len(lost)} of {len(oids)}); check its space and "
                "permissions, then run the same command again."
            )

    def fetch(self, oids: Collection[str]) -> None:
        """Copy the objects that are missing or damaged in the cache from the remote.

        Raises:
            RedactionError: an object is missing or damaged on the remote, too.
        """
        to_fetch = self.damaged_in_cache(oids)
        if not to_fetch:
            return
        lost = to_fetch - self.remote_sizes().keys()
        if not lost:
            self._transfer(self._remote, self._cache, to_fetch)
            lost = self.damaged_in_cache(to_fetch)
        if lost:
            raise RedactionError(
                f"Files of the checkpoint are missing or damaged on the remote {self.url} ({len(lost)} of {len(oids)}), "
                "and this machine has no copy; run `redaction checkpoints repair` on a machine that has them."
            )

    def _cached_size(self, oid: str) -> int | None:
        path = Path(self._cache.oid_to_path(oid))
        return path.stat().st_size if path.is_file() else None

    def _transfer(self, source: Any, target: Any, oids: Collection[str]) -> None:
        with self._remote_errors():
            # DVC skips objects that exist on the target, whatever their bytes.
            _delete(target, oids)
            # Listings go last: the presence of a listing means that its files are present.
            for group in ([oid for oid in oids if not oid.endswith(".dir")], [oid for oid in oids if oid.endswith(".dir")]):
                infos = {HashInfo("md5", oid) for oid in group}
                transfer(source, target, infos, cache_odb=self._cache, shallow=True)

    @contextmanager
    def _remote_errors(self) -> Iterator[None]:
        """Turn the errors of any kind of remote into a RedactionError."""
        try:
            yield
        except (OSError, DvcException, *_s3_errors()) as error:
            raise RedactionError(f"The remote {self.url} cannot be used: {error}; check its address and access.") from error


def _delete(odb: Any, oids: Collection[str]) -> None:
    for oid in oids:
        if odb.exists(oid):
            odb.delete(oid)


def _s3_errors() -> tuple[type[Exception], ...]:
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return ()
    return (BotoCoreError, ClientError)


def _list_files(odb: Any) -> dict[str, dict[str, Any]]:
    # DVC's own file systems list only names; the underlying fsspec file system lists sizes in the same pass.
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
    """DVC's digest of a file: the MD5 of its bytes."""
    with path.open("rb") as file:
        return _md5(file)


def _md5(file: BinaryIO) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
