"""ZenML's dashboard on this machine: on loopback only, and without the survey shown at the first visit.

``zenml login --local`` would start the same server but also connect the client to it: from then on every run needs that server,
and stopping it fails the runs in progress. Here the server runs beside the client, on the same database, and the client is not
changed, so opening or closing the dashboard affects no run.
"""

from __future__ import annotations

import logging
import os
from ipaddress import IPv4Address

import httpx
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import StoreType
from zenml.zen_server.deploy.daemon.daemon_zen_server import DaemonServerDeploymentConfig
from zenml.zen_server.deploy.deployer import LocalServerDeployer
from zenml.zen_server.deploy.deployment import LocalServerDeployment
from zenml.zen_server.deploy.exceptions import ServerDeploymentError, ServerDeploymentNotFoundError

from redaction.errors import RedactionError

MAX_SERVER_WAIT_S = 180
"""Long, because the first start compiles the server's modules, which takes minutes on a slow machine."""


def open_dashboard(port: int) -> str:
    """Start the dashboard if it is not running yet.

    Returns:
        Its URL. A dashboard that already runs keeps its port.

    Raises:
        RedactionError: the client uses a remote server, the port is taken, or the server does not start.
    """
    url = _running_url() or _start(port)
    _skip_survey(url)
    return url


def close_dashboard() -> bool:
    """Stop the dashboard; returns False if none was running.

    Raises:
        RedactionError: the client is connected to it, so that stopping it would fail runs in progress.
    """
    deployer = LocalServerDeployer()
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
    # keeps ZenML from opening a browser; the caller prints the URL instead
    os.environ["ZENML_AUTO_OPEN_DASHBOARD"] = "false"
    deployer = LocalServerDeployer()
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


def _deployment() -> LocalServerDeployment | None:
    try:
        return LocalServerDeployer().get_server()
    except ServerDeploymentNotFoundError:
        return None


def _running_url() -> str | None:
    deployment = _deployment()
    url = deployment.status.url if deployment and deployment.status else None
    return url.rstrip("/") if url else None


def _skip_survey(url: str) -> None:
    # the dashboard shows the survey until both fields are set; ZenML's Python client cannot set the first
    logging.getLogger("httpx").setLevel(logging.WARNING)  # by default it logs every request
    answers = {"email_opted_in": False, "user_metadata": {"finished_onboarding_survey": True}}
    try:
        httpx.put(f"{url}/api/v1/current-user", json=answers, timeout=30, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise RedactionError(
            f"ZenML's dashboard at {url} does not work: {error}. Stop it with 'redaction dashboard --stop' and start it again."
        ) from error
