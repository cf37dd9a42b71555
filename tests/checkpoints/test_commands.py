"""The commands of ``redaction checkpoints``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redaction.catalog import open_catalog
from redaction.cli.checkpoints import app
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, data_of, objects_of, remote_of


def run(workspace: Workspace, *arguments: str) -> str:
    runner = CliRunner(env={"COLUMNS": "200", "REDACTION_WORKSPACE": str(workspace.root)})
    return runner.invoke(app, arguments, catch_exceptions=False).output


def verified_as_json(workspace: Workspace) -> tuple[int, dict[str, int]]:
    """Exit status and counts of ``verify --json``."""
    done = CliRunner(env={"REDACTION_WORKSPACE": str(workspace.root)}).invoke(app, ["verify", "--json"])
    result = json.loads(done.stdout)
    return done.exit_code, {name: result[name] for name in ("missing", "damaged", "recoverable")}


def test_create_list_verify_repair_and_restore(filled: Workspace) -> None:
    assert "Created" in run(filled, "create", "--message", "the [b]first[/b] batch")
    assert "Nothing has changed" in run(filled, "create")
    before = data_of(filled)
    add_document(filled, 3)
    run(filled, "create", "-m", "the second batch")
    listed = run(filled, "list")
    assert listed.index("data/0001") < listed.index("data/0002")
    assert "[b]first[/b]" in listed, "a message is shown literally"
    assert [row["tag"] for row in json.loads(run(filled, "list", "--json"))] == ["data/0001", "data/0002"]
    objects_of(filled)[0].unlink()
    with pytest.raises(RedactionError, match=r"missing files: 1, damaged: 0, recoverable from this machine: 1"):
        run(filled, "verify")
    assert verified_as_json(filled) == (1, {"missing": 1, "damaged": 0, "recoverable": 1})
    assert "Files pushed again: 1;" in run(filled, "repair")
    assert verified_as_json(filled) == (0, {"missing": 0, "damaged": 0, "recoverable": 0})
    run(filled, "verify", "--tag", "data/0001")
    run(filled, "restore", "data/0001")
    assert data_of(filled) == before


def test_a_new_remote_receives_the_existing_checkpoints(filled: Workspace, tmp_path: Path) -> None:
    run(filled, "create", "--message", "the first batch")
    add_document(filled, 3)
    output = run(filled, "create", "--message", "the second batch", "--remote", str(tmp_path / "new"))
    assert "Created" in output
    assert f"pushed to {tmp_path / 'new'}: {len(objects_of(filled))}" in output
    shutil.rmtree(remote_of(filled))
    run(filled, "verify")


def test_naming_the_current_remote_again_does_not_hide_its_losses(filled: Workspace, tmp_path: Path) -> None:
    run(filled, "create", "--remote", str(tmp_path / "new"))
    (tmp_path / "new").rename(tmp_path / "unmounted")
    with pytest.raises(RedactionError, match="has lost"):
        run(filled, "create", "--remote", str(tmp_path / "new"))


def test_commands_on_a_workspace_without_a_registry_name_the_remedy(workspace: Workspace) -> None:
    open_catalog(workspace)
    assert "no checkpoints" in run(workspace, "list")
    assert json.loads(run(workspace, "list", "--json")) == []
    for command in (["verify"], ["repair"], ["restore", "data/0001"]):
        with pytest.raises(RedactionError, match="redaction checkpoints create"):
            run(workspace, *command)
    assert not (workspace.root / ".git").exists()


@pytest.mark.parametrize("command", ["create", "list", "verify", "repair", "restore data/0001"])
def test_a_mistyped_workspace_is_not_created(workspace: Workspace, command: str) -> None:
    with pytest.raises(RedactionError, match=rf"There is no workspace at {workspace.root} \(named by REDACTION_WORKSPACE="):
        run(workspace, *command.split())
    assert not workspace.root.exists()


def test_the_default_workspace_need_not_exist_for_its_first_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDACTION_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert "Created" in CliRunner().invoke(app, ["create", "--remote", "elsewhere"], catch_exceptions=False).output
    assert (tmp_path / "workspace" / ".git").is_dir()
