"""Package a detector for ``bentoml serve``: a model in BentoML's model store, and a Bento that contains it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from redaction.detection.artifact import Detector
from redaction.errors import RedactionError
from redaction.files import storage_errors
from redaction.import_graph import REPOSITORY, required_files
from serving.app.front_page import FILES
from serving.app.names import MODEL_ALIAS, SERVICE_NAME
from serving.bento_store import bentoml_environment, stored_bento
from serving.local.stored_detector import DIGEST_KEY, require_intact

SERVICE_MODULE = "serving.app.service"
"""A Bento contains this module and every module of this repository that it imports."""


def save_to_model_store(home: Path, detector: Detector) -> str:
    """Copy a detector into BentoML's model store; idempotent. A damaged copy is replaced.

    Returns:
        The model's tag, ``redaction_detector:<version>``.

    Raises:
        RedactionError: the store has another detector with this version.
    """
    import bentoml

    tag = f"{SERVICE_NAME}:{detector.version}"
    store = _model_store(home)
    stored = next((model for model in store.list() if str(model.tag) == tag), None)
    if stored is not None:
        if stored.info.metadata.get(DIGEST_KEY) != detector.digest:
            raise RedactionError(
                f"BentoML's model store in {home} already has another detector as {tag}; give {detector.folder} a new version."
            )
        with contextlib.suppress(RedactionError):  # a damaged copy is replaced
            require_intact(home, detector.version)
            return tag
        store.delete(stored.tag)
    metadata = {DIGEST_KEY: detector.digest}
    with storage_errors(home), bentoml.models.create(tag, metadata=metadata, _model_store=store) as model:
        shutil.copytree(detector.folder, model.path, dirs_exist_ok=True)
    return tag


def build_bento(home: Path, tag: str) -> str:
    """Build the Bento of a stored model, with the same version; an existing Bento is kept.

    Returns:
        The tag of the Bento, for ``bentoml serve``.

    Raises:
        RedactionError: BentoML could not build it.
    """
    version = tag.partition(":")[2]
    with _build_folder(home) as context:
        if (stored_bento(home, version) / "bento.yaml").exists():
            return tag
        _write_build_context(context, tag)
        # a subprocess, because building imports the service and changes the working folder of the process
        command = [sys.executable, "-m", "bentoml", "build", str(context), "--version", version, "--output", "tag"]
        built = subprocess.run(
            command, env=bentoml_environment(home), cwd=context, capture_output=True, text=True, timeout=300, check=False
        )
    if built.returncode:
        reason = (built.stderr.strip().splitlines() or ["it does not say why"])[-1]
        raise RedactionError(f"BentoML could not build {tag} in {home}: {reason[:500]}")
    return tag


@contextlib.contextmanager
def _build_folder(home: Path) -> Iterator[Path]:
    """An empty folder for one build at a time; what a killed build left is removed."""
    home.mkdir(parents=True, exist_ok=True)
    folder = home / "build"
    with FileLock(home / "build.lock"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _write_build_context(context: Path, tag: str) -> None:
    packed = [*required_files(SERVICE_MODULE), *(file.relative_to(REPOSITORY) for file in FILES)]
    for file in packed:
        target = context / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / file, target)
    shutil.copyfile(REPOSITORY / "serving" / "requirements.lock", context / "requirements.txt")
    options = {
        "service": f"{SERVICE_MODULE}:DetectionService",
        "name": SERVICE_NAME,
        "description": f"Finds redactions on page images (`POST /detect`). Detector {tag}.",
        "include": [*(file.as_posix() for file in packed), "requirements.txt"],
        "models": [{"tag": tag, "alias": MODEL_ALIAS}],
        "docker": {"python_version": "3.11"},
        # the lock file is complete: nothing has to be resolved or downloaded at build time
        "python": {"requirements_txt": "./requirements.txt", "lock_packages": False},
    }
    (context / "bentofile.yaml").write_text(yaml.safe_dump(options, sort_keys=False))


def _model_store(home: Path) -> Any:
    from bentoml._internal.models import ModelStore

    # BentoML reads BENTOML_HOME once per process, but a process may use two workspaces
    (home / "models").mkdir(parents=True, exist_ok=True)
    return ModelStore(home / "models")
