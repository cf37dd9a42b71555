"""Two runs of ct_cd never work in one workspace at once."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from redaction.errors import RedactionError
from redaction.lifecycle.exclusive import only_run
from redaction.workspace import Workspace

HOLDER = """
import sys, time
from redaction.lifecycle.exclusive import only_run
from redaction.workspace import Workspace
with only_run(Workspace.at(sys.argv[1])):
    print("working", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_soon_and_allowed_once_the_first_is_killed(workspace: Workspace, tmp_path: Path) -> None:
    first = subprocess.Popen([sys.executable, "-c", HOLDER, str(workspace.root)], stdout=subprocess.PIPE)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == b"working\n"
        started = time.monotonic()
        with pytest.raises(RedactionError, match=r"Another run of ct_cd works in .*workspace: wait"), only_run(workspace, 0.5):
            pass
        assert time.monotonic() - started < 5
        with only_run(Workspace.at(tmp_path / "another")):
            pass
    finally:
        first.kill()
        first.wait()
    with only_run(workspace, 5):
        pass
