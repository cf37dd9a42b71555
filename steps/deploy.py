"""Put the candidate into production if the service gives the same detections as the detector offline."""

from __future__ import annotations

from typing import Annotated

from zenml import get_step_context, log_metadata, step
from zenml.logger import get_logger

from redaction.catalog import open_catalog
from redaction.checkpoints import checkpoint
from redaction.dataset import Dataset
from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.evaluation import Comparison
from redaction.lifecycle.gate import Decision
from redaction.lifecycle.training_runs import finish_training_run
from redaction.lifecycle.versions import golden_images, store_version
from redaction.workspace import Workspace
from serving.release.golden import golden_pages
from serving.release.release import DeploymentOutcome
from serving.release.release import deploy as deploy_service
from steps.model_control_plane import promote_version, register_version

logger = get_logger(__name__)


@step(enable_cache=False)
def deploy(
    candidate: Detector,
    decision: Decision,
    comparison: Comparison,
    validated: Dataset,
    host: str = "127.0.0.1",
    port: int = 3000,
) -> Annotated[DeploymentOutcome, "deployment"]:
    """Version the candidate (DVC, Model Control Plane), build its Bento and swap it in; if a check fails, the champion stays."""
    workspace = Workspace.at(validated.root)
    detector = store_version(workspace, candidate, validated)
    pinned = checkpoint(workspace, f"Detector {detector.version}")
    register_version(detector.version, comparison.candidate)
    golden = golden_pages(Predictor(detector), golden_images(validated))
    outcome = deploy_service(workspace, detector.folder, detector.version, golden, host, port, pinned.revision)
    if outcome.served:
        promote_version(detector.version)
        logger.info("%s serves at %s", detector.version, outcome.url)
    else:
        logger.warning("%s was refused, the champion stays in production: %s", detector.version, " ".join(outcome.reasons))
    finish_training_run(open_catalog(workspace), get_step_context().pipeline_run.name, comparison, decision)
    log_metadata(outcome.model_dump(mode="json", exclude_none=True))
    return outcome
