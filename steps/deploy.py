"""Put the candidate into production if the service gives the same detections as the detector offline."""

from __future__ import annotations

from typing import Annotated

from zenml import get_step_context, log_metadata, step
from zenml.logger import get_logger

from redaction.catalog import open_catalog
from redaction.dataset import Dataset
from redaction.detection.artifact import Detector
from redaction.evaluation import Comparison
from redaction.lifecycle.gate import Decision
from redaction.lifecycle.training_runs import finish_training_run
from redaction.lifecycle.versions import golden_images, store_reference
from redaction.workspace import Workspace
from serving.local.address import DEFAULT_HOST, DEFAULT_PORT
from serving.release.production import put_into_production
from serving.release.release import DeploymentOutcome
from steps.model_control_plane import promote_version, register_version

logger = get_logger(__name__)


@step(enable_cache=False)
def deploy(
    candidate: Detector,
    decision: Decision,
    comparison: Comparison,
    validated: Dataset,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
) -> Annotated[DeploymentOutcome, "deployment"]:
    """Version the candidate (DVC, Model Control Plane), build its Bento and swap it in.

    If a check fails, what served before serves on, and the training does not count as finished: the next run tries again.
    """
    workspace = Workspace.at(validated.root)
    register_version(candidate.version, comparison.candidate)
    outcome = put_into_production(
        workspace, candidate, golden_images(validated), lambda stored: store_reference(workspace, stored, validated), host, port
    )
    if outcome.served:
        promote_version(candidate.version)
        finish_training_run(open_catalog(workspace), get_step_context().pipeline_run.name, comparison, decision)
        logger.info("%s serves at %s", candidate.version, outcome.url)
    else:
        logger.warning(outcome.sentence)
    log_metadata(outcome.model_dump(mode="json", exclude_none=True))
    return outcome
