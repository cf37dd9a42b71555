"""Locations in BentoML's model store and Bento store.

The stores are in ``BENTOML_HOME`` if that is set, as BentoML's users expect, and otherwise in the workspace. Workspaces number
their versions independently, so they must not share a store.
"""

from __future__ import annotations

import os
from pathlib import Path

from redaction.workspace import Workspace
from serving.app.names import SERVICE_NAME


def bentoml_home(workspace: Workspace) -> Path:
    """The folder that contains the workspace's model store and Bento store."""
    return Path(os.environ.get("BENTOML_HOME") or workspace.state / "bentoml")


def bentoml_environment(home: Path) -> dict[str, str]:
    """Environment variables for BentoML's commands: they use the stores in `home` and send no usage statistics."""
    return os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true", "DO_NOT_TRACK": "1"}


def stored_model(home: Path, version: str) -> Path:
    """The folder of one detector version in the model store."""
    return home / "models" / SERVICE_NAME / version


def stored_bento(home: Path, version: str) -> Path:
    """The folder of one service version in the Bento store."""
    return home / "bentos" / SERVICE_NAME / version
