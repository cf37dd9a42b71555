"""Is everything there that a run needs? Each answer says what to do about it.

Quick enough (about a second) for the first step of each pipeline, and free of every heavy import: versions are read from the
installed metadata, the remote from DVC's configuration file, the GPU from its driver's own tool.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import psutil

from redaction.doctor import data, machine, services
from redaction.doctor.findings import Finding, Need, Status, require
from redaction.workspace import Workspace

__all__ = ["Finding", "Need", "Status", "check_environment", "require"]


def check_environment(workspace: Workspace, needs: Collection[Need] = ()) -> list[Finding]:
    """Everything that a run in this workspace needs. Nothing is created, and no key is read out."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        machine.python,
        lambda: machine.packages(machine.LOCK),
        lambda: machine.memory(psutil.virtual_memory().available),
        lambda: machine.disk(workspace.root),
        machine.git,
        lambda: machine.gpu(Need.GPU in needs),
        lambda: data.folder(workspace),
        lambda: data.remote(workspace),
        lambda: data.catalog(workspace),
        lambda: services.port("service port", services.SERVICE_PORT, "/livez", Need.SERVICE_PORT in needs),
        lambda: services.port("dashboard port", services.DASHBOARD_PORT, "/health", Need.DASHBOARD_PORT in needs),
        services.zenml_client,
        lambda: services.keys(Need.TRACKING_KEY in needs),
    )
    return [finding for check in checks for finding in check()]
