"""Decide whether to train."""

from __future__ import annotations

from typing import Annotated

from zenml import get_step_context, log_metadata, step
from zenml.logger import get_logger

from redaction.annotations.dataset import read_dataset
from redaction.catalog import open_catalog
from redaction.checkpoints import checkpoint
from redaction.dataset import Dataset
from redaction.detection.profiles import TrainingConfig
from redaction.doctor import check_environment, require_ready
from redaction.lifecycle.champion import Production, production
from redaction.lifecycle.readiness import require_initial_weights
from redaction.lifecycle.training_runs import start_training_run
from redaction.lifecycle.trigger import RetrainingCheck, check_retraining
from redaction.workspace import Workspace
from serving.local import control
from serving.local.address import DEFAULT_HOST, DEFAULT_PORT
from steps.settings import parameters_of

logger = get_logger(__name__)


@step(enable_cache=False)
def check(
    workspace: str | None = None, min_new_annotations: int = 50, force: bool = False
) -> tuple[Annotated[RetrainingCheck, "retraining_check"], Annotated[Dataset, "annotated"], Annotated[Production, "production"]]:
    """Decide whether to train; if so, pin the annotated pages in a checkpoint and record the training run.

    What the later steps would fail on is checked first: the initial weights of the training, and the address of the service.
    """
    ws = Workspace.at(workspace)
    require_ready(check_environment(ws))
    catalog = open_catalog(ws)
    verdict = check_retraining(catalog, min_new_annotations, force)
    for reason in verdict.reasons:
        logger.info(reason)
    annotated = Dataset(root=str(ws.root), pages=())
    if verdict.proceed:
        _require_later_steps_can_run(ws)
        pinned = checkpoint(ws, "Annotated pages for a training")
        start_training_run(catalog, get_step_context().pipeline_run.name, pinned.revision, verdict.annotated_pages)
        annotated = read_dataset(ws, pinned.revision).model_copy(update={"unjudged": pinned.digest})
    else:
        logger.info("No training: the run ends after monitoring the traffic of the service.")
    log_metadata(verdict.model_dump(mode="json"))
    return verdict, annotated, production(catalog, str(ws.root))


def _require_later_steps_can_run(workspace: Workspace) -> None:
    training = TrainingConfig.model_validate(parameters_of("train").get("config", {}))
    require_initial_weights(training, workspace.state / "training" / "downloads")
    address = parameters_of("deploy")
    control.require_usable_address(workspace, address.get("host", DEFAULT_HOST), address.get("port", DEFAULT_PORT))
