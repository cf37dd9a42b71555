"""Record a candidate that is not deployed, and keep it under its version."""

from __future__ import annotations

from zenml import get_step_context, step
from zenml.logger import get_logger

from redaction.catalog import open_catalog
from redaction.checkpoints import checkpoint
from redaction.detection.artifact import Detector
from redaction.errors import RedactionError
from redaction.evaluation import Comparison
from redaction.lifecycle.champion import Production
from redaction.lifecycle.gate import Decision
from redaction.lifecycle.training_runs import finish_training_run
from redaction.lifecycle.versions import store_version
from redaction.workspace import Workspace

logger = get_logger(__name__)


@step(enable_cache=False)
def hold(candidate: Detector, decision: Decision, comparison: Comparison, production: Production) -> None:
    """Store the candidate and the decision; the service in production does not change."""
    workspace = Workspace.at(production.workspace)
    try:
        is_new = not workspace.detector(candidate.version).exists()
        store_version(workspace, candidate)
        if is_new:
            checkpoint(workspace, f"Detector {candidate.version}, held")
    except RedactionError as error:  # the decision counts all the same
        logger.warning("%s is not kept as a version: %s", candidate.version, error)
    finish_training_run(open_catalog(workspace), get_step_context().pipeline_run.name, comparison, decision)
    logger.info("%s is not deployed; in production: %s.", decision.candidate, decision.serving or "nothing")
