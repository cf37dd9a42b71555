"""A checkpoint or restore that was killed (SIGKILL) at any moment is completed by the next call."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import git
import pytest

from redaction.annotations.dataset import read_dataset
from redaction.checkpoints import checkpoint, list_checkpoints, restore, verify
from redaction.checkpoints.registry import open_registry
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, annotate, data_of, objects_of, put

KILLS = 5


def start(workspace: Workspace, action: str) -> subprocess.Popen[str]:
    """Start a process and return when its imports are done and the action begins."""
    code = (
        "from redaction.checkpoints import checkpoint, restore; from redaction.workspace import Workspace\n"
        f"workspace = Workspace.at({str(workspace.root)!r}); print('ready', flush=True); {action}"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def duration_of(workspace: Workspace, action: str) -> float:
    process = start(workspace, action)
    begin = time.perf_counter()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return time.perf_counter() - begin


def kill_after(seconds: float, workspace: Workspace, action: str) -> bool:
    """Kill the action `seconds` after it began. Whether it was still running."""
    process = start(workspace, action)
    time.sleep(seconds)
    process.kill()
    process.communicate(timeout=120)
    return process.returncode != 0


def fill(workspace: Workspace) -> None:
    for number in range(3):
        add_document(workspace, number, pages=20)
    annotate(workspace, add_document(workspace, 3))


@pytest.mark.slow
def test_a_killed_checkpoint_is_completed_by_the_next_call(tmp_path: Path) -> None:
    undisturbed, killed = Workspace.at(tmp_path / "undisturbed"), Workspace.at(tmp_path / "killed")
    fill(undisturbed)
    duration_s = duration_of(undisturbed, "checkpoint(workspace, 'x')")
    fill(killed)
    hits = sum(kill_after(duration_s * (kill + 0.5) / KILLS, killed, "checkpoint(workspace, 'x')") for kill in range(KILLS))
    assert hits >= 2, "the kills came too late to test anything"
    made = checkpoint(killed, "after the kills")
    assert [row.tag for row in list_checkpoints(killed)] == ["data/0001"]
    assert made.pages == list_checkpoints(undisturbed)[0].pages
    assert verify(killed).complete
    repository = git.Repo(killed.root)
    assert repository.head.commit.hexsha == made.revision
    assert not repository.is_dirty(untracked_files=True)
    assert not checkpoint(killed, "again").created
    before = data_of(killed)
    put(killed.pages / "junk.png", b"junk")
    restore(killed, "data/0001", discard=True)
    assert data_of(killed) == before


@pytest.mark.slow
def test_a_killed_restore_is_completed_by_the_next_call(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "workspace")
    fill(workspace)
    checkpoint(workspace, "first")
    first, dataset = data_of(workspace), read_dataset(workspace, None)
    for number in range(10, 13):
        add_document(workspace, number, pages=20)
    checkpoint(workspace, "second")
    second = data_of(workspace)
    duration_s = duration_of(workspace, "restore(workspace, 'data/0001')")
    hits = 0
    for kill in range(KILLS):
        restore(workspace, "data/0002", discard=True)
        assert data_of(workspace) == second
        hits += kill_after(duration_s * (kill + 0.5) / KILLS, workspace, "restore(workspace, 'data/0001')")
        marker = workspace.state / "restoring"
        if marker.exists():
            with pytest.raises(RedactionError, match=r"Restoring data/0001 .* was interrupted"):
                checkpoint(workspace, "of a mixture")
    assert hits >= 2, "the kills came too late to test anything"
    restore(workspace, "data/0001")
    assert data_of(workspace) == first
    assert read_dataset(workspace, None) == dataset
    assert not checkpoint(workspace, "nothing is new").created


def test_empty_cache_files_after_a_power_cut_are_replaced(filled: Workspace) -> None:
    checkpoint(filled, "first")
    add_document(filled, 5)
    with open_registry(filled) as registry:
        registry.add()
    cache = filled.root / ".dvc" / "cache"
    kept = {path.name for path in objects_of(filled)}
    lost = [path for path in cache.rglob("*") if path.is_file() and path.name not in kept]
    assert {path.suffix for path in lost} == {"", ".dir"}
    for path in lost:
        path.chmod(0o644)
        path.write_bytes(b"")
    assert checkpoint(filled, "second").created
    assert verify(filled).complete
