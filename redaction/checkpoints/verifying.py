"""Verify that the remote holds every checkpoint completely, and repair or change it from this machine's copies."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import Field

from redaction.catalog.export_files import contradictions
from redaction.checkpoints.objects import ObjectStore
from redaction.checkpoints.registry import Registry, initialize, is_registry, open_registry
from redaction.errors import RedactionError
from redaction.values import Frozen
from redaction.workspace import Workspace


class Verification(Frozen):
    """The state of the checkpoints' files on the remote."""

    remote: str
    checkpoints: int
    files: int
    """Number of different files that the checkpoints need, including DVC's listings of folders."""
    missing: int
    damaged: int
    """Files whose bytes on the remote do not match their digest."""
    recoverable: int
    """Missing and damaged files that this machine still has, so that `repair` can push them again."""
    contradictory: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Checkpoints that cannot be restored because the rows of their catalog contradict each other: what is wrong, by tag."""

    @property
    def complete(self) -> bool:
        """Whether every byte of every checkpoint is on the remote."""
        return not self.missing and not self.damaged


def verify(workspace: Workspace, tag: str | None = None) -> Verification:
    """Compare the remote with what the checkpoints need, and check that the rows of each checkpoint's catalog fit together.

    Every file on the remote is read back and its digest computed.

    Args:
        workspace: a registry.
        tag: verify only this checkpoint.

    Raises:
        RedactionError: the remote cannot be used, there is no such checkpoint, or the listing of a folder is lost.
    """
    with open_registry(workspace) as registry:
        store = ObjectStore(registry)
        needed, missing, damaged = _compare_with_remote(registry, store, tag)
        lost = store.damaged_in_cache(missing | damaged)
        return Verification(
            remote=store.url,
            checkpoints=1 if tag else len(registry.tags()),
            files=len(needed),
            missing=len(missing),
            damaged=len(damaged),
            recoverable=len((missing | damaged) - lost),
            contradictory=_contradictory(registry, store, tag, lost),
        )


def repair(workspace: Workspace) -> int:
    """Push the files again that are missing or damaged on the remote.

    Returns:
        The number of files pushed.

    Raises:
        RedactionError: this machine does not have all of them; those that it has are pushed first.
    """
    with open_registry(workspace) as registry:
        registry.add()
        store = ObjectStore(registry)
        _, missing, damaged = _compare_with_remote(registry, store, None)
        to_push = missing | damaged
        lost = store.damaged_in_cache(to_push)
        if lost:
            # The workspace may still have the files: adding a folder puts its files back into the cache.
            store.remove_from_cache(lost)
            registry.add()
            lost = store.damaged_in_cache(to_push)
        store.push(to_push - lost)
        if lost:
            raise RedactionError(
                f"Files are neither on the remote {store.url} nor on this machine: {len(lost)} of {len(to_push)} (the others "
                "were pushed again); run `redaction checkpoints repair` on a machine that has them, or copy them from a backup."
            )
        return len(to_push)


def change_remote(workspace: Workspace, remote: str) -> int:
    """Use this remote from now on, and push the existing checkpoints to it.

    If it is the current remote, nothing is pushed: files that it lacks are lost, which is for `verify` and `repair` to handle.

    Args:
        workspace: initialized as a registry if it is not one yet.
        remote: a folder, or an address that DVC knows.

    Returns:
        The number of files pushed.

    Raises:
        RedactionError: the remote cannot be used, or this machine does not have all files; those that it has are pushed first.
    """
    previous = None
    if is_registry(workspace):
        with open_registry(workspace) as registry:
            previous = registry.remote_url
    initialize(workspace, remote)
    with open_registry(workspace) as registry:
        has_changed = bool(registry.tags()) and registry.remote_url != previous
    return repair(workspace) if has_changed else 0


def _compare_with_remote(registry: Registry, store: ObjectStore, tag: str | None) -> tuple[set[str], set[str], set[str]]:
    """The digests that one checkpoint needs (all checkpoints if `tag` is None), and of these the missing and damaged ones."""
    needed: set[str] = set()
    for pointers in registry.pointers(_tags(registry, tag)).values():
        needed |= store.objects_of(pointers)
    remote_sizes = store.remote_sizes()
    missing = store.missing_on_remote(needed, remote_sizes)
    return needed, missing, store.damaged_on_remote(needed - missing)


def _contradictory(registry: Registry, store: ObjectStore, tag: str | None, lost: set[str]) -> dict[str, tuple[str, ...]]:
    """The contradictions in the catalog of each checkpoint; those whose catalog is lost are counted elsewhere."""
    by_digest: dict[str, tuple[str, ...]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for name, pointers in registry.pointers(_tags(registry, tag)).items():
        digest = pointers.get("catalogue")
        if digest is None or digest in lost or lost & set(store.files_of_folder(digest).values()):
            continue
        if digest not in by_digest:
            by_digest[digest] = _contradictions(store, digest)
        if by_digest[digest]:
            found[name] = by_digest[digest]
    return found


def _contradictions(store: ObjectStore, digest: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        store.copy_folder(digest, Path(folder))
        try:
            return tuple(contradictions(Path(folder)))
        except RedactionError as error:
            return (str(error),)


def _tags(registry: Registry, tag: str | None) -> list[str]:
    if tag is None:
        return registry.tags()
    registry.require_checkpoint(tag)
    return [tag]
