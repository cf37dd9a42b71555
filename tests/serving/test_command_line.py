"""``redaction service`` in a workspace without a service; running services are tested in `local` and `release`."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from redaction.cli import build
from redaction.cli.service import app
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.process_identity import ProcessIdentity
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home, stored_bento
from serving.local.control import service_folder
from serving.local.state import ServiceState
from serving.release.bento import save_to_model_store


@pytest.fixture(autouse=True)
def in_a_new_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.root.mkdir()
    monkeypatch.setenv("REDACTION_WORKSPACE", str(workspace.root))


def test_status_without_a_service_shows_how_to_start_one_and_exits_with_1() -> None:
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 1
    assert "redaction service start" in result.output

    as_json = CliRunner().invoke(app, ["status", "--json"])
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["running"] is False


def test_stop_and_logs_without_a_service_succeed() -> None:
    assert "No service was running" in CliRunner().invoke(app, ["stop"]).output
    logs = CliRunner().invoke(app, ["logs", "-n", "5"])
    assert logs.exit_code == 0
    assert "no service was started" in logs.output


@pytest.mark.parametrize("command", ["start", "stop", "status", "logs", "rollback"])
def test_a_missing_workspace_is_named_and_not_created(command: str, workspace: Workspace) -> None:
    workspace.root.rmdir()
    result = CliRunner().invoke(app, [command])
    assert isinstance(result.exception, RedactionError)
    assert f"There is no workspace at {workspace.root}" in str(result.exception)
    assert not workspace.root.exists()


def test_start_without_a_detector_in_production_says_what_is_missing() -> None:
    result = CliRunner().invoke(app, ["start"])
    assert isinstance(result.exception, RedactionError)
    assert "No detector is in production" in str(result.exception)


def test_start_uses_the_address_of_the_last_service_by_default(workspace: Workspace) -> None:
    home, version = bentoml_home(workspace), starter_detector().version
    tag = save_to_model_store(home, starter_detector())
    stored_bento(home, version).mkdir(parents=True)
    (stored_bento(home, version) / "bento.yaml").touch()
    with socket.create_server(("127.0.0.2", 0)) as last, socket.create_server(("127.0.0.3", 0)) as other:
        gone = ProcessIdentity(pid=2**22 + 1, created=0)
        last_port, other_port = last.getsockname()[1], other.getsockname()[1]
        state = ServiceState(
            supervisor=gone,
            service=None,
            bento_tag=tag,
            host="127.0.0.2",
            port=last_port,
            started_at=datetime.now(UTC),
        )
        service_folder(workspace).write_state(state)
        for options, address in {
            (): f"Port {last_port} on 127.0.0.2 cannot be used",
            ("--host", "127.0.0.3", "--port", str(other_port)): f"Port {other_port} on 127.0.0.3 cannot be used",
        }.items():
            result = CliRunner().invoke(app, ["start", "--version", version, *options])
            assert address in str(result.exception)


@pytest.mark.parametrize("command", [["service", "rollback"], ["rollback"]])
def test_rollback_without_an_earlier_version_is_an_error_under_both_names(command: list[str]) -> None:
    result = CliRunner().invoke(build(), command)
    assert isinstance(result.exception, RedactionError)
    assert "none to roll back to" in str(result.exception)


@pytest.mark.parametrize("command", ["start", "stop", "status", "logs", "rollback"])
def test_help_shows_an_example(command: str) -> None:
    assert f"redaction service {command}" in CliRunner().invoke(app, [command, "--help"]).output
