"""Create checkpoints: export the catalog, add the folders to DVC, push to the remote, then commit and tag in git.

A checkpoint may be killed at any moment: a tag is set only on a commit whose data are completely on the remote, and every earlier
step can be repeated. The next call creates the checkpoint that the killed one did not finish.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel, col, func, select

from redaction.annotations.exporting import pages_to_export
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.annotations.tools.formats import write_annotation_file
from redaction.catalog import open_catalog
from redaction.catalog.connection import require_sound
from redaction.catalog.export import export_tables
from redaction.catalog.export_files import CONTENT_TABLES, CONTEXT_TABLES, EXPORTED_TABLES, contradictions, file_name
from redaction.catalog.tables import Annotation, Document, Page
from redaction.checkpoints.objects import ObjectStore
from redaction.checkpoints.registry import (
    FOLDERS,
    MAX_LOCK_WAIT_S,
    RECORD_FILE,
    TAG_PREFIX,
    CheckpointRecord,
    Pointers,
    Registry,
    initialize,
    is_registry,
    open_registry,
)
from redaction.errors import RedactionError
from redaction.files import sha256_of_file, write_text
from redaction.values import Frozen
from redaction.workspace import Workspace

_DATA_FOLDERS = ("documents", "pages", "annotations")


class Checkpoint(Frozen):
    """A revision of the workspace whose data are completely on the remote."""

    root: str
    """Folder of the workspace."""
    revision: str
    """Git revision in the workspace's own repository."""
    tag: str
    digest: str
    """SHA-256 of everything that a training may read: documents, pages, annotations and their catalog rows. Models and records of
    runs are not included."""
    created: bool
    """Whether this call created it; False if nothing had changed."""
    documents: int
    pages: int
    """Number of rendered pages, without those in quarantine."""
    annotations: int
    message: str
    made_at: datetime


def checkpoint(workspace: Workspace, message: str, max_wait_s: float = MAX_LOCK_WAIT_S) -> Checkpoint:
    """Create a checkpoint of the workspace, or return the existing one with exactly this content.

    Args:
        workspace: initialized as a registry if it is not one yet.
        message: what is new, for the list of checkpoints.
        max_wait_s: how long to wait while another process makes or restores a checkpoint.

    Raises:
        RedactionError: the catalog is missing, damaged or contradicts itself, the remote cannot be used or has lost data of an
            earlier checkpoint, a restore was interrupted, or another process did not finish in time.
    """
    open_catalog(workspace)
    require_sound(workspace.catalog_url)
    if not is_registry(workspace):
        initialize(workspace)
    with open_registry(workspace, max_wait_s) as registry:
        _require_no_interrupted_restore(workspace)
        store = ObjectStore(registry)
        remote_sizes = store.remote_sizes()
        _require_complete(registry, store, registry.tags()[-1:], remote_sizes)
        export = workspace.state / "catalog_export"
        counts = _export(workspace, export)
        _replace_tables(workspace, export, CONTENT_TABLES)
        registry.add()
        existing = _find_tag(registry, registry.current_pointers())
        if existing is not None and not contradictions(workspace.catalog_export):
            _require_complete(registry, store, [existing], remote_sizes)
            shutil.rmtree(export)
            return describe_checkpoint(registry, existing, created=False)
        _replace_tables(workspace, export, CONTEXT_TABLES)
        shutil.rmtree(export)
        registry.add(("catalogue",))
        pointers = registry.current_pointers()
        _repair_cache(registry, store, pointers.values())
        new = store.missing_on_remote(store.objects_of(pointers), remote_sizes)
        _repair_cache(registry, store, new)
        store.push(new)
        record = CheckpointRecord(**counts, digest=_data_digest(workspace, pointers))
        tag = _commit(registry, record, message)
        return describe_checkpoint(registry, tag, created=True)


def list_checkpoints(workspace: Workspace) -> list[Checkpoint]:
    """All checkpoints of the workspace, oldest first; an empty list if it is not a registry."""
    if not is_registry(workspace):
        return []
    with open_registry(workspace) as registry:
        return _describe(registry, registry.tags(), created=False)


def describe_checkpoint(registry: Registry, tag: str, created: bool) -> Checkpoint:
    """The checkpoint with this tag."""
    return _describe(registry, [tag], created)[0]


