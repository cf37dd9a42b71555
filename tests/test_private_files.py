"""Documents, pages and annotations are readable by their user alone; what a user names with --output follows the user's umask."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redaction.files import new_file, new_folder, write_text
from redaction.workspace import Workspace
from tests.pages.pdf_files import plain

SETUP = """
import os, sys
os.umask(int(sys.argv[1], 8))
"""
INGEST = """
from pathlib import Path
from redaction.documents.ingestion import ingest
from redaction.documents.sources import SourcesConfig
from redaction.workspace import Workspace
source = {"name": "a", "kind": "folder", "path": sys.argv[3]}
ingest(Workspace.at(sys.argv[2]), SourcesConfig.model_validate({"sources": [source]}))
"""
COMMAND = """
from redaction.cli import main
del sys.argv[1]
main()
"""


def run(code: str, *arguments: object, umask: str = "022") -> str:
    command = [sys.executable, "-c", SETUP + code, umask, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, timeout=120, text=True).stdout


def command(workspace: Workspace, *arguments: object, umask: str = "022") -> None:
    run(COMMAND, "--workspace", workspace.root, *arguments, umask=umask)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def reachable_by_others(folder: Path) -> Iterator[Path]:
    """The files and folders from `folder` downwards that other users can use: a private folder keeps them from all below."""
    if not mode(folder) & 0o077:
        return
    yield folder
    for path in folder.iterdir():
        if path.is_dir():
            yield from reachable_by_others(path)
        elif mode(path) & 0o077:
            yield path


def boxes(folder: Path) -> Path:
    image = {"id": 1, "file_name": "a_p0001.png", "width": 1275, "height": 1650}
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [100, 100, 300, 40]}
    content = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "redaction"}]}
    (folder / "boxes.json").write_text(json.dumps(content))
    return folder / "boxes.json"


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace after an ingestion, an import, a checkpoint, a copy of pages and an export, by a user with umask 022."""
    folder = tmp_path_factory.mktemp("used")
    (folder / "documents").mkdir()
    (folder / "documents" / "a.pdf").write_bytes(plain(2))
    workspace = Workspace.at(folder / "workspace")
    run(INGEST, workspace.root, folder / "documents")
    command(workspace, "annotations", "import", boxes(folder), "--output", folder / "import.json")
    command(workspace, "checkpoints", "create")
    command(workspace, "annotations", "queue", "--copy-to", folder / "upload")
    command(workspace, "annotations", "export", folder / "export.json")
    return workspace


def test_nobody_else_reaches_anything_in_a_workspace_or_its_remote(used: Workspace) -> None:
    for folder in (used.root, used.root.with_name("workspace-remote")):
        assert mode(folder) == 0o700
        assert list(reachable_by_others(folder)) == []


def test_the_files_themselves_are_private_also_when_they_are_moved_elsewhere(used: Workspace) -> None:
    """All but DVC's own: it sets 444 for its objects, in folders that are 700."""
    found = {path.relative_to(used.root).as_posix(): path for path in used.root.rglob("*")}
    own = {path for name, path in found.items() if not name.startswith((".dvc/cache/", ".dvc/tmp/"))}
    assert {mode(path) for path in own if path.is_dir()} == {0o700}
    assert [path for path in own if mode(path) & 0o077] == []
    assert {"catalogue.sqlite", ".git/HEAD", ".dvc/config", "state", "pages"} <= set(found)
    assert [mode(path) for name, path in found.items() if name.startswith(("documents/", "pages/")) and path.is_file()] == [
        0o600
    ] * 3


def test_the_journal_of_the_catalog_is_private(used: Workspace) -> None:
    code = (
        "from redaction.catalog import open_catalog; from redaction.workspace import Workspace\n"
        "with open_catalog(Workspace.at(sys.argv[2])).snapshot() as session:\n"
        "    session.connection().exec_driver_sql('SELECT count(*) FROM pages')\n"
        "    files = list(Path(sys.argv[2]).glob('catalogue.sqlite*'))\n"
        "    print(*(oct(file.stat().st_mode & 0o777) for file in files))\n"
    )
    assert run("from pathlib import Path\n" + code, used.root).split() == ["0o600"] * 3


def test_copies_of_pages_and_exports_are_private_wherever_they_are_written(used: Workspace) -> None:
    folder = used.root.parent
    assert mode(folder / "export.json") == 0o600
    assert mode(folder / "upload") == 0o700
    assert [mode(path) for path in (folder / "upload").iterdir()] == [0o600]


@pytest.mark.parametrize(("umask", "expected"), [("022", 0o644), ("002", 0o664), ("077", 0o600)])
def test_a_report_without_pictures_of_pages_follows_the_users_umask(
    used: Workspace, tmp_path: Path, umask: str, expected: int
) -> None:
    command(used, "annotations", "import", boxes(tmp_path), "--output", tmp_path / "import.json", umask=umask)
    assert mode(tmp_path / "import.json") == expected


def test_an_open_workspace_of_an_earlier_version_is_closed_when_it_is_used(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "workspace")
    workspace.root.mkdir(mode=0o755)
    workspace.root.chmod(0o2775)
    command(workspace, "annotations", "queue")
    assert mode(workspace.root) == 0o2700


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to give files to another user")
def test_a_workspace_of_another_user_is_left_as_it_is(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "workspace")
    workspace.root.mkdir()
    workspace.root.chmod(0o770)
    os.chown(workspace.root, 12345, 12345)
    command(workspace, "annotations", "queue")
    assert mode(workspace.root) == 0o770


def test_a_remote_that_exists_keeps_its_permissions_and_a_new_one_is_private(tmp_path: Path, used: Workspace) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o750)
    for remote, expected in ((shared, 0o750), (tmp_path / "new", 0o700)):
        command(used, "checkpoints", "create", "--remote", remote)
        assert mode(remote) == expected


def test_what_is_written_in_a_process_is_private_from_the_first_file_on(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "a", "a")
    with new_file(tmp_path / "b") as unfinished:
        unfinished.write_text("b")
    with new_folder(tmp_path / "folder") as unfinished:
        (unfinished / "below").mkdir()
        (unfinished / "below" / "c").write_text("c")
        (unfinished / "copied").write_text("from a file that everybody can read")
        (unfinished / "copied").chmod(0o644)
    (tmp_path / "d").write_text("by another library")
    assert {mode(path) for path in tmp_path.rglob("*")} == {0o600, 0o700}
