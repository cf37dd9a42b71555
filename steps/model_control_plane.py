"""ZenML's Model Control Plane: which versions there are, and which one is in production."""

from __future__ import annotations

import contextlib

from zenml import log_metadata
from zenml.client import Client
from zenml.enums import ModelStages
from zenml.exceptions import EntityExistsError
from zenml.metadata.metadata_types import MetadataType

from redaction.evaluation import Evaluation

MODEL = "redaction_detector"


def register_version(version: str, evaluation: Evaluation) -> None:
    """Make an explicit version with its figures; one that is there already stays as it is."""
    client = Client()
    with contextlib.suppress(EntityExistsError):
        client.create_model(MODEL, license="Apache-2.0", description="Finds redactions on page images (VarifocalNet).")
    try:
        client.create_model_version(MODEL, name=version)
    except EntityExistsError:
        return
    metadata: dict[str, MetadataType] = {"test split": evaluation.overall.model_dump(exclude_none=True)}
    log_metadata(metadata=metadata, model_name=MODEL, model_version=version)


def promote_version(version: str) -> None:
    """Put the version into stage ``production``; the one that was there is archived.

    Raises:
        KeyError: the active ZenML store does not know this version.
    """
    Client().get_model_version(MODEL, version).set_stage(ModelStages.PRODUCTION, force=True)
