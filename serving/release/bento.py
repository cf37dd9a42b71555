"""From a detector's folder to something that ``bentoml serve`` runs: BentoML's model store, and the Bento built on it.

The stores are ``BENTOML_HOME`` when that is set, as BentoML's users expect, and otherwise a folder of the workspace: two
workspaces on one machine count their versions separately and must not meet in one store.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from redaction.detector.artifact import Detector
from redaction.errors import RedactionError
from redaction.workspace import Workspace

NAME = "redaction_detector"
"""Of the model, of the Bento and of the service."""

DIGEST = "detector_digest"
REPOSITORY = Path(__file__).parent.parent

PACKED = (
    "serving/__init__.py",
    "serving/environment.py",
    "serving/forms.py",
    "serving/request_log.py",
    "serving/service.py",
    "serving/uploads.py",
    "redaction/__init__.py",
    "redaction/dataset.py",
    "redaction/errors.py",
    "redaction/files.py",
    "redaction/geometry.py",
    "redaction/detector/__init__.py",
    "redaction/detector/areas.py",
    "redaction/detector/artifact.py",
    "redaction/detector/bands.py",
    "redaction/detector/confirmation.py",
    "redaction/detector/edges.py",
    "redaction/detector/evidence.py",
    "redaction/detector/fills.py",
    "redaction/detector/inference.py",
    "redaction/detector/neighbours.py",
    "redaction/detector/preprocessing.py",
    "redaction/detector/profiles.py",
    "redaction/documents/__init__.py",
    "redaction/documents/features.py",
    "redaction/monitoring/__init__.py",
    "redaction/monitoring/records.py",
)
"""What the service's process imports of this project, and so all that a Bento carries of it."""


def bentoml_home(workspace: Workspace) -> Path:
    """Where BentoML keeps models and Bentos for this workspace."""
    return Path(os.environ.get("BENTOML_HOME") or workspace.state / "bentoml")


def bentoml_environment(home: Path) -> dict[str, str]:
    """The environment in which BentoML's commands use the stores in `home` and tell nobody about it."""
    return os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true", "DO_NOT_TRACK": "1"}


def stored_model(home: Path, version: str) -> Path:
    """Where the model store keeps a version of the detector."""
    return home / "models" / NAME / version


def save_to_model_store(home: Path, detector: Detector) -> str:
    """Copy a detector's folder into BentoML's model store; the same again changes nothing.

    Returns:
        The model's tag, ``redaction_detector:<version>``.

    Raises:
        RedactionError: the store holds another detector under this version.
    """
    import bentoml

    tag = f"{NAME}:{detector.version}"
    store = _model_store(home)
    stored = next((model for model in store.list() if str(model.tag) == tag), None)
    if stored is not None:
        if stored.info.metadata.get(DIGEST) != detector.digest:
            raise RedactionError(
                f"BentoML's model store in {home} holds another detector as {tag}; give that in {detector.folder} a new version."
            )
        return tag
    with bentoml.models.create(tag, metadata={DIGEST: detector.digest}, _model_store=store) as model:
        shutil.copytree(detector.folder, model.path, dirs_exist_ok=True)
    return tag


def build_bento(home: Path, tag: str) -> str:
    """Build the Bento for a model in the store, under the same version; one that is there already stays.

    Returns:
        The Bento's tag: ``bentoml serve <tag>`` runs it.

    Raises:
        RedactionError: BentoML could not build it.
    """
    version = tag.partition(":")[2]
    if (home / "bentos" / NAME / version / "bento.yaml").exists():
        return tag
    with tempfile.TemporaryDirectory(prefix="redaction-bento-") as name:
        context = Path(name)
        _stage(context, tag)
        # the command and not the function: building imports the service and turns the whole process to its folder
        command = [sys.executable, "-m", "bentoml", "build", str(context), "--version", version, "--output", "tag"]
        built = subprocess.run(
            command, env=bentoml_environment(home), cwd=context, capture_output=True, text=True, timeout=300, check=False
        )
    if built.returncode:
        raise RedactionError(f"BentoML could not build {tag}: {built.stderr.strip()[-1500:]}")
    return tag


def _stage(context: Path, tag: str) -> None:
    for name in PACKED:
        target = context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, target)
    shutil.copyfile(REPOSITORY / "serving" / "requirements.lock", context / "requirements.txt")
    options = {
        "service": "serving.service:DetectionService",
        "name": NAME,
        "description": f"Finds redactions on page images (`POST /detect`). Detector {tag}.",
        "include": [*PACKED, "requirements.txt"],
        "models": [{"tag": tag, "alias": "detector"}],
        "docker": {"python_version": "3.11"},
        # the lock file is complete: nothing to resolve, so nothing to download at build time
        "python": {"requirements_txt": "./requirements.txt", "lock_packages": False},
    }
    (context / "bentofile.yaml").write_text(yaml.safe_dump(options, sort_keys=False))


def _model_store(home: Path) -> Any:
    from bentoml._internal.models import ModelStore

    # BentoML reads BENTOML_HOME once per process, and a process may well handle two workspaces
    (home / "models").mkdir(parents=True, exist_ok=True)
    return ModelStore(home / "models")
