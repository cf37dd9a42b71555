"""Restore a checkpoint: exactly its files, and the catalog as it was."""

from __future__ import annotations

import logging
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from dvc_data.hashfile.build import build
from dvc_data.hashfile.tree import Tree
from sqlalchemy.engine import make_url

from redaction.catalog import open_catalog
from redaction.catalog.connection import damage, file_of
from redaction.catalog.export import Rows, export_tables, import_rows, read_export
from redaction.catalog.export_files import CONTENT_TABLES, file_name
from redaction.checkpoints.checkpointing import Checkpoint, describe_checkpoint, interrupted_restore
from redaction.checkpoints.objects import ObjectStore, md5_of_file
from redaction.checkpoints.registry import FOLDERS, RECORD_FILE, Pointers, Registry, open_registry
from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.workspace import Workspace

log = logging.getLogger(__name__)

_DERIVED_FOLDERS = ("annotations", "catalogue")
"""Folders that every checkpoint writes from the catalog, so that replacing them loses nothing."""


def restore(workspace: Workspace, tag: str, discard: bool = False) -> Checkpoint:
    """Restore the documents, pages, annotations, models and the catalog of a checkpoint.

    The catalog keeps its runs, deployments and monitoring (see `redaction.catalog.export.import_rows`). All files are fetched
    and checked before the workspace is changed. Call an interrupted restore again to finish it. A damaged catalog is kept under
    another name, and a new one takes its place.

    Args:
        workspace: a registry with that checkpoint; a new `git clone` of one is enough.
        tag: tag of the checkpoint.
        discard: restore even if files or annotations that are in no checkpoint are lost.

    Raises:
        RedactionError: there is no such checkpoint, its files are missing on the remote, its catalog's rows contradict each
            other, or unsaved data would be lost.
    """
    with open_registry(workspace) as registry:
        registry.require_checkpoint(tag)
        pointers = registry.pointers([tag])[tag]
        store = ObjectStore(registry)
        store.fetch(store.objects_of(pointers))
        rows = _read_catalog(store, pointers, tag)
        if not discard and not interrupted_restore(workspace):
            _require_nothing_unsaved(registry, store)
        write_text(workspace.state / "restoring", tag)
        _set_damaged_catalog_aside(workspace)
        _check_out_pointers(registry, tag, pointers)
        registry.dvc.checkout([str(workspace.root / f"{folder}.dvc") for folder in pointers], force=True)
        _verify_files(registry, store, pointers)
        with open_catalog(workspace, rebuild=True).transaction() as session:
            import_rows(session, rows)
        (workspace.state / "restoring").unlink()
        return describe_checkpoint(registry, tag, created=False)


def _require_nothing_unsaved(registry: Registry, store: ObjectStore) -> None:
    folders = [folder for folder in FOLDERS if folder not in _DERIVED_FOLDERS]
    unsaved = [name for folder in folders for name in _unsaved_files(registry, store, folder)]
    unsaved += _unsaved_tables(registry.workspace, store)
    if unsaved:
        can_save = _is_sound(registry.workspace)
        save = "save them with `redaction checkpoints create`" if can_save else "move them away, to ingest them again later"
        raise RedactionError(
            f"{unsaved[0]} and {len(unsaved) - 1} more in {registry.workspace.root} are in no checkpoint; "
            f"{save}, or discard them with --discard."
        )


def _unsaved_files(registry: Registry, store: ObjectStore, folder: str) -> list[str]:
    path = registry.workspace.root / folder
    if not path.is_dir():
        return []
    cache = registry.dvc.cache.local
    _, _, tree = build(cache, str(path), registry.dvc.fs, "md5", dry_run=True, ignore=registry.dvc.dvcignore)
    assert isinstance(tree, Tree)  # noqa: S101 - what `build` returns for a folder
    digests = {"/".join((folder, *key)): entry.value for key, _, entry in tree}
    missing = store.missing_in_cache(digests.values())
    return sorted(name for name, digest in digests.items() if digest in missing)


def _unsaved_tables(workspace: Workspace, store: ObjectStore) -> list[str]:
    if not _is_sound(workspace):
        return []
    with tempfile.TemporaryDirectory() as folder:
        with open_catalog(workspace, rebuild=True).snapshot() as session:
            export_tables(session, CONTENT_TABLES, Path(folder))
        not_empty = {table: path for table in CONTENT_TABLES if (path := Path(folder, file_name(table))).stat().st_size}
        digests = {f"the catalog's table {table.__tablename__}": md5_of_file(path) for table, path in not_empty.items()}
    missing = store.missing_in_cache(digests.values())
    return [name for name, digest in digests.items() if digest in missing]


def _is_sound(workspace: Workspace) -> bool:
    """Whether the workspace has a catalog that can be read; a damaged or missing one holds nothing that could be saved."""
    url = make_url(workspace.catalog_url)
    exists = url.get_backend_name() != "sqlite" or file_of(url) is not None
    return exists and damage(workspace.catalog_url) is None


def _set_damaged_catalog_aside(workspace: Workspace) -> None:
    if damage(workspace.catalog_url) is None:
        return
    path = Path(str(make_url(workspace.catalog_url).database))
    kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    for suffix in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    log.warning("The catalog was damaged: it is kept as %s, and a new one takes its place.", kept)


def _read_catalog(store: ObjectStore, pointers: Pointers, tag: str) -> Rows:
    with tempfile.TemporaryDirectory() as folder:
        if "catalogue" in pointers:
            store.copy_folder(pointers["catalogue"], Path(folder))
        try:
            return read_export(Path(folder))
        except RedactionError as error:
            raise RedactionError(f"Checkpoint {tag} cannot be restored, and nothing was changed. {error}") from error


def _check_out_pointers(registry: Registry, tag: str, pointers: Pointers) -> None:
    # The branch does not move: everything but the pointers, such as the remote's address, stays current.
    registry.git.check_out_files(tag, [RECORD_FILE, *(f"{folder}.dvc" for folder in pointers)])
    for folder in FOLDERS:
        if folder not in pointers:
            (registry.workspace.root / f"{folder}.dvc").unlink(missing_ok=True)
            shutil.rmtree(registry.workspace.root / folder, ignore_errors=True)


def _verify_files(registry: Registry, store: ObjectStore, pointers: Pointers) -> None:
    wrong = []
    for folder, digest in pointers.items():
        root = registry.workspace.root / folder
        for name, oid in store.files_of_folder(digest).items():
            if not (root / name).is_file() or md5_of_file(root / name) != oid:
                wrong.append(f"{folder}/{name}")
    if wrong:
        raise RedactionError(
            f"Restored files differ from the checkpoint ({len(wrong)}, among them {wrong[0]}); check the disk and restore again."
        )
