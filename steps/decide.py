"""Decide whether to deploy the candidate."""

from __future__ import annotations

from typing import Annotated

from zenml import step
from zenml.logger import get_logger

from redaction.evaluation import Comparison
from redaction.lifecycle.gate import Decision, DecisionLimits
from redaction.lifecycle.gate import decide as decide_on
from steps.caching import code_of

logger = get_logger(__name__)


@step(cache_policy=code_of("redaction.lifecycle.gate"))
def decide(comparison: Comparison, limits: DecisionLimits) -> Annotated[Decision, "decision"]:
    """Apply the configured limits to the comparison of the candidate with the champion."""
    decision = decide_on(comparison, limits)
    logger.info("%s %s:", "Deploy" if decision.deploy else "Hold", decision.candidate)
    for reason in decision.reasons:
        logger.info("- %s", reason.sentence)
    return decision
