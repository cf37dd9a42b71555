"""A detector put into production by hand, with a real server, in a workspace that holds nothing yet."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redaction.catalog import open_catalog
from redaction.checkpoints import list_checkpoints
from redaction.cli import build
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.lifecycle.champion import production
from redaction.lifecycle.versions import reference_file
from redaction.monitoring.reference import read_reference
from redaction.workspace import Workspace
from serving.local import control
from serving.local.address import free_port
from serving.release.production import deploy_by_hand

pytestmark = pytest.mark.slow


@pytest.fixture
def stopped_at_the_end(workspace: Workspace) -> Iterator[Workspace]:
    yield workspace
    control.stop(workspace)


def run(*arguments: str) -> None:
    CliRunner().invoke(build(), ["deploy", *arguments], catch_exceptions=False)


def test_the_starter_serves_a_new_workspace_and_is_its_champion(stopped_at_the_end: Workspace) -> None:
    workspace, starter = stopped_at_the_end, starter_detector()
    outcome = deploy_by_hand(workspace, starter, port=free_port())
    assert outcome.served, outcome.sentence
    assert outcome.sentence == f"{starter.version} serves at {outcome.url}."
    champion = production(open_catalog(workspace), str(workspace.root)).champion
    assert champion is not None
    assert champion.detector_digest == starter.digest
    assert list_checkpoints(workspace)[-1].message == f"Detector {starter.version}"
    assert len(read_reference(reference_file(workspace, starter.version))), "monitoring has something to compare with"


def test_what_cannot_be_deployed_is_refused_before_anything_is_stored(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDACTION_WORKSPACE", str(tmp_path / "mistyped"))
    with pytest.raises(RedactionError, match=r"There is no workspace at .*mistyped"):
        run("starter")
    workspace.state.mkdir(parents=True)
    monkeypatch.setenv("REDACTION_WORKSPACE", str(workspace.root))
    with pytest.raises(RedactionError, match="'nano-00' is neither a detector's folder nor a version"):
        run("nano-00")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(RedactionError, match=r"Port \d+ on 127\.0\.0\.1 cannot be used"):
            run("starter", "--port", str(other.getsockname()[1]))
    assert not workspace.models.exists()
