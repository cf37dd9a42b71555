"""ZenML's own dashboard on this machine, on loopback only, without the survey of the first visit.

``zenml login --local`` would start the same server, but it also points the client at it: from then on every run needs that
server, and one that is stopped takes the runs in progress with it. Here the server is started beside the client, on the same
database, and the client is left alone: opening and closing the dashboard touches no run.
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

START_SECONDS = 180
"""The first start on a slow machine compiles the server's modules."""


def open_dashboard(port: int) -> str:
    """Start the dashboard if it is not running yet.

    Returns:
        Its address; that of the running one, whatever its port, if there is one.

    Raises:
        RedactionError: the client uses a server elsewhere, the port is taken, or the server does not come up.
    """
    running = _running()
    url = running or _start(port)
    _skip_survey(url)
    return url


def close_dashboard() -> bool:
    """Stop the dashboard; False if there was none.

    Raises:
        RedactionError: the client depends on it, so that runs in progress would be lost.
    """
    deployer = LocalServerDeployer()
    if _deployed() is None:
        return False
    if deployer.is_connected_to_server():
        raise RedactionError(
            "The ZenML client was connected to this server by 'zenml login --local', and runs in progress need it: "
            "when none is, stop it with 'zenml logout --local'."
        )
    deployer.remove_server(timeout=START_SECONDS)
    return True


def _start(port: int) -> str:
    store = GlobalConfiguration().store_configuration
    if store.type == StoreType.REST:
        raise RedactionError(
            f"The ZenML client uses the server {store.url}: open that in a browser, or go back to the local database "
            "with 'zenml logout' first."
        )
    # ZenML's own name for what makes a server open a browser by itself; the address is printed instead
    os.environ["ZENML_AUTO_OPEN_DASHBOARD"] = "false"
    deployer = LocalServerDeployer()
    try:
        if _deployed() is not None:
            # the remains of one that a reboot ended
            deployer.remove_server(timeout=START_SECONDS)
        config = DaemonServerDeploymentConfig(provider="daemon", port=port, ip_address=IPv4Address("127.0.0.1"))
        deployer.deploy_server(config, timeout=START_SECONDS)
    except (ServerDeploymentError, RuntimeError, OSError) as error:
        raise RedactionError(f"ZenML's dashboard does not start on port {port} ({error}): try another with --port.") from error
    url = _running()
    if url is None:
        raise RedactionError(
            f"ZenML's dashboard does not answer on port {port} after {START_SECONDS} seconds: look at 'zenml logs', "
            "or try another port."
        )
    return url


def _deployed() -> LocalServerDeployment | None:
    try:
        return LocalServerDeployer().get_server()
    except ServerDeploymentNotFoundError:
        return None


def _running() -> str | None:
    deployment = _deployed()
    url = deployment.status.url if deployment and deployment.status else None
    return url.rstrip("/") if url else None


def _skip_survey(url: str) -> None:
    # The dashboard sends a person there until both are answered; ZenML's Python client cannot set the first.
    logging.getLogger("httpx").setLevel(logging.WARNING)  # ZenML lets it tell of every request
    answers = {"email_opted_in": False, "user_metadata": {"finished_onboarding_survey": True}}
    try:
        httpx.put(f"{url}/api/v1/current-user", json=answers, timeout=30, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise RedactionError(f"ZenML's dashboard at {url} does not answer as it should: {error}.") from error
