"""The doctor's findings on machines that lack something."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread

import pytest

from redaction.catalog import open_catalog
from redaction.checkpoints import checkpoint
from redaction.doctor import Finding, Need, Status, check_environment, data, machine, ports, require_ready, services
from redaction.doctor.findings import failure, ok
from redaction.errors import RedactionError
from redaction.workspace import Workspace

GIB = 2**30


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.fixture
def unrelated_port() -> Iterator[int]:
    """A port used by a program that answers every request with 404."""

    class NotFound(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), NotFound) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_new_machine_is_ready(workspace: Workspace) -> None:
    findings = check_environment(workspace)

    require_ready([finding for finding in findings if finding.name not in ("memory", "disk", "zenml")])
    assert all(finding.remedy for finding in findings if finding.status is not Status.OK)
    assert not workspace.root.exists()


def test_the_error_names_every_failure_and_its_remedy() -> None:
    with pytest.raises(RedactionError, match=r"git: there is no git; install git · gpu: there is none; buy one"):
        require_ready(
            [failure("git", "there is no git", "install git"), ok("python", "3.11"), failure("gpu", "there is none", "buy one")]
        )
    require_ready([ok("python", "3.11")])


@pytest.mark.parametrize(("free_gib", "status"), [(1.9, Status.FAIL), (2.1, Status.WARN), (5.9, Status.WARN), (6.1, Status.OK)])
def test_little_free_memory_is_a_warning_and_very_little_a_failure(free_gib: float, status: Status) -> None:
    assert only(machine.memory(int(free_gib * GIB))).status is status


@pytest.mark.parametrize(
    ("lock", "status", "expected"),
    [
        ("pydantic=={pydantic} \\\n    --hash=sha256:0\npydantic-core=={core}\n", Status.OK, "all 2 match requirements.lock"),
        ("pydantic==1.0 \\\n    --hash=sha256:0\n", Status.FAIL, "pydantic is {pydantic} instead of 1.0"),
        ("pydantic-core==1.0\n", Status.WARN, "pydantic-core is {core} instead of 1.0"),  # not a direct dependency
        ("zzz-not-installed==1.0\n", Status.WARN, "zzz-not-installed is missing instead of 1.0"),
        (None, Status.WARN, "no requirements.lock"),
    ],
)
def test_installed_packages_are_compared_with_the_lock(tmp_path: Path, lock: str | None, status: Status, expected: str) -> None:
    versions = {"pydantic": metadata.version("pydantic"), "core": metadata.version("pydantic-core")}
    path = tmp_path / "requirements.lock"
    if lock is not None:
        path.write_text(lock.format(**versions), encoding="utf-8")

    finding = only(machine.packages(path))

    assert finding.status is status
    assert expected.format(**versions) in finding.detail


def test_a_registry_is_ok_and_its_missing_remote_a_failure(workspace: Workspace) -> None:
    open_catalog(workspace)
    checkpoint(workspace, "first")

    assert only(data.workspace_folder(workspace)).status is Status.OK
    remote = only(data.remote(workspace))
    assert remote.status is Status.OK
    assert only(data.catalog(workspace)).detail.endswith("is up to date")

    Path(remote.detail).rename(workspace.root / "hidden")
    assert only(data.remote(workspace)).status is Status.FAIL


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("zzz://me:secret@127.0.0.1:9/data", "needs dvc-zzz"),
        ("http://me:secret@127.0.0.1:9/data", "does not answer"),
    ],
)
def test_an_unreachable_remote_is_a_failure_that_shows_no_credentials(workspace: Workspace, url: str, expected: str) -> None:
    (workspace.root / ".dvc").mkdir(parents=True)
    (workspace.root / ".dvc" / "config").write_text(f"[core]\n    remote = far\n['remote \"far\"']\n    url = {url}\n")

    finding = only(data.remote(workspace))

    assert finding.status is Status.FAIL
    assert expected in finding.detail
    assert "secret" not in finding.detail


def test_a_workspace_that_is_a_file_is_a_failure(workspace: Workspace) -> None:
    workspace.root.write_text("")
    assert only(data.workspace_folder(workspace)).status is Status.FAIL


def test_a_catalog_of_a_newer_version_and_a_damaged_one_are_failures(workspace: Workspace) -> None:
    workspace.root.mkdir()
    assert only(data.catalog(workspace)).detail.endswith("will be created when it is needed")

    path = workspace.root / "catalogue.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    assert "newer version" in only(data.catalog(workspace)).detail

    path.write_bytes(b"no database" * 100)
    assert only(data.catalog(workspace)).status is Status.FAIL


def test_the_password_of_a_catalog_is_not_shown(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDACTION_CATALOG", "postgresql+nodriver://me:secret@127.0.0.1:9/data")
    finding = only(data.catalog(workspace))
    assert finding.status is Status.FAIL
    assert "secret" not in finding.model_dump_json()


def test_a_port_is_ok_only_if_it_is_free_or_used_by_the_expected_service(unrelated_port: int, workspace: Workspace) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert only(ports.service_port(workspace, free, needed=True)).status is Status.OK
    for needed, status in ((False, Status.WARN), (True, Status.FAIL)):
        for taken in (ports.service_port(workspace, unrelated_port, needed), ports.dashboard_port(unrelated_port, needed)):
            finding = only(taken)
            assert finding.status is status
            assert f"used by another program (process {os.getpid()}: " in finding.detail


@contextlib.contextmanager
def stand_in_for_the_service_of(workspace: Workspace) -> Iterator[int]:
    """A process that listens on a port, as a supervisor does, and keeps a log in the folder of the service open."""
    folder = workspace.state / "service"
    folder.mkdir(parents=True)
    code = f"""
