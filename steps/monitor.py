"""Check the traffic of the service for drift."""

from __future__ import annotations

from typing import Annotated

from zenml import log_metadata, step
from zenml.logger import get_logger
from zenml.types import HTMLString

from redaction.lifecycle.champion import Production
from redaction.lifecycle.watch import watch
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.judgement import MonitoringJudgement
from redaction.workspace import Workspace

logger = get_logger(__name__)


@step(enable_cache=False)
def monitor(
    production: Production,
    config: MonitoringConfig = MonitoringConfig(),  # noqa: B008  (frozen)
) -> tuple[Annotated[MonitoringJudgement, "monitoring_judgement"], Annotated[HTMLString, "monitoring_report"]]:
    """Judge the requests since the last judged window; drift makes the next check request a retraining."""
    watched = watch(Workspace.at(production.workspace), config)
    for reason in watched.judgement.reasons:
        logger.info("%s: %s", watched.judgement.verdict.replace("_", " ").capitalize(), reason)
    log_metadata(watched.judgement.model_dump(mode="json", exclude={"columns"}, exclude_none=True))
    if watched.report is not None:
        log_metadata({"report": str(watched.report)})
    return watched.judgement, HTMLString(watched.html)
