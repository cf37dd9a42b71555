"""The pipeline ``annotation_ingestion`` in a real run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from redaction.checkpoints import list_checkpoints
from redaction.workspace import Workspace

from .conftest import pdf_of

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.usefixtures("zenml_store")
def test_a_run_fails_for_an_unreadable_source_after_the_others_are_in_a_checkpoint(tmp_path: Path, workspace: Workspace) -> None:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(pdf_of("a"))
    absent = {"name": "absent", "kind": "folder", "path": str(tmp_path / "absent")}
    sources, config = tmp_path / "sources.yaml", tmp_path / "run.yaml"
    sources.write_text(json.dumps({"sources": [absent, {"name": "own", "kind": "folder", "path": str(folder)}]}))
    config.write_text(json.dumps({"parameters": {"sources": str(sources), "workspace": str(workspace.root)}}))
    finished = subprocess.run(
        [sys.executable, "-m", "redaction.cli", "run", "annotation_ingestion", "-c", str(config)],
        cwd=REPOSITORY,
        env=os.environ | {"ZENML_LOGGING_VERBOSITY": "INFO"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert finished.returncode == 1, finished.stdout
    assert "Nothing could be read from absent" in finished.stdout
    assert len(list_checkpoints(workspace)) == 1
    assert len(list(workspace.pages.rglob("*.jpg"))) == 1
