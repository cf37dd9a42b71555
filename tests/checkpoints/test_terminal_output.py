"""DVC and git print nothing: the terminal shows only the project's own lines."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys

import pytest

from redaction.checkpoints import checkpoint
from redaction.workspace import Workspace

AS_ON_A_TERMINAL = {"FORCE_COLOR": "1", "DVC_IGNORE_ISATTY": "1"}
"""With these, DVC shows its spinner and its progress bars on a pipe, too."""


def redaction_checkpoints(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from redaction.cli.checkpoints import app; app(sys.argv[1:])"
    environment = os.environ | AS_ON_A_TERMINAL | {"REDACTION_WORKSPACE": str(workspace.root)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=True, timeout=120
    )


def test_the_commands_print_nothing_of_dvc_and_git(filled: Workspace) -> None:
    created = redaction_checkpoints(filled, "create", "--message", "first")
    assert "data/0001" in created.stdout
    assert created.stderr == ""
    shutil.rmtree(filled.pages)
    shutil.rmtree(filled.root / ".dvc" / "cache")
    restored = redaction_checkpoints(filled, "restore", "data/0001")
    assert "data/0001" in restored.stdout
    assert restored.stderr == ""
    assert "Checking graph" not in created.stdout + restored.stdout


def test_a_checkpoint_prints_and_logs_nothing(
    filled: Workspace, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        checkpoint(filled, "x")
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_output_of_dvc_is_enabled_again_after_a_checkpoint(filled: Workspace) -> None:
    from dvc.ui import ui

    console, level = ui.error_console, logging.getLogger("dvc").getEffectiveLevel()
    checkpoint(filled, "x")
    assert ui.error_console is console
    assert logging.getLogger("dvc").getEffectiveLevel() == level
