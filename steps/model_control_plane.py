"""Versions in ZenML's Model Control Plane, and which of them is in production."""

from __future__ import annotations

import contextlib

from zenml import log_metadata
from zenml.client import Client
from zenml.enums import ModelStages
from zenml.exceptions import EntityExistsError
from zenml.metadata.metadata_types import MetadataType

from redaction.evaluation import Evaluation

MODEL_NAME = "redaction_detector"


def register_version(version: str, evaluation: Evaluation | None = None) -> None:
    """Create a model version, with its metrics on the test split if it has any; an existing version stays as it is."""
    client = Client()
    with contextlib.suppress(EntityExistsError):
        client.create_model(MODEL_NAME, license="Apache-2.0", description="Finds redactions on page images (VarifocalNet).")
    try:
        client.create_model_version(MODEL_NAME, name=version)
    except EntityExistsError:
        return
    if evaluation is None:
        return
    metadata: dict[str, MetadataType] = {"test split": evaluation.overall.model_dump(exclude_none=True)}
    log_metadata(metadata=metadata, model_name=MODEL_NAME, model_version=version)


def promote_version(version: str) -> None:
    """Move a version to the stage ``production``; the previous one is archived.

    Raises:
        KeyError: the active ZenML store has no such version.
    """
    Client().get_model_version(MODEL_NAME, version).set_stage(ModelStages.PRODUCTION, force=True)
