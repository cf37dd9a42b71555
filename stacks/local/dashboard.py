"""ZenML's dashboard on this machine: on loopback only, without requests to other hosts, and without the survey.

By itself it asks three hosts for announcements, avatars and logos. The content security policy that ZenML's server sends with
each page is replaced by one with which browsers ask nobody but the server.

``zenml login --local`` would start the same server but also connect the client to it: from then on every run needs that server,
and stopping it fails the runs in progress. Here the server runs beside the client, on the same database, and the client is not
changed, so opening or closing the dashboard affects no run.
"""

from __future__ import annotations

import logging
import os
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

import httpx
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import StoreType
from zenml.zen_server.deploy.daemon.daemon_zen_server import DaemonServerDeploymentConfig
from zenml.zen_server.deploy.deployer import LocalServerDeployer
from zenml.zen_server.deploy.deployment import LocalServerDeployment
from zenml.zen_server.deploy.exceptions import ServerDeploymentError, ServerDeploymentNotFoundError

from redaction.errors import RedactionError

MAX_SERVER_WAIT_S = 180
"""Long, because the first start compiles the server's modules, which takes minutes on a slow machine."""

# ZenML takes quotes off both ends of each value, hence the second space in front, and a scheme at the end.
_POLICY = (
    "default-src data:",
    "script-src  'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "connect-src  'self' data:",
    "img-src  'self' blob: data:",
    "style-src  'self' 'unsafe-inline' data:",
    "font-src  'self' data:",
    "frame-src  'self' blob:",
    "base-uri  'self' data:",
    "form-action  'self' data:",
)
_SETTINGS = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    # no browser opens by itself: the caller prints the URL
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
    "ZENML_SERVER_SECURE_HEADERS_CSP": "; ".join(_POLICY),
}


def open_dashboard(port: int) -> str:
    """Start the dashboard if it is not running yet.

    Returns:
        The URL of the active project's runs. A dashboard that already runs keeps its port.

    Raises:
        RedactionError: the client uses a remote server, the port is taken, or the server does not start.
    """
    os.environ |= _SETTINGS
    url = _running_url() or _start(port)
    if not _keeps_to_itself(url) and not LocalServerDeployer().is_connected_to_server():
        # started by an earlier version of this program
        close_dashboard()
        url = _start(urlsplit(url).port or port)
    _skip_survey_and_news(url)
    return f"{url}/projects/{Client().active_project.name}/runs"


def close_dashboard() -> bool:
    """Stop the dashboard; returns False if none was running.

    Raises:
        RedactionError: the client is connected to it, so that stopping it would fail runs in progress.
    """
    deployer = _deployer()
    if _deployment() is None:
        return False
    if deployer.is_connected_to_server():
        raise RedactionError(
            "The ZenML client is connected to this server ('zenml login --local'), and runs in progress need it: "
            "stop it with 'zenml logout --local' when no run is in progress."
        )
    deployer.remove_server(timeout=MAX_SERVER_WAIT_S)
    return True


def _start(port: int) -> str:
    store = GlobalConfiguration().store_configuration
    if store.type == StoreType.REST:
        raise RedactionError(
            f"The ZenML client uses the server {store.url}: open that in a browser, or return to the local database "
            "with 'zenml logout' first."
        )
    deployer = _deployer()
    try:
        if _deployment() is not None:
            # left over from a server that ended with a reboot
            deployer.remove_server(timeout=MAX_SERVER_WAIT_S)
        config = DaemonServerDeploymentConfig(provider="daemon", port=port, ip_address=IPv4Address("127.0.0.1"))
        deployer.deploy_server(config, timeout=MAX_SERVER_WAIT_S)
    except (ServerDeploymentError, RuntimeError, OSError) as error:
        raise RedactionError(
            f"ZenML's dashboard does not start on port {port} ({error}): try another port with --port."
        ) from error
    url = _running_url()
    if url is None:
        raise RedactionError(
            f"ZenML's dashboard did not answer on port {port} within {MAX_SERVER_WAIT_S} seconds: see 'zenml logs', "
            "or try another port with --port."
        )
    return url


def _deployer() -> LocalServerDeployer:
    logging.getLogger("zenml.zen_server.deploy").setLevel(logging.WARNING)  # by default it logs in colors, even to a file
    return LocalServerDeployer()


def _deployment() -> LocalServerDeployment | None:
    try:
        return LocalServerDeployer().get_server()
    except ServerDeploymentNotFoundError:
        return None


def _running_url() -> str | None:
    deployment = _deployment()
    url = deployment.status.url if deployment and deployment.status else None
    return url.rstrip("/") if url else None


def _keeps_to_itself(url: str) -> bool:
    policy = _request("GET", url).headers.get("content-security-policy", "")
    return all(directive in policy for directive in _POLICY)


def _skip_survey_and_news(url: str) -> None:
    # the dashboard shows the survey until both fields are set; ZenML's Python client cannot set the first
    answers = {"email_opted_in": False, "user_metadata": {"finished_onboarding_survey": True}}
    _request("PUT", f"{url}/api/v1/current-user", answers)
    off = dict.fromkeys(("enable_analytics", "display_announcements", "display_updates"), False)
    _request("PUT", f"{url}/api/v1/settings", off)


def _request(method: str, url: str, content: dict[str, Any] | None = None) -> httpx.Response:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # by default it logs every request
    try:
        return httpx.request(method, url, json=content, timeout=30, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise RedactionError(
            f"ZenML's dashboard at {url} does not work: {error}. Stop it with 'redaction dashboard --stop' and start it again."
        ) from error
