"""Records of runs: in order, found by a part of the name, and honest about a run whose process is gone."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from redaction.errors import RedactionError
from redaction.lifecycle.run_records import RunFiles, RunRecord, RunState
from redaction.process_identity import ProcessIdentity
from redaction.workspace import Workspace

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def record(
    name: str, minutes: int = 0, state: RunState = RunState.COMPLETED, process: ProcessIdentity | None = None
) -> RunRecord:
    return RunRecord(name=name, pipeline="ct_cd", started=NOW + timedelta(minutes=minutes), state=state, process=process)


@pytest.fixture
def files(workspace: Workspace) -> RunFiles:
    files = RunFiles(workspace)
    for written in (record("ct_cd-b", 1), record("ct_cd-a", 2), record("ingestion-a", 0)):
        files.write(written)
    return files


def test_runs_are_listed_with_the_latest_first(files: RunFiles) -> None:
    assert [one.name for one in files.read()] == ["ct_cd-a", "ct_cd-b", "ingestion-a"]
    assert files.find(None).name == "ct_cd-a"


def test_a_run_is_found_by_its_name_or_by_a_part_that_only_it_has(files: RunFiles) -> None:
    files.write(record("ct_cd-ab", 3))
    assert files.find("ct_cd-a").name == "ct_cd-a", "the exact name comes first"
    assert files.find("gestion").name == "ingestion-a"
    with pytest.raises(RedactionError, match="3 runs have 'a' in their name"):
        files.find("a")
    with pytest.raises(RedactionError, match="No run is named 'c3'"):
        files.find("c3")


def test_without_runs_the_command_that_starts_one_is_named(workspace: Workspace) -> None:
    with pytest.raises(RedactionError, match="'redaction run ct_cd' starts one"):
        RunFiles(workspace).find(None)


def test_a_run_whose_process_is_gone_counts_as_killed() -> None:
    alive = record("run", state=RunState.RUNNING, process=ProcessIdentity.own())
    assert alive.present_state is RunState.RUNNING
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    gone = ProcessIdentity.of(process.pid)
    process.communicate()
    assert record("run", state=RunState.RUNNING, process=gone).present_state is RunState.KILLED


def test_a_later_process_with_the_same_number_is_not_taken_for_the_run() -> None:
    current = ProcessIdentity.own()
    reused = current.model_copy(update={"created": current.created - 1000})
    assert record("run", state=RunState.RUNNING, process=reused).present_state is RunState.KILLED


@pytest.mark.parametrize("name", ["../outside", "a/b c", ".hidden", "ü"])
def test_no_name_of_a_run_leads_out_of_the_folder(workspace: Workspace, name: str) -> None:
    files = RunFiles(workspace)
    files.write(record(name))
    assert files.page(name).parent == files.log(name).parent == files.folder
    assert [one.name for one in files.read()] == [name]


def test_a_damaged_record_is_named(files: RunFiles) -> None:
    (files.folder / "broken.json").write_text("{")
    with pytest.raises(RedactionError, match=r"broken\.json cannot be read; move it away"):
        files.read()
