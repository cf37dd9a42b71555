"""Is everything that the checkpoints need on the remote? And if not, push what this machine has: also to another remote."""

from __future__ import annotations

from redaction.checkpoints.objects import Store
from redaction.checkpoints.registry import Registry, initialize, is_registry, open_registry
from redaction.errors import RedactionError
from redaction.values import Frozen
from redaction.workspace import Workspace


class Verification(Frozen):
    """What the remote holds of the checkpoints."""

    remote: str
    checkpoints: int
    files: int
    """Different files that the checkpoints need, DVC's listings of folders included."""
    missing: int
    damaged: int
    """Files whose bytes on the remote are not those that their digest says."""
    here: int
    """How many of the missing and damaged ones this machine still has, so that `repair` can push them again."""

    @property
    def whole(self) -> bool:
        """Whether every byte of every checkpoint is on the remote."""
        return not self.missing and not self.damaged


def verify(workspace: Workspace, tag: str | None = None) -> Verification:
    """Compare what the remote holds with what the checkpoints need; every file is read back and its digest computed.

    Args:
        workspace: a registry.
        tag: look at this checkpoint only.

    Raises:
        RedactionError: the remote cannot be used, there is no such checkpoint, or neither side has the listing of a folder.
    """
    with open_registry(workspace) as registry:
        store = Store(registry)
        needed, missing, damaged = _faults(registry, store, tag)
        here = (missing | damaged) - store.damaged_in_cache(missing | damaged)
        return Verification(
            remote=store.url,
            checkpoints=1 if tag else len(registry.tags()),
            files=len(needed),
            missing=len(missing),
            damaged=len(damaged),
            here=len(here),
        )


def repair(workspace: Workspace) -> int:
    """Push again what the remote has lost or holds damaged.

    Returns:
        The number of files that were pushed again.

    Raises:
        RedactionError: this machine does not have all of them either; what it has is pushed all the same.
    """
    with open_registry(workspace) as registry:
        registry.add()
        store = Store(registry)
        _, missing, damaged = _faults(registry, store, None)
        faulty = missing | damaged
        gone = store.damaged_in_cache(faulty)
        if gone:
            # The workspace itself may still have the file: adding a folder puts what it holds back into the cache.
            store.forget(gone)
            registry.add()
            gone = store.damaged_in_cache(faulty)
        store.push(faulty - gone)
        if gone:
            raise RedactionError(
                f"Files that are neither on the remote {store.url} nor on this machine: {len(gone)} (others, pushed again: "
                f"{len(faulty) - len(gone)}); run `redaction checkpoints repair` on a machine that has them, or copy them from "
                "a backup."
            )
        return len(faulty)


def change_remote(workspace: Workspace, remote: str) -> int:
    """Push to this remote from now on, and push there what is checkpointed already.

    The remote that is set already is left as it is: what it lacks, it has lost, and `verify` and `repair` are there for that.

    Args:
        workspace: made a registry where it is none yet.
        remote: a folder, or an address that DVC knows.

    Returns:
        The number of files that were pushed.

    Raises:
        RedactionError: the remote cannot be used, or this machine does not have everything; what it has is pushed all the same.
    """
    before = None
    if is_registry(workspace):
        with open_registry(workspace) as registry:
            before = registry.remote_url
    initialize(workspace, remote)
    with open_registry(workspace) as registry:
        lacking = bool(registry.tags()) and registry.remote_url != before
    return repair(workspace) if lacking else 0


def _faults(registry: Registry, store: Store, tag: str | None) -> tuple[set[str], set[str], set[str]]:
    tags = [tag] if tag else registry.tags()
    needed: set[str] = set()
    for name in tags:
        needed |= store.objects(registry.pointers_at(registry.commit_of(name)))
    on_remote = store.on_remote()
    missing = store.missing(needed, on_remote)
    return needed, missing, store.damaged(needed - missing)
