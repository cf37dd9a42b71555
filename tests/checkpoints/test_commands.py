"""``redaction checkpoints`` as people type it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redaction.cli.checkpoints import app
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, data_of, objects_of, remote_of


def run(workspace: Workspace, *arguments: str) -> str:
    runner = CliRunner(env={"COLUMNS": "200", "REDACTION_WORKSPACE": str(workspace.root)})
    return runner.invoke(app, arguments, catch_exceptions=False).output


def test_the_life_of_a_registry(filled: Workspace) -> None:
    assert "Made" in run(filled, "create", "--message", "the [b]first[/b] batch")
    assert "Nothing has changed" in run(filled, "create")
    before = data_of(filled)
    add_document(filled, 3)
    run(filled, "create", "-m", "the second batch")
    listed = run(filled, "list")
    assert listed.index("data/0001") < listed.index("data/0002")
    assert "[b]first[/b]" in listed, "a message is shown as it was typed"
    objects_of(filled)[0].unlink()
    with pytest.raises(RedactionError, match=r"missing files: 1, damaged: 0, of these still on this machine: 1"):
        run(filled, "verify")
    assert "Files pushed again: 1;" in run(filled, "repair")
    run(filled, "verify", "--tag", "data/0001")
    run(filled, "restore", "data/0001")
    assert data_of(filled) == before


def test_a_new_remote_is_given_what_is_checkpointed_already(filled: Workspace, tmp_path: Path) -> None:
    run(filled, "create", "--message", "the first batch")
    add_document(filled, 3)
    output = run(filled, "create", "--message", "the second batch", "--remote", str(tmp_path / "new"))
    assert "Made" in output
    assert f"pushed to {tmp_path / 'new'}: {len(objects_of(filled))}" in output
    shutil.rmtree(remote_of(filled))
    run(filled, "verify")


def test_naming_the_same_remote_again_does_not_hide_what_it_has_lost(filled: Workspace, tmp_path: Path) -> None:
    run(filled, "create", "--remote", str(tmp_path / "new"))
    (tmp_path / "new").rename(tmp_path / "unmounted")
    with pytest.raises(RedactionError, match="has lost"):
        run(filled, "create", "--remote", str(tmp_path / "new"))


def test_without_a_registry_it_says_so(workspace: Workspace) -> None:
    assert "no checkpoints" in run(workspace, "list")
    for command in (["verify"], ["repair"], ["restore", "data/0001"]):
        with pytest.raises(RedactionError, match="redaction checkpoints create"):
            run(workspace, *command)
    assert not workspace.root.exists()
