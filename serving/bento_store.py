"""Where BentoML keeps models and Bentos, and under which names.

The stores are in ``BENTOML_HOME`` when that is set, as BentoML's users expect, and otherwise in the workspace: two workspaces
number their versions independently, so they must not share a store.
"""

from __future__ import annotations

import os
from pathlib import Path

from redaction.workspace import Workspace

NAME = "redaction_detector"
"""Of the model, of the Bento and of the service."""


def bentoml_home(workspace: Workspace) -> Path:
    """The folder of the workspace's model store and Bento store."""
    return Path(os.environ.get("BENTOML_HOME") or workspace.state / "bentoml")


def bentoml_environment(home: Path) -> dict[str, str]:
    """The environment in which BentoML's commands use the stores in `home` and send no usage statistics."""
    return os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true", "DO_NOT_TRACK": "1"}


def stored_model(home: Path, version: str) -> Path:
    """The folder of a version of the detector in the model store."""
    return home / "models" / NAME / version


def stored_bento(home: Path, version: str) -> Path:
    """The folder of a version of the service in the Bento store."""
    return home / "bentos" / NAME / version
