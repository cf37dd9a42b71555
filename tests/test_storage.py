"""A full disk and a read-only folder end a command with one sentence and lose nothing; two imports wait for each other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlmodel import func, select

from redaction import catalog as catalog_module
from redaction.catalog import open_catalog
from redaction.catalog.tables import Annotation, Document, Page, Source, page_name
from redaction.files import StorageError, new_folder, write_bytes
from redaction.workspace import Workspace

MAIN = "from redaction.cli import main; main()"
DOCUMENT, PAGES = "d" * 64, 200
DISK_BYTES = 4 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.getuid() != 0 or not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_up(disk: Path) -> None:
    with suppress(OSError), (disk / "large").open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)
    assert shutil.disk_usage(disk).free == 0


def make_read_only(disk: Path) -> None:
    for engine, _ in catalog_module._engines.values():
        engine.dispose()  # a disk with files open for writing stays writable
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


any_trouble = pytest.mark.parametrize("trouble", [fill_up, make_read_only], ids=lambda trouble: trouble.__name__)


def fill(workspace: Workspace) -> None:
    """Add a document with pages to the catalog, and its file to the workspace."""
    with open_catalog(workspace).transaction() as session:
        session.add(Source(name="a", kind="folder", location="x"))
        session.flush()
        session.add(Document(sha256=DOCUMENT, file_name="a.pdf", source="a", size_bytes=3))
        session.flush()
        for index in range(PAGES):
            name = page_name(DOCUMENT, index)
            image = f"pages/{name}.png"
            session.add(
                Page(name=name, document=DOCUMENT, page_index=index, file_name=f"a_p{index}", image=image, width=100, height=100)
            )
    write_bytes(workspace.documents / f"{DOCUMENT}.pdf", b"pdf")


def boxes(folder: Path, name: str = "boxes.json", pages: int = PAGES) -> Path:
    """Annotations of all pages, as COCO."""
    images = [{"id": n, "file_name": f"a_p{n}.png", "width": 100, "height": 100} for n in range(pages)]
    drawn = [{"id": n, "image_id": n, "category_id": 1, "bbox": [10, 10, 50 + n % 7, 20]} for n in range(pages)]
    content = {"images": images, "annotations": drawn, "categories": [{"id": 1, "name": "redaction"}]}
    (folder / name).write_text(json.dumps(content))
    return folder / name


def start(workspace: Workspace, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAIN, "--workspace", str(workspace.root), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def annotated(workspace: Workspace) -> int:
    with open_catalog(workspace).snapshot() as session:
        return session.exec(select(func.count()).select_from(Annotation)).one()


@any_trouble
@pytest.mark.parametrize("command", ["checkpoints create", "annotations import", "annotations export"])
def test_a_command_that_cannot_write_says_so_in_one_sentence(
    disk: Path, tmp_path: Path, trouble: Callable[[Path], None], command: str
) -> None:
    workspace = Workspace.at(disk / "workspace")
    fill(workspace)
    options = {"annotations import": (boxes(tmp_path),), "annotations export": (disk / "out.json",)}.get(command, ())
    trouble(disk)
    process = start(workspace, *command.split(), *options)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert errors.startswith("redaction: ")
    assert len(errors.splitlines()) == 1
    assert str(disk) in errors
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    (disk / "large").unlink(missing_ok=True)
    assert annotated(workspace) == 0
    assert not (disk / "out.json").exists()
    for again in (command, "checkpoints create"):
        process = start(workspace, *again.split(), *(options if again == command else ()))
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, f"with space again, {again} works: {errors}"


@any_trouble
def test_a_file_or_folder_that_cannot_be_written_keeps_its_old_content(disk: Path, trouble: Callable[[Path], None]) -> None:
    write_bytes(disk / "file", b"old")
    trouble(disk)
    with pytest.raises(StorageError, match=rf"{disk}/file cannot be written \(.*\): (free some space|check its permissions)"):
        write_bytes(disk / "file", b"new" * DISK_BYTES)
    with (
        pytest.raises(StorageError, match=rf"{disk}/folder cannot be written"),
        new_folder(disk / "folder") as unfinished,
    ):
        (unfinished / "page").write_bytes(b"x" * DISK_BYTES)
    assert (disk / "file").read_bytes() == b"old"
    assert {path.name for path in disk.iterdir()} <= {"file", "large"}


def test_copying_a_folder_to_a_full_disk_is_a_sentence(disk: Path, tmp_path: Path) -> None:
    """`shutil.copytree` gathers the errors of all files in one that has no number."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "weights").write_bytes(b"x" * 100_000)
    fill_up(disk)
    with pytest.raises(StorageError, match=r"No space left on device.*free some space"), new_folder(disk / "copy") as temporary:
        shutil.copytree(source, temporary, dirs_exist_ok=True)


def test_a_limit_on_the_size_of_files_is_a_sentence_too(tmp_path: Path) -> None:
    """What a quota or ``ulimit -f`` does to a user who is not root."""
    code = (
        "import resource, sys; from pathlib import Path; from redaction.files import StorageError, write_bytes\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_bytes(Path(sys.argv[1]), bytes(2000))\n"
        "except StorageError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith(f"{tmp_path / 'file'} cannot be written (File too large): ")
    assert list(tmp_path.iterdir()) == []


def test_imports_of_several_processes_wait_for_each_other(workspace: Workspace, tmp_path: Path) -> None:
    fill(workspace)
    file = boxes(tmp_path)
    processes = [start(workspace, "annotations", "import", file, "--json") for _ in range(3)]
    reports = []
    for process in processes:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        reports.append(json.loads(output))
    assert sorted((report["added"], report["unchanged"]) for report in reports) == [(0, PAGES), (0, PAGES), (PAGES, 0)]
    assert annotated(workspace) == PAGES