def _describe(registry: Registry, tags: Sequence[str], created: bool) -> list[Checkpoint]:
    commits, records = registry.commits(tags), registry.records(tags)
    return [
        Checkpoint(
            root=str(registry.workspace.root),
            tag=tag,
            created=created,
            revision=commits[tag].revision,
            message=commits[tag].message.strip(),
            made_at=commits[tag].made_at,
            **records[tag].model_dump(),
        )
        for tag in tags
    ]


def interrupted_restore(workspace: Workspace) -> str:
    """Tag of the checkpoint whose restore was interrupted; empty if none was."""
    marker = workspace.state / "restoring"
    return marker.read_text().strip() if marker.is_file() else ""


def _require_no_interrupted_restore(workspace: Workspace) -> None:
    # After an interrupted restore the workspace holds a mixture of two revisions.
    if tag := interrupted_restore(workspace):
        raise RedactionError(
            f"Restoring {tag} in {workspace.root} was interrupted; finish it with `redaction checkpoints restore {tag}` first."
        )


def _require_complete(registry: Registry, store: ObjectStore, tags: list[str], remote_sizes: dict[str, int]) -> None:
    for tag, pointers in registry.pointers(tags).items():
        needed = store.objects_of(pointers)
        lost = store.missing_on_remote(needed, remote_sizes)
        if lost:
            raise RedactionError(
                f"The remote {store.url} has lost files of checkpoint {tag} ({len(lost)} of {len(needed)}); "
                "run `redaction checkpoints repair` to push them again from this machine."
            )


def _repair_cache(registry: Registry, store: ObjectStore, oids: Collection[str]) -> None:
    # DVC does not sync what it writes. A power cut can leave empty files in its cache, which it never checks again.
    damaged = store.damaged_in_cache(oids)
    if damaged:
        store.remove_from_cache(damaged)
        registry.add()


def _export(workspace: Workspace, folder: Path) -> dict[str, int]:
    """Export the catalog to `folder` as it is at one moment, and its annotations as COCO; the number of rows of each kind."""
    with open_catalog(workspace).snapshot() as session:
        export_tables(session, EXPORTED_TABLES, folder)
        pages = pages_to_export(session)
        counts = {
            "documents": _count(session, select(func.count()).select_from(Document)),
            "pages": _count(session, select(func.count()).select_from(Page).where(col(Page.image).is_not(None))),
            "annotations": _count(session, select(func.count()).select_from(Annotation)),
        }
    if found := contradictions(folder):
        raise RedactionError(
            f"The catalog of {workspace.root} contradicts itself, and its checkpoint could not be restored ({'; '.join(found)}): "
            "restore the last checkpoint, then import the annotations since then again."
        )
    write_annotation_file(workspace.annotations / "annotations.json", AnnotationFormat.COCO, pages)
    return counts


def _count(session: Session, query: Any) -> int:
    return int(session.exec(query).one())


def _replace_tables(workspace: Workspace, export: Path, tables: Sequence[type[SQLModel]]) -> None:
    workspace.catalog_export.mkdir(exist_ok=True)
    for table in tables:
        (export / file_name(table)).replace(workspace.catalog_export / file_name(table))


def _find_tag(registry: Registry, pointers: Pointers) -> str | None:
    pointers_of_tags = registry.pointers(registry.tags())
    return next((tag for tag in reversed(pointers_of_tags) if pointers_of_tags[tag] == pointers), None)


def _data_digest(workspace: Workspace, pointers: Pointers) -> str:
    content = {
        "folders": {folder: pointers.get(folder) for folder in _DATA_FOLDERS},
        "tables": {table.__tablename__: sha256_of_file(workspace.catalog_export / file_name(table)) for table in CONTENT_TABLES},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _commit(registry: Registry, record: CheckpointRecord, message: str) -> str:
    root = registry.workspace.root
    write_text(root / RECORD_FILE, record.model_dump_json(indent=1) + "\n")
    existing = [name for folder in FOLDERS if (root / (name := f"{folder}.dvc")).is_file()]
    removed = [name for folder in FOLDERS if (name := f"{folder}.dvc") not in existing]
    registry.git.stage([RECORD_FILE, *existing])
    if removed:
        registry.git.run("rm", "--cached", "--quiet", "--ignore-unmatch", "--", *removed)
    # Nothing is staged if an earlier run was killed after its commit: then only the tag is missing.
    registry.git.commit_staged(message)
    tags = registry.tags()
    number = int(tags[-1].removeprefix(TAG_PREFIX)) + 1 if tags else 1
    tag = f"{TAG_PREFIX}{number:04d}"
    registry.git.tag_head(tag)
    return tag
