"""From a detector's folder to something that ``bentoml serve`` runs: a model in BentoML's store, and the Bento built on it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from redaction.detection.artifact import Detector
from redaction.errors import RedactionError
from redaction.import_graph import REPOSITORY, required_files
from serving.bento_store import NAME, bentoml_environment, stored_bento

DIGEST = "detector_digest"
SERVICE = "serving.app.service"
"""The module of the service; a Bento holds it and all that it imports of this repository."""


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
    if (stored_bento(home, version) / "bento.yaml").exists():
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
    packed = required_files(SERVICE)
    for file in packed:
        target = context / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / file, target)
    shutil.copyfile(REPOSITORY / "serving" / "requirements.lock", context / "requirements.txt")
    options = {
        "service": f"{SERVICE}:DetectionService",
        "name": NAME,
        "description": f"Finds redactions on page images (`POST /detect`). Detector {tag}.",
        "include": [*(file.as_posix() for file in packed), "requirements.txt"],
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
