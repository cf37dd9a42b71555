"""``redaction runs``: the table fits a terminal, and ``show`` prints the path of a page and nothing else on a pipe."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from redaction.cli import build
from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.lifecycle.run_records import RunFiles, RunRecord, RunState
from redaction.workspace import Workspace

NAME = "annotation_ingestion-2026_11_27-14_13_30_817443"


@pytest.fixture
def files(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> RunFiles:
    monkeypatch.setenv("REDACTION_WORKSPACE", str(workspace.root))
    files = RunFiles(workspace)
    started = datetime(2026, 11, 27, 14, 13, tzinfo=UTC)
    values = {"name": NAME, "pipeline": "annotation_ingestion", "started": started}
    files.write(RunRecord.model_validate(values | {"state": RunState.COMPLETED, "outcome": "404 documents, 803 new pages"}))
    error = "Port 3000 on 127.0.0.1 cannot be used (Address already in use): process 1 listens there."
    failed = {"name": "ct_cd-nightly", "pipeline": "ct_cd", "started": started + timedelta(hours=1), "error": error}
    files.write(RunRecord.model_validate(failed | {"state": RunState.FAILED}))
    write_text(files.page(NAME), "<!doctype html>")
    return files


def invoke(*arguments: str) -> str:
    shown = CliRunner().invoke(build(), ["runs", *arguments], catch_exceptions=False)
    assert shown.exit_code == 0
    return shown.output


@pytest.mark.parametrize(("columns", "has_pipelines"), [(80, False), (132, True)])
def test_the_table_fits_and_a_name_can_be_copied(
    files: RunFiles, monkeypatch: pytest.MonkeyPatch, columns: int, has_pipelines: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = invoke().splitlines()
    assert max(map(len, lines)) <= columns
    assert any(line.startswith(f"{NAME} ") and "completed" in line for line in lines)
    assert ("pipeline" in lines[0]) is has_pipelines
    assert lines[1].startswith("ct_cd-nightly "), "the latest first"
    assert "failed" in lines[1]


def test_the_list_can_be_read_by_a_program(files: RunFiles) -> None:
    found = json.loads(invoke("--json", "--last", "1"))
    assert [(run["name"], run["state"]) for run in found] == [("ct_cd-nightly", "failed")]


def test_show_prints_the_path_of_the_page(files: RunFiles) -> None:
    assert invoke("show", "ingestion") == f"{files.page(NAME)}\n"
    assert invoke("show", NAME, "--print") == f"{files.page(NAME)}\n"


def test_a_run_without_a_page_is_an_error_that_names_its_log(files: RunFiles) -> None:
    with pytest.raises(RedactionError, match=r"ct_cd-nightly \(failed\) has no page: its log is .*ct_cd-nightly\.log"):
        invoke("show")


def test_a_workspace_without_runs_names_the_command_that_starts_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.root.mkdir()
    monkeypatch.setenv("REDACTION_WORKSPACE", str(workspace.root))
    assert "'redaction run annotation_ingestion' starts one" in invoke()
