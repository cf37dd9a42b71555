"""Kill an operation with SIGKILL at moments spread over its duration, complete it, and compare with an undisturbed run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import select

from benchmarks.versions import golden_of, starter_version
from redaction.annotations.importing import import_annotations
from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation, Document, Link, Page, Source
from redaction.checkpoints import checkpoint, list_checkpoints, verify
from redaction.detection.artifact import Detector
from redaction.documents.ingestion import ingest
from redaction.documents.sources import IndexSource, Politeness, SourcesConfig
from redaction.files import sha256_of_file
from redaction.samples import make_reading_room, serve_reading_room
from redaction.workspace import Workspace
from serving.local import control
from serving.local.address import free_port
from serving.local.golden import GoldenPage
from serving.release.release import deploy, production_tag, rollback

MAX_OPERATION_S = 300
VOLATILE_COLUMNS = {"id", "checked_at", "first_seen_at", "rendered_at", "imported_at", "annotated_at"}
"""Columns that differ between two runs of the same operation."""

STATE_FILES = ("documents", "pages")
READY = "ready\n"


@dataclass
class Kills:
    """What became of an operation that was killed repeatedly."""

    operation: str
    tries: int
    interrupted: int = 0
    """How often the operation was still running when it was killed."""
    silent: int = 0
    """How often the service did not answer right after the kill."""
    different: int = 0
    """How often the completed state differed from the undisturbed one."""


def measure_kills(kills: int) -> Iterator[Kills]:
    """Kill every operation `kills` times.

    Args:
        kills: number of kills of each operation.
    """
    with tempfile.TemporaryDirectory(prefix="redaction-faults-") as name, _reading_room(Path(name)) as (config, boxes):
        root = Path(name)
        yield _ingestion(root, config, kills)
        base = Workspace.at(root / "base")
        ingest(base, config)
        yield _annotation_import(root, base, boxes, kills)
        import_annotations(base, boxes)
        yield _checkpoint(root, base, kills)
        yield from _release(root, kills)


@contextmanager
def _reading_room(root: Path) -> Iterator[tuple[SourcesConfig, Path]]:
    """A small reading room on loopback: the sources that name it, and its known boxes."""
    room = make_reading_room(root / "room", documents=8)
    with serve_reading_room(room.folder) as server:
        polite = Politeness(delay_seconds=0, concurrency=4, attempts=1)
        source = IndexSource(kind="index", name="room", urls=(server.url,), depth=1, politeness=polite)
        yield SourcesConfig(sources=(source,)), root / "room" / "annotations.json"


def _ingestion(root: Path, config: SourcesConfig, kills: int) -> Kills:
    code = (
        "import sys; from redaction.documents.ingestion import ingest\n"
        "from redaction.documents.sources import SourcesConfig; from redaction.workspace import Workspace\n"
        f"config = SourcesConfig.model_validate_json({config.model_dump_json()!r}); print('ready', flush=True)\n"
        "ingest(Workspace.at(sys.argv[1]), config)"
    )

    def complete(workspace: Workspace) -> object:
        ingest(workspace, config)
        ingest(workspace, config)  # after this the links are unchanged, whenever they were first seen
        return _state(workspace, Source, Link, Document, Page)

    return _kill_copies("ingestion", root, None, code, complete, kills)


def _annotation_import(root: Path, base: Workspace, boxes: Path, kills: int) -> Kills:
    code = (
        "import sys; from pathlib import Path; from redaction.annotations.importing import import_annotations\n"
        "from redaction.workspace import Workspace; print('ready', flush=True)\n"
        f"import_annotations(Workspace.at(sys.argv[1]), Path({str(boxes)!r}))"
    )

    def complete(workspace: Workspace) -> object:
        import_annotations(workspace, boxes)
        return _state(workspace, Annotation, AnnotatedBox, Document)

    return _kill_copies("import of annotations", root, base, code, complete, kills)


def _checkpoint(root: Path, base: Workspace, kills: int) -> Kills:
    code = (
        "import sys; from redaction.checkpoints import checkpoint\n"
        "from redaction.workspace import Workspace; print('ready', flush=True)\n"
        "checkpoint(Workspace.at(sys.argv[1]), 'x')"
    )

    def complete(workspace: Workspace) -> object:
        checkpoint(workspace, "x")
        made = [(row.tag, row.documents, row.pages, row.annotations) for row in list_checkpoints(workspace)]
        return made, verify(workspace).complete, _state(workspace, Document, Page, Annotation)

    return _kill_copies("checkpoint", root, base, code, complete, kills)


def _kill_copies(
    operation: str, root: Path, base: Workspace | None, code: str, complete: Callable[[Workspace], object], kills: int
) -> Kills:
    """Kill the operation on a copy of a workspace for each kill, complete it, and compare.

    Args:
        operation: its name.
        root: a folder for the copies.
        base: the workspace to copy; None for an empty one.
        code: the operation; it prints "ready" when its imports are done, and gets the workspace as its argument.
        complete: completes the operation and returns the state that must be the same every time.
        kills: number of kills.
    """
    result = Kills(operation, kills)
    undisturbed = _copy(root / "undisturbed", base)
    duration_s = _run(code, undisturbed)
    wanted = complete(undisturbed)
    shutil.rmtree(undisturbed.root)
    for kill in range(kills):
        workspace = _copy(root / "killed", base)
        result.interrupted += _kill_after(duration_s * (kill + 0.5) / kills, code, str(workspace.root))
        result.different += complete(workspace) != wanted
        shutil.rmtree(workspace.root)
        shutil.rmtree(f"{workspace.root}-remote", ignore_errors=True)
    shutil.rmtree(f"{undisturbed.root}-remote", ignore_errors=True)
    return result


def _copy(target: Path, base: Workspace | None) -> Workspace:
    if base is not None:
        shutil.copytree(base.root, target)
    return Workspace.at(target)


def _release(root: Path, kills: int) -> Iterator[Kills]:
    """Kill deployments of a second version and rollbacks to the first; each must end with one version that answers."""
    workspace = Workspace.at(root / "served")
    detectors = [starter_version(root, number) for number in (1, 2)]
    golden = [_golden(root, detector) for detector in detectors]
    port = free_port()
    deploying, returning = Kills("deployment", kills), Kills("rollback", kills)
    code = (
        "import sys; from pathlib import Path; from redaction.detection.artifact import Detector\n"
        "from benchmarks.faults.kills import deploy_version, return_to\n"
        "print('ready', flush=True); globals()[sys.argv[1]](*sys.argv[2:])"
    )
    first, second = (detector.version for detector in detectors)
    deploy(workspace, detectors[0].folder, first, golden[0], port=port)
    arguments = ("deploy_version", str(workspace.root), str(detectors[1].folder), str(root), str(port))
    try:
        started = time.monotonic()
        deploy(workspace, detectors[1].folder, second, golden[1], port=port)
        duration_s = time.monotonic() - started
        rollback(workspace, first)
        for kill in range(kills):
            moment_s = duration_s * (kill + 0.5) / kills
            deploying.interrupted += _kill_after(moment_s, code, *arguments)
            deploying.silent += not control.status(workspace).ready
            outcome = deploy(workspace, detectors[1].folder, second, golden[1], port=port)
            deploying.different += not (outcome.served and _serves(workspace, second))
            returning.interrupted += _kill_after(moment_s, code, "return_to", str(workspace.root), first)
            returning.silent += not control.status(workspace).ready
            outcome = rollback(workspace, first)
            returning.different += not (outcome.served and _serves(workspace, first))
    finally:
        control.stop(workspace)
    yield deploying
    yield returning


def deploy_version(root: str, folder: str, golden_root: str, port: str) -> None:
    """Deploy a detector, in a process that will be killed."""
    detector = Detector.load(Path(folder))
    deploy(Workspace.at(root), detector.folder, detector.version, _golden(Path(golden_root), detector), port=int(port))


def return_to(root: str, version: str) -> None:
    """Roll back to a version, in a process that will be killed."""
    rollback(Workspace.at(root), version)


def _golden(root: Path, detector: Detector) -> tuple[GoldenPage, ...]:
    return golden_of(detector, sorted((root / "base" / "pages").rglob("*.jpg"))[:3])


def _serves(workspace: Workspace, version: str) -> bool:
    status = control.status(workspace)
    return bool(status.ready and status.version == version and str(production_tag(workspace)).endswith(version))


def _state(workspace: Workspace, *tables: type[Any]) -> object:
    """The digests of all documents and page images, and all rows without their volatile columns."""
    folders = (workspace.root / name for name in STATE_FILES)
    files = {
        path.relative_to(workspace.root).as_posix(): sha256_of_file(path)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }
    with open_catalog(workspace).snapshot() as session:
        rows = [
            sorted((row.model_dump(exclude=VOLATILE_COLUMNS) for row in session.exec(select(table))), key=str) for table in tables
        ]
    return files, rows


def _start(code: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if process.stdout is None or process.stdout.readline() != READY:
        raise RuntimeError(f"the operation did not start: {process.communicate()[1]}")
    return process


def _run(code: str, workspace: Workspace) -> float:
    """Run an operation to its end, and return its duration in seconds."""
    process = _start(code, str(workspace.root))
    started = time.monotonic()
    _, errors = process.communicate(timeout=MAX_OPERATION_S)
    if process.returncode:
        raise RuntimeError(f"the operation failed: {errors}")
    return time.monotonic() - started


def _kill_after(seconds: float, code: str, *arguments: str) -> bool:
    """Kill an operation some time after it started; whether it was still running."""
    process = _start(code, *arguments)
    time.sleep(seconds)
    process.kill()
    process.communicate(timeout=MAX_OPERATION_S)
    return process.returncode < 0
