"""ZenML's dashboard on a real local server, in a real browser."""

from __future__ import annotations

import base64
import io
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import StoreType
from zenml.zen_server.deploy.daemon.daemon_zen_server import DaemonServerDeploymentConfig
from zenml.zen_server.deploy.deployer import LocalServerDeployer

from benchmarks.browser import Browser
from redaction.errors import RedactionError
from serving.local.address import free_port
from stacks.local.dashboard import close_dashboard, open_dashboard
from tests.stacks.local.sample_pipelines import dynamic_weighing, publishing


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def closed_afterwards(zenml_store: Path) -> Iterator[None]:
    yield
    close_dashboard()


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False).raise_for_status()


@pytest.mark.slow
@pytest.mark.usefixtures("closed_afterwards")
def test_it_shows_the_runs_and_does_not_change_the_client(report: Path, port: int) -> None:
    run = dynamic_weighing()

    url = open_dashboard(port)

    server = f"http://127.0.0.1:{port}"
    assert url == f"{server}/projects/default/runs"
    assert open_dashboard(port + 1) == url  # it already runs
    # the survey is skipped, and nothing is announced or reported
    user = get(f"{server}/api/v1/current-user").json()
    assert user["body"]["email_opted_in"] is False
    assert user["metadata"]["user_metadata"]["finished_onboarding_survey"] is True
    settings = get(f"{server}/api/v1/settings").json()["body"]
    assert [settings[name] for name in ("enable_analytics", "display_announcements", "display_updates")] == [False] * 3
    assert get(f"{server}/api/v1/info").json()["analytics_enabled"] is False
    assert get(f"{server}/api/v1/runs/{run.id}").json()["name"] == run.name
    # runs do not depend on the server
    assert GlobalConfiguration().store_configuration.type == StoreType.SQL
    assert close_dashboard()
    assert not close_dashboard()
    assert Client().get_pipeline_run(run.id).name == run.name


def colored_page(background: str, picture: str) -> str:
    """A page that is filled with a color, with a picture of another, and that asks other hosts for all it can."""
    buffer = io.BytesIO()
    Image.new("RGB", (50, 50), picture).save(buffer, "PNG")
    png = base64.b64encode(buffer.getvalue()).decode()
    outside = "https://elsewhere.example"
    return (
        f'<link rel="stylesheet" href="{outside}/a.css">'
        f'<style>@import "{outside}/b.css"; body {{ background: {background} }}</style>'
        f'<img src="data:image/png;base64,{png}"><img src="{outside}/c.png">'
        f'<script src="{outside}/d.js"></script><meta http-equiv="refresh" content="0; url={outside}">'
    )


@pytest.mark.slow
@pytest.mark.usefixtures("closed_afterwards")
def test_no_page_of_it_calls_out_and_runs_logs_and_reports_are_shown(report: Path, port: int, browser: Browser) -> None:
    run = publishing(colored_page("#ff00c8", "#00c8ff"))
    runs = open_dashboard(port)
    with browser.page(runs) as page:
        page.wait_for(f"document.body.innerText.includes({run.name.partition('-')[0]!r})")
        page.go(f"{runs}/{run.id}")
        page.wait_for("document.body.innerText.includes('HTMLString')")  # the artifact in the graph
        page.click("Logs")
        page.wait_for("document.body.innerText.includes('Pipeline run has finished')")
        page.go(f"{runs}/{run.id}")
        page.click("page")
        page.wait_for("document.querySelector('[role=dialog]')?.innerText.includes('Visualization')")
        page.click("Visualization")
        page.click("Load Preview")
        page.wait_for("document.querySelector('iframe') !== null")
        page.settle()
        colors = {color for _, color in Image.open(io.BytesIO(page.picture())).convert("RGB").getcolors(10**6)}
        assert {(0xFF, 0x00, 0xC8), (0x00, 0xC8, 0xFF)} <= colors
        for other in ("/", "/settings/general", "/components", "/stacks", "/projects/default/artifacts"):
            page.go(f"http://{urlsplit(runs).netloc}{other}")
        assert page.outside_requests == []


@pytest.mark.slow
@pytest.mark.usefixtures("closed_afterwards")
def test_a_dashboard_of_an_earlier_version_which_calls_out_is_replaced(
    report: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZENML_SERVER_SECURE_HEADERS_CSP", raising=False)
    config = DaemonServerDeploymentConfig(provider="daemon", port=port, ip_address=IPv4Address("127.0.0.1"))
    LocalServerDeployer().deploy_server(config, timeout=180)
    assert "connect-src 'self' *" in get(f"http://127.0.0.1:{port}").headers["content-security-policy"]

    url = open_dashboard(port + 1)

    assert url.startswith(f"http://127.0.0.1:{port}/")
    policy = get(url).headers["content-security-policy"]
    assert "*" not in policy
    assert "http" not in policy


@pytest.mark.usefixtures("closed_afterwards")
def test_a_taken_port_is_named_in_the_error(port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(RedactionError, match=f"port {port}.*--port"):
            open_dashboard(port)
