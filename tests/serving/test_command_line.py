"""``redaction service`` and ``redaction rollback`` where nothing runs yet; what they start is tested beside this."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from redaction.cli.service import app, rollback
from redaction.errors import RedactionError
from redaction.workspace import Workspace


@pytest.fixture(autouse=True)
def in_a_new_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDACTION_WORKSPACE", str(workspace.root))


def test_status_says_what_to_type_and_fails_so_that_scripts_can_ask() -> None:
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 1
    assert "redaction service start" in result.output


def test_stop_and_logs_of_nothing_are_no_error() -> None:
    assert "No service was running" in CliRunner().invoke(app, ["stop"]).output
    assert CliRunner().invoke(app, ["logs", "-n", "5"]).exit_code == 0


def test_start_without_a_detector_in_production_says_what_is_missing() -> None:
    result = CliRunner().invoke(app, ["start"])
    assert isinstance(result.exception, RedactionError)
    assert "No detector is in production" in str(result.exception)


def test_rollback_without_an_earlier_version_is_an_error() -> None:
    with pytest.raises(RedactionError, match="none to go back to"):
        rollback()


@pytest.mark.parametrize("command", ["start", "stop", "status", "logs"])
def test_help_shows_an_example(command: str) -> None:
    assert f"redaction service {command}" in CliRunner().invoke(app, [command, "--help"]).output
