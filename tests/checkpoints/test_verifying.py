"""Verifying and repairing the remote, in situations that DVC itself does not report."""

from __future__ import annotations

from pathlib import Path

import pytest

from redaction.checkpoints import checkpoint, list_checkpoints, repair, verify
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, objects_of, remote_of


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize("changed", [False, True])
def test_files_that_the_remote_has_lost_are_counted_and_can_be_repaired(filled: Workspace, changed: bool) -> None:
    checkpoint(filled, "first")
    lost = [path for path in objects_of(filled) if path.suffix != ".dir"][:3]
    for path in lost:
        path.unlink()
    if changed:
        add_document(filled, 3)
    with pytest.raises(RedactionError, match=r"has lost files of checkpoint data/0001 \(3 of \d+\).*checkpoints repair"):
        checkpoint(filled, "second")
    assert len(list_checkpoints(filled)) == 1
    found = verify(filled)
    assert (found.missing, found.damaged, found.recoverable) == (3, 0, 3)
    assert repair(filled) == 3
    assert verify(filled).complete
    assert checkpoint(filled, "second").created is changed


def test_a_missing_remote_is_not_mistaken_for_a_new_one(filled: Workspace) -> None:
    checkpoint(filled, "first")
    total = len(objects_of(filled))
    remote_of(filled).rename(filled.root.with_name("unmounted"))
    add_document(filled, 3)
    with pytest.raises(RedactionError, match=rf"has lost files of checkpoint data/0001 \({total} of {total}\)"):
        checkpoint(filled, "second")
    assert repair(filled) == total
    assert checkpoint(filled, "second").created


def test_a_truncated_file_is_found_by_its_size(filled: Workspace) -> None:
    checkpoint(filled, "first")
    overwrite(next(path for path in objects_of(filled) if path.stat().st_size == 2000), b"short")
    with pytest.raises(RedactionError, match=r"has lost files of checkpoint data/0001 \(1 of"):
        checkpoint(filled, "second")
    assert repair(filled) == 1
    assert verify(filled).complete


def test_a_damaged_file_of_the_same_size_is_found_by_verify(filled: Workspace) -> None:
    checkpoint(filled, "first")
    overwrite(next(path for path in objects_of(filled) if path.stat().st_size == 2000), bytes(2000))
    found = verify(filled)
    assert (found.missing, found.damaged, found.recoverable, found.complete) == (0, 1, 1, False)
    assert repair(filled) == 1
    assert verify(filled).complete


def test_files_lost_on_both_sides_are_counted_and_the_rest_is_repaired(filled: Workspace) -> None:
    checkpoint(filled, "first")
    pages = [path for path in objects_of(filled) if path.stat().st_size == 2000]
    for path in pages[:2]:
        path.unlink()
    cached = filled.root / ".dvc" / "cache" / "files" / "md5" / pages[0].parent.name / pages[0].name
    in_workspace = next(path for path in filled.pages.rglob("*.png") if path.read_bytes() == cached.read_bytes())
    cached.unlink()
    in_workspace.unlink()
    with pytest.raises(
        RedactionError, match=r"neither on the remote .* nor on this machine: 1 of 2 \(the others were pushed again\)"
    ):
        repair(filled)
    assert verify(filled).missing == 1


def test_files_that_only_the_workspace_has_are_pushed_from_there(filled: Workspace) -> None:
    checkpoint(filled, "first")
    total = len(objects_of(filled))
    remote_of(filled).rename(filled.root.with_name("old"))
    (filled.root / ".dvc" / "cache").rename(filled.root.with_name("old-cache"))
    assert repair(filled) == total
    assert verify(filled).complete
