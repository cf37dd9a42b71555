"""Bring a checkpoint back: exactly its files, and the catalog as it was."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from dvc_data.hashfile.build import build
from dvc_data.hashfile.tree import Tree

from redaction.catalog import open_catalog
from redaction.catalog.export import CONTENT, export_tables, file_name, import_tables
from redaction.checkpoints.checkpointing import Checkpoint, described, restoring_mark
from redaction.checkpoints.objects import Store, md5_of_file
from redaction.checkpoints.registry import FOLDERS, RECORD, Pointers, Registry, open_registry
from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.workspace import Workspace

_MADE_ANEW = ("annotations", "catalogue")
"""Folders that each checkpoint writes from the catalog: nothing in them is lost when they are replaced."""


def restore(workspace: Workspace, tag: str, discard: bool = False) -> Checkpoint:
    """Bring back the documents, pages, annotations, models and the catalog of a checkpoint.

    Runs, deployments and monitoring that the catalog knows of stay (see `redaction.catalog.export.import_tables`). All files
    are fetched and checked before the first one in the workspace is touched; a restore that was killed is finished by calling it
    again.

    Args:
        workspace: a registry with that checkpoint; a fresh `git clone` of one will do.
        tag: name of the checkpoint.
        discard: go on even if the workspace holds files or annotations that no checkpoint holds; they are lost.

    Raises:
        RedactionError: there is no such checkpoint, its files are gone from the remote, or something unsaved would be lost.
    """
    with open_registry(workspace) as registry:
        commit = registry.commit_of(tag)
        pointers = registry.pointers_at(commit)
        store = Store(registry)
        store.fetch(store.objects(pointers))
        if not discard and not restoring_mark(workspace):
            _refuse_to_lose(registry, store)
        write_text(workspace.state / "restoring", tag)
        _take_pointers(registry, commit.hexsha, pointers)
        registry.dvc.checkout(force=True)
        _check_files(registry, store, pointers)
        with open_catalog(workspace).transaction() as session:
            import_tables(session, workspace.catalog_export)
        (workspace.state / "restoring").unlink()
        return described(registry, tag, created=False)


def _refuse_to_lose(registry: Registry, store: Store) -> None:
    unsaved = [name for folder in FOLDERS if folder not in _MADE_ANEW for name in _unsaved_files(registry, store, folder)]
    unsaved += _unsaved_tables(registry.workspace, store)
    if unsaved:
        raise RedactionError(
            f"{unsaved[0]} and {len(unsaved) - 1} more in {registry.workspace.root} hold something that no checkpoint holds; "
            "keep it with `redaction checkpoints create`, or lose it with --discard."
        )


def _unsaved_files(registry: Registry, store: Store, folder: str) -> list[str]:
    path = registry.workspace.root / folder
    if not path.is_dir():
        return []
    cache = registry.dvc.cache.local
    _, _, tree = build(cache, str(path), registry.dvc.fs, "md5", dry_run=True, ignore=registry.dvc.dvcignore)
    assert isinstance(tree, Tree)  # noqa: S101 - what is built of a folder
    digests = {"/".join((folder, *key)): entry.value for key, _, entry in tree}
    lacking = store.not_cached(digests.values())
    return sorted(name for name, digest in digests.items() if digest in lacking)


def _unsaved_tables(workspace: Workspace, store: Store) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        with open_catalog(workspace).transaction() as session:
            export_tables(session, CONTENT, Path(name))
        filled = {table: path for table in CONTENT if (path := Path(name, file_name(table))).stat().st_size}
        digests = {f"the catalog's table {table.__tablename__}": md5_of_file(path) for table, path in filled.items()}
    lacking = store.not_cached(digests.values())
    return [name for name, digest in digests.items() if digest in lacking]


def _take_pointers(registry: Registry, revision: str, pointers: Pointers) -> None:
    # The branch stays where it is: what is not a pointer (the remote's address, say) is not brought back from the past.
    registry.git.git.checkout(revision, "--", RECORD, *(f"{folder}.dvc" for folder in pointers))
    for folder in FOLDERS:
        if folder not in pointers:
            (registry.workspace.root / f"{folder}.dvc").unlink(missing_ok=True)
            shutil.rmtree(registry.workspace.root / folder, ignore_errors=True)


def _check_files(registry: Registry, store: Store, pointers: Pointers) -> None:
    wrong = []
    for folder, digest in pointers.items():
        root = registry.workspace.root / folder
        for name, oid in store.folder(digest).items():
            if not (root / name).is_file() or md5_of_file(root / name) != oid:
                wrong.append(f"{folder}/{name}")
    if wrong:
        raise RedactionError(
            f"{len(wrong)} restored files, {wrong[0]} among them, are not as the checkpoint says; "
            "check the disk and restore again."
        )
