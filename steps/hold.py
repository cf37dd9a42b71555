"""Record a candidate that is not deployed."""

from __future__ import annotations

from zenml import get_step_context, step
from zenml.logger import get_logger

from redaction.catalog import open_catalog
from redaction.evaluation import Comparison
from redaction.lifecycle.champion import Production
from redaction.lifecycle.gate import Decision
from redaction.lifecycle.training_runs import finish_training_run
from redaction.workspace import Workspace

logger = get_logger(__name__)


@step(enable_cache=False)
def hold(decision: Decision, comparison: Comparison, production: Production) -> None:
    """Record the decision; the service in production does not change."""
    catalog = open_catalog(Workspace.at(production.workspace))
    finish_training_run(catalog, get_step_context().pipeline_run.name, comparison, decision)
    logger.info("%s is not deployed; in production: %s.", decision.candidate, decision.champion or "nothing")
