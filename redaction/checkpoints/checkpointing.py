"""Make a checkpoint: the catalog's export and the folders into DVC, DVC to the remote, and one commit and tag in git.

The order makes it safe to kill: a tag is set only on a commit whose data are on the remote, whole, and everything before that can
be done again. Whoever runs it after a kill gets the checkpoint that the killed one was about to make.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from redaction.annotations.exporting import annotated_records
from redaction.annotations.tools.formats import Tool, write_file
from redaction.catalog import open_catalog
from redaction.catalog.export import CONTENT, CONTEXT, export_tables, file_name
from redaction.catalog.tables import Annotation, Document, Page
from redaction.checkpoints.objects import Store
from redaction.checkpoints.registry import (
    FOLDERS,
    RECORD,
    TAG_PREFIX,
    WAIT_SECONDS,
    Pointers,
    Record,
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
    """A revision of the workspace whose every byte is on the remote."""

    root: str
    """Folder of the workspace."""
    revision: str
    """Git revision in the workspace's own repository."""
    tag: str
    digest: str
    """SHA-256 of what a training may read: documents, pages, annotations and their rows; not of models and records of runs."""
    created: bool
    """Whether this call made it; not so when nothing had changed."""
    documents: int
    pages: int
    """Rendered pages; those in quarantine are not counted."""
    annotations: int
    message: str
    made_at: datetime


def checkpoint(workspace: Workspace, message: str, wait_seconds: float = WAIT_SECONDS) -> Checkpoint:
    """Make a checkpoint of the workspace, or find the one that already holds exactly this.

    Args:
        workspace: made a registry where it is none yet.
        message: what is new, for the people who read the list of checkpoints.
        wait_seconds: how long to wait while another process makes or restores a checkpoint.

    Raises:
        RedactionError: the remote cannot be used or has lost data of an earlier checkpoint, a restore was interrupted, or another
            process did not finish in time.
    """
    if not is_registry(workspace):
        initialize(workspace)
    with open_registry(workspace, wait_seconds) as registry:
        refuse_half_restored(workspace)
        store = Store(registry)
        before = store.on_remote()
        _require_whole(registry, store, registry.tags()[-1:], before)
        record_counts = _export_content(workspace)
        registry.add()
        made = _tag_of(registry, registry.pointers_here())
        if made is not None:
            _require_whole(registry, store, [made], before)
            return described(registry, made, created=False)
        _export_context(workspace)
        registry.add(("catalogue",))
        pointers = registry.pointers_here()
        _mend_cache(registry, store, pointers.values())
        new = store.missing(store.objects(pointers), before)
        _mend_cache(registry, store, new)
        store.push(new)
        record = Record(**record_counts, digest=_data_digest(workspace, pointers))
        tag = _commit(registry, record, message)
        return described(registry, tag, created=True)


def list_checkpoints(workspace: Workspace) -> list[Checkpoint]:
    """Every checkpoint of the workspace, oldest first; none where there is no registry yet."""
    if not is_registry(workspace):
        return []
    with open_registry(workspace) as registry:
        return [described(registry, tag, created=False) for tag in registry.tags()]


def described(registry: Registry, tag: str, created: bool) -> Checkpoint:
    """The checkpoint at a tag."""
    commit = registry.commit_of(tag)
    return Checkpoint(
        root=str(registry.workspace.root),
        revision=commit.hexsha,
        tag=tag,
        created=created,
        message=str(commit.message).strip(),
        made_at=commit.committed_datetime.astimezone(UTC),
        **registry.record_of(commit).model_dump(),
    )


def restoring_mark(workspace: Workspace) -> str:
    """Tag of the checkpoint that a restore was killed in the middle of; empty when there was none."""
    mark = workspace.state / "restoring"
    return mark.read_text().strip() if mark.is_file() else ""


def refuse_half_restored(workspace: Workspace) -> None:
    """Stop where a restore was interrupted: what lies in the workspace is a mixture that nobody meant.

    Raises:
        RedactionError: a restore was interrupted.
    """
    if tag := restoring_mark(workspace):
        raise RedactionError(
            f"Restoring {tag} in {workspace.root} was interrupted; finish it with `redaction checkpoints restore {tag}` first."
        )


def _require_whole(registry: Registry, store: Store, tags: list[str], on_remote: dict[str, int]) -> None:
    for tag in tags:
        needed = store.objects(registry.pointers_at(registry.commit_of(tag)))
        lost = store.missing(needed, on_remote)
        if lost:
            raise RedactionError(
                f"The remote {store.url} has lost files of checkpoint {tag} ({len(lost)} of {len(needed)}); "
                "run `redaction checkpoints repair` to push them again from this machine."
            )


def _mend_cache(registry: Registry, store: Store, oids: Collection[str]) -> None:
    # DVC does not sync what it writes, so a power cut can leave empty files in its cache, which it then trusts for ever.
    spoilt = store.damaged_in_cache(oids)
    if spoilt:
        store.forget(spoilt)
        registry.add()


def _export_content(workspace: Workspace) -> dict[str, int]:
    with open_catalog(workspace).transaction() as session:
        export_tables(session, CONTENT, workspace.catalog_export)
        write_file(workspace.annotations / "annotations.json", Tool.COCO, annotated_records(session))
        return {
            "documents": _count(session, select(func.count()).select_from(Document)),
            "pages": _count(session, select(func.count()).select_from(Page).where(col(Page.image).is_not(None))),
            "annotations": _count(session, select(func.count()).select_from(Annotation)),
        }


def _count(session: Session, query: Any) -> int:
    return int(session.exec(query).one())


def _export_context(workspace: Workspace) -> None:
    with open_catalog(workspace).transaction() as session:
        export_tables(session, CONTEXT, workspace.catalog_export)


def _tag_of(registry: Registry, pointers: Pointers) -> str | None:
    tags = reversed(registry.tags())
    return next((tag for tag in tags if registry.pointers_at(registry.commit_of(tag)) == pointers), None)


def _data_digest(workspace: Workspace, pointers: Pointers) -> str:
    content = {
        "folders": {folder: pointers.get(folder) for folder in _DATA_FOLDERS},
        "tables": {table.__tablename__: sha256_of_file(workspace.catalog_export / file_name(table)) for table in CONTENT},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _commit(registry: Registry, record: Record, message: str) -> str:
    root = registry.workspace.root
    write_text(root / RECORD, record.model_dump_json(indent=1) + "\n")
    there = [name for folder in FOLDERS if (root / (name := f"{folder}.dvc")).is_file()]
    gone = [name for folder in FOLDERS if (name := f"{folder}.dvc") not in there]
    registry.git.git.add("--", RECORD, *there)
    if gone:
        registry.git.git.rm("--cached", "--quiet", "--ignore-unmatch", "--", *gone)
    # Nothing is staged when an earlier run was killed after its commit: then only the tag is missing.
    if registry.git.git.diff("--cached", "--name-only"):
        registry.git.index.commit(message, skip_hooks=True)
    tags = registry.tags()
    number = int(tags[-1].removeprefix(TAG_PREFIX)) + 1 if tags else 1
    return str(registry.git.create_tag(f"{TAG_PREFIX}{number:04d}").name)
