"""The candidate stays out of production."""

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
    """Record that this training came to its decision; what was in production goes on serving."""
    catalog = open_catalog(Workspace.at(production.workspace))
    finish_training_run(catalog, get_step_context().pipeline_run.name, comparison, decision)
    logger.info("%s is not deployed; %s goes on.", decision.candidate, decision.champion or "nothing")
