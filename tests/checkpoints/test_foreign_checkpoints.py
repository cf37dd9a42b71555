"""Checkpoints that this program would not make: broken by an earlier version, or made elsewhere to do harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import git
import pytest
import yaml
from dvc_data.hashfile.tree import Tree

from redaction.annotations.page_copies import copy_pages
from redaction.annotations.queue import unannotated_pages
from redaction.catalog import open_catalog
from redaction.catalog.tables import Page
from redaction.checkpoints import checkpoint, restore, verify
from redaction.checkpoints.objects import ObjectStore
from redaction.checkpoints.registry import open_registry
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import data_of, put
from .test_commands import run

Rows = list[dict[str, Any]]


def change_rows(workspace: Workspace, table: str, change: Callable[[Rows], object]) -> None:
    """Make the checkpoint data/0002 whose export differs from that of the catalog."""
    path = workspace.catalog_export / f"{table}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    with open_registry(workspace) as registry:
        registry.add()
        store, pointers = ObjectStore(registry), registry.current_pointers()
        store.push(store.missing_on_remote(store.objects_of(pointers), store.remote_sizes()))
        registry.git.stage(["catalogue.dvc"])
        registry.git.commit_staged("not made by this program")
        registry.git.tag_head("data/0002")


def set_value(column: str, value: object) -> Callable[[Rows], object]:
    return lambda rows: rows[0].update({column: value})


CHANGES: list[tuple[str, Callable[[Rows], object], str]] = [
    ("annotations", Rows.clear, "2 rows refer with boxes.page to annotations that are not there"),
    ("documents", Rows.pop, "3 rows refer with pages.document to documents"),
    ("sources", Rows.clear, "2 rows refer with documents.source to sources"),
    ("links", set_value("document", "0" * 64), "1 rows refer with links.document to documents"),
    ("pages", lambda rows: rows.append(rows[0]), "1 rows of pages have the key of another row"),
    ("pages", set_value("image", "../../../../../../etc/passwd"), "1 rows of pages have names or paths"),
    ("pages", set_value("image", "/etc/passwd"), "1 rows of pages have names or paths"),
    ("pages", set_value("image", "pages/../../other/secret.png"), "1 rows of pages have names or paths"),
    ("pages", set_value("image", "state/secret.txt"), "1 rows of pages have names or paths"),
    ("pages", set_value("name", "../x"), "1 rows of pages have names or paths"),
    ("documents", set_value("sha256", "../../x"), "1 rows of documents have names or paths"),
    ("documents", set_value("sha256", ["a"]), "Line 1 of documents.jsonl"),
    ("documents", lambda rows: rows[0].pop("file_name"), "Line 1 of documents.jsonl"),
]


@pytest.mark.parametrize(("table", "change", "expected"), CHANGES, ids=[f"{table}: {text}" for table, _, text in CHANGES])
def test_a_checkpoint_that_cannot_be_imported_is_refused_before_anything_is_changed(
    filled: Workspace, table: str, change: Callable[[Rows], object], expected: str
) -> None:
    checkpoint(filled, "first")
    change_rows(filled, table, change)
    restore(filled, "data/0001", discard=True)
    before = data_of(filled)
    with pytest.raises(RedactionError, match="data/0002 cannot be restored, and nothing was changed") as refused:
        restore(filled, "data/0002", discard=True)
    assert expected in str(refused.value)
    assert data_of(filled) == before
    assert not checkpoint(filled, "nothing is new").created


def test_verify_names_a_checkpoint_whose_rows_are_incomplete(filled: Workspace) -> None:
    checkpoint(filled, "first")
    change_rows(filled, "annotations", Rows.clear)
    found = verify(filled)
    assert found.complete
    assert found.contradictory == {"data/0002": ("2 rows refer with boxes.page to annotations that are not there",)}
    assert verify(filled, "data/0001").contradictory == {}
    with pytest.raises(RedactionError, match=r"1 checkpoint cannot be restored, first data/0002 \(2 rows refer"):
        run(filled, "verify")


def test_a_checkpoint_that_cannot_be_restored_is_not_taken_for_the_current_one(filled: Workspace) -> None:
    checkpoint(filled, "first")
    change_rows(filled, "sources", Rows.clear)
    made = checkpoint(filled, "the catalog itself is complete")
    assert made.tag in ("data/0001", "data/0003")
    assert verify(filled, made.tag).contradictory == {}


def test_no_image_outside_the_workspace_is_copied_for_the_queue(filled: Workspace, tmp_path: Path) -> None:
    put(tmp_path / "secret.png", b"secret")
    with open_catalog(filled).transaction() as session:
        for page in unannotated_pages(filled):
            session.get_one(Page, page.name).image = "../secret.png"
    with pytest.raises(RedactionError, match="leads out of the workspace"):
        copy_pages(filled, unannotated_pages(filled), tmp_path / "copies")
    assert not (tmp_path / "copies").exists()


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "state", "documents/../../x"])
def test_a_pointer_to_another_folder_is_refused(filled: Workspace, path: str) -> None:
    checkpoint(filled, "first")
    pointer = yaml.safe_load((filled.root / "documents.dvc").read_text())
    pointer["outs"][0]["path"] = path
    (filled.root / "documents.dvc").write_text(yaml.safe_dump(pointer))
    repository = git.Repo(filled.root)
    repository.git.commit("--all", "--message", "harm")
    repository.create_tag("data/0002")
    with pytest.raises(RedactionError, match=r"documents\.dvc of data/0002 does not point to the folder documents"):
        restore(filled, "data/0002", discard=True)


def test_a_listing_that_leads_out_of_its_folder_is_refused(filled: Workspace, tmp_path: Path) -> None:
    checkpoint(filled, "first")
    with open_registry(filled) as registry:
        cache = registry.dvc.cache.local
        info, meta = next((entry[1], entry[0]) for _, entry in _tree(registry.current_pointers()["pages"], cache))
        tree = Tree()
        tree.add(("..", "..", "outside.png"), meta, info)
        tree.digest()
        cache.add(tree.path, tree.fs, tree.oid)
        store = ObjectStore(registry)
        with pytest.raises(RedactionError, match="leads out of the workspace"):
            store.objects_of({"pages": str(tree.oid)})


def _tree(digest: str, cache: Any) -> list[tuple[tuple[str, ...], tuple[Any, Any]]]:
    from dvc_data.hashfile.hash_info import HashInfo

    return [(key, (meta, info)) for key, meta, info in Tree.load(cache, HashInfo("md5", digest))]
