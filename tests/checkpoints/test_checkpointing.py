"""Creating checkpoints: when something has changed, and only on a complete remote."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import git
import pytest

from redaction.catalog import open_catalog
from redaction.catalog.tables import Link, Source, now
from redaction.checkpoints import checkpoint, initialize, list_checkpoints, restore, verify
from redaction.checkpoints.registry import open_registry
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, add_history, annotate, data_of, objects_of, put, remote_of


def commits(workspace: Workspace) -> int:
    return len(list(git.Repo(workspace.root).iter_commits()))


class TestCreating:
    def test_the_first_checkpoint_sets_everything_up(self, filled: Workspace) -> None:
        made = checkpoint(filled, "the first documents")
        assert (made.created, made.tag, made.message) == (True, "data/0001", "the first documents")
        assert (made.documents, made.pages, made.annotations) == (2, 6, 1)
        repository = git.Repo(filled.root)
        assert repository.head.commit.hexsha == repository.tags["data/0001"].commit.hexsha == made.revision
        assert not repository.is_dirty(untracked_files=True)
        assert {path.name for path in filled.root.iterdir() if path.is_file() and path.suffix == ".dvc"} == {
            f"{folder}.dvc" for folder in ("documents", "pages", "annotations", "models", "catalogue")
        }

    def test_git_tracks_no_data_and_no_local_state(self, filled: Workspace) -> None:
        put(filled.state / "log.txt", b"a log")
        checkpoint(filled, "x")
        tracked = set(git.Repo(filled.root).git.ls_files().split())
        assert tracked == {
            *(".gitignore", ".dvcignore", ".dvc/.gitignore", ".dvc/config", "checkpoint.json"),
            *(f"{folder}.dvc" for folder in ("documents", "pages", "annotations", "models", "catalogue")),
        }

    def test_partially_written_files_are_left_out(self, filled: Workspace) -> None:
        put(filled.pages / "d" / ".0001.png.x.part", b"half a page")
        checkpoint(filled, "x")
        assert not any(path.read_bytes() == b"half a page" for path in objects_of(filled))

    def test_an_unchanged_workspace_makes_no_commit(self, filled: Workspace) -> None:
        first = checkpoint(filled, "first")
        before = commits(filled), objects_of(filled)
        second = checkpoint(filled, "second")
        assert second == first.model_copy(update={"created": False})
        assert (commits(filled), objects_of(filled)) == before

    def test_checking_the_sources_again_or_a_training_run_is_no_change(self, filled: Workspace) -> None:
        checkpoint(filled, "first")
        with open_catalog(filled).transaction() as session:
            session.get_one(Source, "here").checked_at = now()
            session.get_one(Link, "folder/1.pdf").checked_at = now()
        add_history(filled)
        assert not checkpoint(filled, "second").created

    @pytest.mark.parametrize("folder", ["documents", "pages", "models"])
    def test_a_new_file_is_a_change(self, filled: Workspace, folder: str) -> None:
        first = checkpoint(filled, "first")
        put(filled.root / folder / "new", b"new")
        second = checkpoint(filled, "second")
        assert (second.created, second.tag) == (True, "data/0002")
        assert (second.digest == first.digest) is (folder == "models"), "a training reads no models"

    def test_a_new_catalog_row_is_a_change(self, filled: Workspace) -> None:
        first = checkpoint(filled, "first")
        annotate(filled, add_document(filled, 3), boxes=0)
        second = checkpoint(filled, "second")
        assert second.created
        assert second.digest != first.digest
        assert (second.documents, second.annotations) == (3, 2)

    def test_a_deleted_folder_is_missing_only_in_later_checkpoints(self, filled: Workspace) -> None:
        checkpoint(filled, "with a model")
        (filled.models / "1" / "weights.safetensors").unlink()
        (filled.models / "1").rmdir()
        filled.models.rmdir()
        checkpoint(filled, "without")
        restore(filled, "data/0001")
        assert (filled.models / "1" / "weights.safetensors").read_bytes() == b"weights"
        restore(filled, "data/0002")
        assert not filled.models.exists()

    def test_checkpoints_are_listed_in_order_of_creation(self, filled: Workspace) -> None:
        made = [checkpoint(filled, "first")]
        add_document(filled, 3)
        made.append(checkpoint(filled, "second"))
        assert list_checkpoints(filled) == [row.model_copy(update={"created": False}) for row in made]

    def test_listing_and_verifying_an_empty_workspace_creates_nothing(self, workspace: Workspace) -> None:
        assert list_checkpoints(workspace) == []
        with pytest.raises(RedactionError, match="no checkpoints in"):
            verify(workspace)
        assert not workspace.root.exists()

    def test_equal_catalogs_have_equal_exports(self, filled: Workspace, tmp_path: Path) -> None:
        checkpoint(filled, "here")
        before = data_of(filled)
        restore(filled, "data/0001")
        assert not checkpoint(filled, "from what was imported").created
        assert data_of(filled) == before


class TestRemote:
    def test_a_workspace_inside_another_repository_has_its_own_repository(self, tmp_path: Path) -> None:
        outer = git.Repo.init(tmp_path)
        workspace = Workspace.at(tmp_path / "workspace")
        add_document(workspace, 1)
        checkpoint(workspace, "x")
        assert not outer.head.is_valid()
        assert outer.git.diff("--cached", "--name-only") == ""

    def test_a_chosen_remote_is_kept(self, filled: Workspace, tmp_path: Path) -> None:
        initialize(filled, str(tmp_path / "elsewhere"))
        initialize(filled)
        checkpoint(filled, "x")
        assert not remote_of(filled).exists()
        assert any((tmp_path / "elsewhere").rglob("*.dir"))

    def test_a_workspace_and_its_remote_may_be_moved_together(self, filled: Workspace, tmp_path: Path) -> None:
        checkpoint(filled, "x")
        before = data_of(filled)
        (tmp_path / "new").mkdir()
        remote_of(filled).rename(tmp_path / "new" / remote_of(filled).name)
        moved = Workspace.at(filled.root.rename(tmp_path / "new" / filled.root.name))
        assert verify(moved).complete
        assert not checkpoint(moved, "y").created
        assert data_of(moved) == before

    @pytest.mark.parametrize("remote", ["", "inside"])
    def test_a_remote_inside_the_workspace_is_refused(self, filled: Workspace, remote: str) -> None:
        with pytest.raises(RedactionError, match="inside the workspace"):
            initialize(filled, str(filled.root / remote))

    def test_a_remote_that_cannot_be_created_is_named(self, filled: Workspace, tmp_path: Path) -> None:
        put(tmp_path / "file", b"")
        with pytest.raises(RedactionError, match="file/remote cannot be created"):
            initialize(filled, str(tmp_path / "file" / "remote"))

    def test_a_kind_of_remote_that_is_not_installed_is_named(self, filled: Workspace) -> None:
        initialize(filled, "s3://bucket/registry")
        with pytest.raises(RedactionError, match="dvc-s3"):
            checkpoint(filled, "x")
        assert list_checkpoints(filled) == []


class TestPush:
    def test_a_push_that_fails_leaves_no_checkpoint(self, filled: Workspace) -> None:
        initialize(filled)
        (remote_of(filled) / "files").mkdir()
        put(remote_of(filled) / "files" / "md5", b"a file where a folder should be")
        with pytest.raises(RedactionError, match="remote"):
            checkpoint(filled, "x")
        assert list_checkpoints(filled) == []
        assert git.Repo(filled.root).tags == []


class TestConcurrency:
    def test_a_second_process_waits_and_returns_the_checkpoint_of_the_first(self, filled: Workspace) -> None:
        code = (
            "from redaction.checkpoints import checkpoint; from redaction.workspace import Workspace; "
            f"print(checkpoint(Workspace.at({str(filled.root)!r}), 'x').created)"
        )
        both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert sorted(process.communicate(timeout=60)[0].strip() for process in both) == ["False", "True"]
        assert [row.tag for row in list_checkpoints(filled)] == ["data/0001"]

    def test_waiting_too_long_is_an_error(self, filled: Workspace) -> None:
        initialize(filled)
        code = (
            "import time; from redaction.checkpoints.registry import open_registry; from redaction.workspace import Workspace\n"
            f"with open_registry(Workspace.at({str(filled.root)!r})): print('open', flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "open\n"
            with pytest.raises(RedactionError, match="Another process"):
                checkpoint(filled, "x", max_wait_s=0.1)
            other.kill()
        assert checkpoint(filled, "x").created

    def test_a_running_dvc_command_is_named(self, filled: Workspace) -> None:
        initialize(filled)
        code = (
            "import time; from dvc.repo import Repo\n"
            f"with Repo({str(filled.root)!r}).lock: print('open', flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "open\n"
            with pytest.raises(RedactionError, match="dvc command"), open_registry(filled):
                pytest.fail("the registry was opened although dvc has locked it")
            other.kill()


def test_a_thousand_new_files_take_seconds(workspace: Workspace) -> None:
    """It takes about 1.5 s on 2 idle cores; the limit allows for a busy machine."""
    for number in range(1000):
        put(workspace.pages / "d" / f"{number:04d}.png", number.to_bytes(4) * 250)
    start = time.perf_counter()
    checkpoint(workspace, "a thousand pages")
    assert time.perf_counter() - start < 30
