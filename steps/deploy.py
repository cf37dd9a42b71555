"""Put the candidate into production, if it answers there as it does here."""

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
from redaction.lifecycle.versions import golden_images, keep_version
from redaction.workspace import Workspace
from serving.release.golden import golden_pages
from serving.release.release import DeploymentOutcome
from serving.release.release import deploy as put_into_service
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
    """Version it with DVC and in the Model Control Plane, pack it as a Bento, try it, swap it in; else the champion stays."""
    place = Workspace.at(validated.root)
    detector = keep_version(place, candidate, validated)
    pinned = checkpoint(place, f"Detector {detector.version}")
    register_version(detector.version, comparison.candidate)
    golden = golden_pages(Predictor(detector), golden_images(validated))
    outcome = put_into_service(place, detector.folder, detector.version, golden, host, port, pinned.revision)
    if outcome.served:
        promote_version(detector.version)
        logger.info("%s serves at %s", detector.version, outcome.url)
    else:
        logger.warning("%s was refused, the champion goes on: %s", detector.version, " ".join(outcome.reasons))
    finish_training_run(open_catalog(place), get_step_context().pipeline_run.name, comparison, decision)
    log_metadata(outcome.model_dump(mode="json", exclude_none=True))
    return outcome
