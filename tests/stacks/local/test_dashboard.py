"""ZenML's dashboard on a real local server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import StoreType

from redaction.errors import RedactionError
from serving.local.address import free_port
from stacks.local.dashboard import close_dashboard, open_dashboard
from tests.stacks.local.sample_pipelines import dynamic_weighing


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def closed_afterwards(zenml_store: Path) -> Iterator[None]:
    yield
    close_dashboard()


@pytest.mark.slow
@pytest.mark.usefixtures("closed_afterwards")
def test_it_shows_the_runs_and_does_not_change_the_client(report: Path, port: int) -> None:
    run = dynamic_weighing()

    url = open_dashboard(port)

    assert url == f"http://127.0.0.1:{port}"
    assert open_dashboard(port + 1) == url  # it already runs
    # the survey is skipped
    user = httpx.get(f"{url}/api/v1/current-user", trust_env=False).json()
    assert user["body"]["email_opted_in"] is False
    assert user["metadata"]["user_metadata"]["finished_onboarding_survey"] is True
    assert "<title>" in httpx.get(f"{url}/projects/default/runs", trust_env=False).text
    assert httpx.get(f"{url}/api/v1/runs/{run.id}", trust_env=False).json()["name"] == run.name
    # runs do not depend on the server
    assert GlobalConfiguration().store_configuration.type == StoreType.SQL
    assert close_dashboard()
    assert not close_dashboard()
    assert Client().get_pipeline_run(run.id).name == run.name


@pytest.mark.usefixtures("closed_afterwards")
def test_a_taken_port_is_named_in_the_error(port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(RedactionError, match=f"port {port}.*--port"):
            open_dashboard(port)
