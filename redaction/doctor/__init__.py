"""The doctor: checks of everything that a run needs, each with a remedy.

It takes about a second, so that every pipeline can run it first, and imports nothing heavy: versions are read from the installed
metadata, the remote from DVC's configuration file, the GPU from the driver's own tool.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import psutil

from redaction.doctor import data, machine, ports, services
from redaction.doctor.findings import Finding, Need, Status, require_ready
from redaction.workspace import Workspace

__all__ = ["Finding", "Need", "Status", "check_environment", "require_ready"]


def check_environment(workspace: Workspace, needs: Collection[Need] = ()) -> list[Finding]:
    """Run all checks for this workspace. Nothing is created, and no key is shown."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        machine.python,
        lambda: machine.packages(machine.LOCK),
        lambda: machine.memory(psutil.virtual_memory().available),
        lambda: machine.disk(workspace.root),
        machine.git,
        lambda: machine.gpu(Need.GPU in needs),
        lambda: data.workspace_folder(workspace),
        lambda: data.remote(workspace),
        lambda: data.catalog(workspace),
        lambda: ports.service_port(workspace, ports.SERVICE_PORT, Need.SERVICE_PORT in needs),
        lambda: ports.dashboard_port(ports.DASHBOARD_PORT, Need.DASHBOARD_PORT in needs),
        services.zenml_client,
        lambda: services.wandb_key(Need.TRACKING_KEY in needs),
    )
    return [finding for check in checks for finding in check()]
