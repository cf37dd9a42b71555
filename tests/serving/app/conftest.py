"""One real server for all tests of this folder; starting one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from redaction.workspace import Workspace
from serving.bento_store import bentoml_home
from serving.local import control
from serving.local.address import free_port
from serving.release.bento import build_bento, save_to_model_store


@pytest.fixture(scope="session")
def served_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace of the server."""
    return Workspace.at(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def served(served_workspace: Workspace, detectors) -> Iterator[str]:
    """URL of a real server that runs a small detector, version 1."""
    home = bentoml_home(served_workspace)
    tag = build_bento(home, save_to_model_store(home, detectors("1")))
    yield str(control.start(served_workspace, tag, port=free_port()).url)
    control.stop(served_workspace)


@pytest.fixture(scope="session")
def client(served: str) -> Iterator[httpx.Client]:
    """A client of the server."""
    with httpx.Client(base_url=served, timeout=60) as client:
        yield client
