"""Load the detector that a command was asked for, and say which one it is and which workspace it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from redaction.cli.console import open_console

if TYPE_CHECKING:
    from redaction.detection.predictor import LoadedDetector
    from redaction.workspace import Workspace


def load_and_name(name: str | None) -> tuple[LoadedDetector, str | None]:
    """Load a detector by name (see `redaction.lifecycle.detectors.load_detector`), and print on standard error which one it is.

    Returns:
        The detector, and the folder of the workspace that it comes from; None if it comes from none.

    Raises:
        RedactionError: there is no such detector, or it would be looked up in a workspace that was named and does not exist.
    """
    from redaction.detection.artifact import MANIFEST
    from redaction.lifecycle.detectors import RULES, STARTER, load_detector
    from redaction.workspace import Workspace

    is_elsewhere = name is not None and (name in (RULES, STARTER) or Path(name, MANIFEST).is_file())
    workspace = Workspace.at() if is_elsewhere else Workspace.named_must_exist()
    detector = load_detector(name, workspace)
    origin: str | None = None
    if is_elsewhere:
        found = f"from {name}, not from a workspace" if name != detector.version else "not from a workspace"
    elif name is not None:
        origin, found = str(workspace.root), f"a version in {workspace.root}"
    elif _has_champion(workspace):
        origin, found = str(workspace.root), f"champion of {workspace.root}"
    else:
        found = f"starter: {workspace.root} {'has no champion' if workspace.exists() else 'is no workspace'}"
    open_console(stderr=True).print(f"Detector {detector.version} ({found})", soft_wrap=True)
    return detector, origin


def _has_champion(workspace: Workspace) -> bool:
    # a workspace without versions has no champion; do not create a catalog just to find that out
    if not workspace.models.is_dir():
        return False
    from redaction.catalog import open_catalog
    from redaction.lifecycle.champion import production

    return production(open_catalog(workspace), str(workspace.root)).champion is not None
