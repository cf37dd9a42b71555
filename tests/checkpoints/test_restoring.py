"""Restoring checkpoints: identical bytes, the catalog as it was, and no unsaved data lost."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from sqlmodel import select

from redaction.annotations.dataset import read_dataset
from redaction.catalog import open_catalog
from redaction.catalog.tables import Deployment, MonitoringWindow, Stage, TrainingRun
from redaction.checkpoints import checkpoint, list_checkpoints, repair, restore
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, add_history, annotate, data_of, objects_of, put, remote_of


def test_deleted_files_are_restored_byte_by_byte(filled: Workspace) -> None:
    made = checkpoint(filled, "first")
    before = data_of(filled)
    for folder in (filled.documents, filled.pages, filled.annotations, filled.models, filled.catalog_export):
        shutil.rmtree(folder)
    assert restore(filled, "data/0001") == made.model_copy(update={"created": False})
    assert data_of(filled) == before


def test_restoring_does_not_need_an_intact_cache(filled: Workspace) -> None:
    checkpoint(filled, "first")
    before = data_of(filled)
    cache = filled.root / ".dvc" / "cache"
    damaged = next(path for path in cache.rglob("*") if path.is_file() and path.stat().st_size == 2000)
    damaged.chmod(0o644)
    damaged.write_bytes(bytes(2000))
    shutil.rmtree(filled.pages)
    restore(filled, "data/0001")
    assert data_of(filled) == before
    shutil.rmtree(cache)
    shutil.rmtree(filled.pages)
    restore(filled, "data/0001")
    assert data_of(filled) == before


def test_the_catalog_follows_the_files_back_and_forth(filled: Workspace) -> None:
    checkpoint(filled, "first")
    first, first_dataset = data_of(filled), read_dataset(filled, None)
    annotate(filled, add_document(filled, 3))
    checkpoint(filled, "second")
    second, second_dataset = data_of(filled), read_dataset(filled, None)
    assert (len(first_dataset.pages), len(second_dataset.pages)) == (1, 2)
    for tag, files, dataset in (("data/0001", first, first_dataset), ("data/0002", second, second_dataset)) * 2:
        restore(filled, tag)
        assert data_of(filled) == files
        assert read_dataset(filled, None) == dataset
        unchanged = checkpoint(filled, "again")
        assert (unchanged.created, unchanged.tag) == (False, tag)


def test_changes_to_an_old_checkpoint_become_a_new_one(filled: Workspace) -> None:
    checkpoint(filled, "first")
    add_document(filled, 3)
    checkpoint(filled, "second")
    restore(filled, "data/0001")
    add_document(filled, 4)
    third = checkpoint(filled, "third")
    assert (third.created, third.tag, third.documents) == (True, "data/0003", 3)
    assert [row.documents for row in list_checkpoints(filled)] == [2, 3, 3]


def test_another_machine_needs_only_a_clone_and_the_remote(filled: Workspace, tmp_path: Path) -> None:
    add_history(filled)
    checkpoint(filled, "first")
    there = Workspace.at(tmp_path / "there" / "workspace")
    subprocess.run(["git", "clone", "--quiet", str(filled.root), str(there.root)], check=True)
    remote_of(filled).rename(remote_of(there))
    restore(there, "data/0001")
    assert data_of(there) == data_of(filled)
    assert read_dataset(there, None).digest == read_dataset(filled, None).digest
    with open_catalog(there).transaction() as session:
        assert [row.run for row in session.exec(select(TrainingRun))] == ["run-1"]
        deployments = [(row.version, row.stage, row.bento_tag) for row in session.exec(select(Deployment))]
        assert deployments == [("1", Stage.PRODUCTION, None)]


def test_a_restore_keeps_later_runs_deployments_and_monitoring(filled: Workspace) -> None:
    """Training runs, deployments and monitoring windows record events; a restore does not undo them."""
    add_history(filled)
    checkpoint(filled, "first")
    with open_catalog(filled).transaction() as session:
        session.exec(select(Deployment)).one().stage = Stage.ARCHIVED
        session.add(Deployment(version="2", detector_digest="e", stage=Stage.PRODUCTION))
    restore(filled, "data/0001")
    with open_catalog(filled).transaction() as session:
        stages = {row.version: row.stage for row in session.exec(select(Deployment))}
        assert stages == {"1": Stage.ARCHIVED, "2": Stage.PRODUCTION}
        assert len(session.exec(select(MonitoringWindow)).all()) == 1
        assert len(session.exec(select(TrainingRun)).all()) == 1


class TestUnsaved:
    def test_unsaved_files_prevent_a_restore(self, filled: Workspace) -> None:
        checkpoint(filled, "first")
        put(filled.models / "2" / "weights.safetensors", b"three days of training")
        with pytest.raises(RedactionError, match=r"models/2/weights.safetensors and 0 more .* are in no checkpoint.*--discard"):
            restore(filled, "data/0001")
        assert (filled.models / "2" / "weights.safetensors").read_bytes() == b"three days of training"
        restore(filled, "data/0001", discard=True)
        assert not (filled.models / "2").exists()

    def test_an_unsaved_folder_that_the_checkpoint_lacks_prevents_a_restore(self, workspace: Workspace) -> None:
        add_document(workspace, 1)
        checkpoint(workspace, "no models yet")
        put(workspace.models / "1" / "weights.safetensors", b"weights")
        with pytest.raises(RedactionError, match="models/1"):
            restore(workspace, "data/0001")
        restore(workspace, "data/0001", discard=True)
        assert not workspace.models.exists()

    def test_unsaved_annotations_prevent_a_restore(self, filled: Workspace) -> None:
        document = add_document(filled, 3)
        checkpoint(filled, "first")
        annotate(filled, document)
        with pytest.raises(RedactionError, match=r"the catalog's table .* are in no checkpoint"):
            restore(filled, "data/0001")
        assert len(read_dataset(filled, None).pages) == 2
        checkpoint(filled, "now they are kept")
        restore(filled, "data/0001")
        assert len(read_dataset(filled, None).pages) == 1

    def test_a_missing_catalog_does_not_prevent_a_restore(self, filled: Workspace, tmp_path: Path) -> None:
        checkpoint(filled, "first")
        dataset = read_dataset(filled, None)
        moved = Workspace.at(filled.root.rename(tmp_path / "moved"))
        remote_of(filled).rename(remote_of(moved))
        for path in moved.root.glob("catalogue.sqlite*"):
            path.unlink()
        (moved.root / ".dvc" / "config").write_text(
            (moved.root / ".dvc" / "config").read_text().replace("workspace-r", "moved-r")
        )
        restore(moved, "data/0001")
        assert read_dataset(moved, None).digest == dataset.digest


class TestRefused:
    @pytest.mark.parametrize("tag", ["data/0009", "main", "HEAD", "../x", "--help", ""])
    def test_an_unknown_checkpoint_is_refused(self, filled: Workspace, tag: str) -> None:
        checkpoint(filled, "first")
        with pytest.raises(RedactionError, match="the newest is data/0001"):
            restore(filled, tag)

    def test_a_checkpoint_with_missing_files_is_refused_and_nothing_is_changed(self, filled: Workspace) -> None:
        checkpoint(filled, "first")
        add_document(filled, 3)
        checkpoint(filled, "second")
        before = data_of(filled)
        shutil.rmtree(filled.root / ".dvc" / "cache")
        lost = [path for path in objects_of(filled) if path.stat().st_size == 2000]
        for path in lost:
            path.unlink()
        with pytest.raises(RedactionError, match=r"Files of the checkpoint are missing or damaged .* \(6 of \d+\)"):
            restore(filled, "data/0001")
        assert data_of(filled) == before
        repair(filled)
        restore(filled, "data/0001")

    def test_a_checkpoint_with_damaged_files_on_the_remote_is_refused(self, filled: Workspace) -> None:
        checkpoint(filled, "first")
        shutil.rmtree(filled.root / ".dvc" / "cache")
        path = next(path for path in objects_of(filled) if path.stat().st_size == 2000)
        path.chmod(0o644)
        path.write_bytes(bytes(2000))
        with pytest.raises(RedactionError, match=r"Files of the checkpoint are missing or damaged .* \(1 of \d+\)"):
            restore(filled, "data/0001")
