"""``redaction deploy``: put a detector into production by hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.missing_extra import require

if TYPE_CHECKING:
    from redaction.workspace import Workspace


def deploy(
    detector: Annotated[
        str, typer.Argument(help="A version in the workspace, a detector's folder, or 'starter', which ships with the program.")
    ],
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; by default that of the last service, or else 127.0.0.1.", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port; by default that of the last service, or else 3000.", show_default=False),
    ] = None,
) -> None:
    """Put a detector into production, whatever the gate of ct_cd says about it.

    It is packed, checked on golden pages beside the present service, and takes its place.

    Example: redaction deploy starter
    """
    require("zenml")
    from redaction.errors import RedactionError
    from redaction.lifecycle.detectors import require_detector
    from redaction.workspace import Workspace
    from serving.local import control
    from serving.release.production import deploy_by_hand
    from serving.release.release import service_address

    workspace = Workspace.named_must_exist()
    found = require_detector(detector, workspace)
    control.require_usable_address(workspace, *service_address(workspace, host, port))
    _say_if_held(workspace, found.version)
    outcome = deploy_by_hand(workspace, found, host, port)
    if not outcome.served:
        raise RedactionError(outcome.sentence)
    typer.echo(outcome.sentence)
    promote(outcome.version)


def promote(version: str) -> None:
    """Set the version's stage in ZenML's Model Control Plane, as in the catalog, without ZenML's own lines."""
    os.environ.setdefault("ZENML_LOGGING_VERBOSITY", "WARN")  # ZenML reads it when it is imported
    from steps.model_control_plane import promote_version, register_version

    register_version(version)
    promote_version(version)


def _say_if_held(workspace: Workspace, version: str) -> None:
    from redaction.catalog import open_catalog
    from redaction.lifecycle.training_runs import last_decision

    decision = last_decision(open_catalog(workspace), version)
    if decision is not None and not decision.deploy:
        reasons = " ".join(reason.sentence for reason in decision.reasons)
        typer.echo(f"The gate held {version}: {reasons} It is deployed because you ask for it.")