import socket
log = open({str(folder / "service.log")!r}, "a")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


def test_a_port_of_a_service_is_reported_with_the_workspace_that_it_belongs_to(tmp_path: Path) -> None:
    own, other = Workspace.at(tmp_path / "own"), Workspace.at(tmp_path / "the other")
    with stand_in_for_the_service_of(other) as port:
        found = only(ports.service_port(own, port, needed=True))
        of_itself = only(ports.service_port(other, port, needed=True))
    assert found.status is Status.FAIL
    assert f"{port} is used by the service of the workspace {other.root} (process " in found.detail
    assert f"'redaction --workspace '{other.root}' service stop'" in found.remedy
    assert of_itself.status is Status.OK
    assert "the service of this workspace" in of_itself.detail


@pytest.mark.parametrize("command", ["doctor", "scheduler"])
def test_a_workspace_that_was_named_and_does_not_exist_is_refused_by_name(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from redaction.cli import build

    monkeypatch.setenv("REDACTION_WORKSPACE", str(tmp_path / "mistyped"))
    with pytest.raises(RedactionError, match=f"There is no workspace at {tmp_path / 'mistyped'}"):
        CliRunner().invoke(build(), [command], catch_exceptions=False)
    assert not (tmp_path / "mistyped").exists()


def test_a_zenml_client_without_its_server_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unrelated_port: int
) -> None:
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path))
    assert list(services.zenml_client()) == []

    (tmp_path / "config.yaml").write_text(f"store:\n  type: rest\n  url: http://127.0.0.1:{unrelated_port}\n")
    finding = only(services.zenml_client())
    assert finding.status is Status.FAIL
    assert "zenml logout --local" in finding.remedy


def test_an_interrupted_first_zenml_command_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path))
    monkeypatch.delenv("ZENML_LOCAL_STORES_PATH", raising=False)
    database = tmp_path / "local_stores" / "default_zen_store" / "zenml.db"
    database.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE stack (id)")
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.commit()
        finding = only(services.zenml_client())
        assert finding.status is Status.FAIL
        assert str(database) in finding.detail

        connection.execute("INSERT INTO alembic_version VALUES ('0.98.0')")
        connection.commit()
    assert list(services.zenml_client()) == []


def test_keys_are_never_shown(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password verysecret\n")
    monkeypatch.setenv("HOME", str(tmp_path))  # what 'wandb login' writes, which the tracking ignores
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    without_key = {finding.name: finding for finding in check_environment(workspace, {Need.TRACKING_KEY})}
    assert without_key["WANDB_API_KEY"].status is Status.FAIL
    assert [name for name in without_key if name.endswith("_KEY")] == ["WANDB_API_KEY"]

    monkeypatch.setenv("WANDB_API_KEY", "verysecret")
    findings = check_environment(workspace, {Need.TRACKING_KEY})
    assert {finding.name: finding.detail for finding in findings}["WANDB_API_KEY"] == "set"
    assert "verysecret" not in "".join(finding.model_dump_json() for finding in findings)


def test_the_command_prints_json(workspace: Workspace) -> None:
    workspace.root.write_text("a file where the workspace should be")
    command = [sys.executable, "-c", "import typer; from redaction.cli.doctor import doctor; typer.run(doctor)", "--json"]

    result = subprocess.run(
        command, env=os.environ | {"REDACTION_WORKSPACE": str(workspace.root)}, capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert {"name", "status", "detail", "remedy"} == set(json.loads(result.stdout)[0])


def test_the_doctor_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'zenml', 'bentoml', 'dvc', 'wandb', 'icevision'}"
    code = f"import sys, redaction.doctor; print(*sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""
