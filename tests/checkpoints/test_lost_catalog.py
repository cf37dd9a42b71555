"""A lost or damaged catalog: nothing goes on without it, and a checkpoint brings it back."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import git
import pytest

from redaction import catalog as catalog_module
from redaction.annotations.dataset import read_dataset
from redaction.annotations.queue import unannotated_pages
from redaction.catalog import open_catalog
from redaction.checkpoints import checkpoint, list_checkpoints, restore
from redaction.doctor import Status, data
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, annotate, data_of, objects_of, put


def catalog_file(workspace: Workspace) -> Path:
    """The catalog's file, after everything was moved into it from SQLite's log."""
    path = workspace.root / "catalogue.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def delete(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwrite_the_header(path: Path) -> None:
    path.write_bytes(b"not a database" * 10 + path.read_bytes()[140:])


def overwrite_the_schema(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 3996 + content[4096:])


def overwrite_the_rows(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def fill_with_zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


LOST = [delete, empty]
DAMAGED = [overwrite_the_header, overwrite_the_schema, overwrite_the_rows, cut_off, fill_with_zeros]
any_loss = pytest.mark.parametrize("lose", [*LOST, *DAMAGED], ids=lambda lose: lose.__name__)


@any_loss
def test_nothing_goes_on_without_the_catalog(
    filled: Workspace, lose: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint(filled, "first")
    before = objects_of(filled), data_of(filled)
    lose(catalog_file(filled))
    monkeypatch.setattr(catalog_module, "_engines", {})  # a new process; this one still has intact pages in its memory
    finding = next(data.catalog(filled))
    assert finding.status is Status.FAIL
    assert "redaction checkpoints restore" in finding.remedy
    for use in (lambda: unannotated_pages(filled), lambda: read_dataset(filled, None), lambda: checkpoint(filled, "second")):
        with pytest.raises(RedactionError, match="redaction checkpoints restore TAG"):
            use()
    assert [row.documents for row in list_checkpoints(filled)] == [2]
    assert (objects_of(filled), data_of(filled)) == before


@any_loss
def test_a_restore_brings_the_catalog_back(
    filled: Workspace, lose: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    dataset = read_dataset(filled, None)
    checkpoint(filled, "first")
    before = data_of(filled)
    lose(catalog_file(filled))
    restore(filled, "data/0001")
    assert data_of(filled) == before
    assert read_dataset(filled, None) == dataset
    assert next(data.catalog(filled)).status is Status.OK
    assert not checkpoint(filled, "nothing is new").created
    kept = list(filled.root.glob("catalogue.sqlite.damaged-*[0-9]"))
    assert len(kept) == (lose in DAMAGED), "a damaged file may still be of use"
    assert all(str(path) in caplog.text for path in kept)
    assert not git.Repo(filled.root).is_dirty(untracked_files=True)


def test_documents_that_are_in_no_checkpoint_are_not_lost_with_the_catalog(filled: Workspace) -> None:
    checkpoint(filled, "first")
    new = add_document(filled, 3)
    delete(catalog_file(filled))
    with pytest.raises(RedactionError, match=rf"documents/{new}\.pdf and 3 more .*move them away.* or discard them"):
        restore(filled, "data/0001")
    restore(filled, "data/0001", discard=True)
    assert not (filled.documents / f"{new}.pdf").exists()


def test_a_clone_that_was_not_restored_makes_no_empty_checkpoint(filled: Workspace, tmp_path: Path) -> None:
    checkpoint(filled, "first")
    clone = Workspace.at(tmp_path / "clone")
    subprocess.run(["git", "clone", "--quiet", str(filled.root), str(clone.root)], check=True)
    with pytest.raises(RedactionError, match=r"catalog .* is missing or empty: restore the last checkpoint"):
        checkpoint(clone, "second")


def test_a_new_workspace_and_one_with_unfinished_files_get_a_catalog(workspace: Workspace) -> None:
    put(workspace.documents / ".a.pdf.x.part", b"")
    open_catalog(workspace)
    assert next(data.catalog(workspace)).status is Status.OK


def test_a_replaced_catalog_is_noticed_by_a_process_that_has_it_open(filled: Workspace, tmp_path: Path) -> None:
    checkpoint(filled, "first")
    copy = tmp_path / "copy.sqlite"
    shutil.copyfile(catalog_file(filled), copy)
    annotate(filled, add_document(filled, 3))
    assert len(read_dataset(filled, None).pages) == 2
    path = catalog_file(filled)
    delete(path)
    shutil.copyfile(copy, path)
    assert len(read_dataset(filled, None).pages) == 1


def test_a_catalog_whose_rows_contradict_each_other_makes_no_checkpoint(filled: Workspace) -> None:
    checkpoint(filled, "first")
    with closing(sqlite3.connect(filled.root / "catalogue.sqlite")) as connection:  # foreign keys are off in this connection
        connection.execute("DELETE FROM annotations")
        connection.commit()
    with pytest.raises(RedactionError, match=r"contradicts itself.*2 rows refer with boxes\.page to annotations"):
        checkpoint(filled, "second")
    assert len(list_checkpoints(filled)) == 1
    restore(filled, "data/0001", discard=True)
    assert not checkpoint(filled, "nothing is new").created
