"""Check a stored detector before a server loads it: a server with a damaged one would never become ready."""

from __future__ import annotations

from pathlib import Path

import yaml

from redaction.detection.artifact import Detector
from redaction.errors import RedactionError
from serving.bento_store import stored_model

DIGEST_KEY = "detector_digest"
"""In the metadata that the model store keeps beside each model."""


def require_intact(home: Path, version: str) -> None:
    """Check that a detector in BentoML's model store is the one that was stored under this version.

    Raises:
        RedactionError: a file is missing or changed.
    """
    folder = stored_model(home, version)
    try:
        detector = Detector.load(folder)
    except RedactionError as error:
        raise _damaged(version, str(error).partition(";")[0]) from error
    if _stored_digest(folder / "model.yaml", version) not in (None, detector.digest):
        raise _damaged(version, f"{folder} holds another detector than was stored")


def _stored_digest(file: Path, version: str) -> str | None:
    """The digest recorded when the model was stored; None for a model that another program stored."""
    try:
        metadata = yaml.safe_load(file.read_text(encoding="utf-8")).get("metadata") or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
        raise _damaged(version, f"{file} cannot be read") from error
    digest = metadata.get(DIGEST_KEY)
    return None if digest is None else str(digest)


def _damaged(version: str, reason: str) -> RedactionError:
    return RedactionError(
        f"The stored detector {version} cannot be served: {reason}; `redaction deploy {version}` stores it again."
    )
