"""Error messages of the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MAIN = "from redaction.cli import main; main()"


def test_an_error_that_contains_markup_is_printed_literally(tmp_path: Path) -> None:
    sources = tmp_path / "[b]s[i].yaml"
    sources.write_text("sources: []\n'[/red]': 1\n")

    done = subprocess.run(
        [sys.executable, "-c", MAIN, "documents", "check-sources", str(sources)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"redaction: The configuration {sources} is not valid: [/red]: unknown key")


def test_the_doctor_prints_a_path_that_contains_markup_literally(tmp_path: Path) -> None:
    (tmp_path / "[").mkdir()
    in_the_way = tmp_path / "[" / "red]"
    in_the_way.touch()

    done = subprocess.run(
        [sys.executable, "-c", MAIN, "--workspace", str(in_the_way), "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "400"},
    )

    assert done.returncode == 1
    assert f"{in_the_way} is a file" in done.stdout
