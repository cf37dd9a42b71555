"""A local ZenML orchestrator that accepts schedules: it stores a scheduled run, and `stacks.local.daemon` runs it when it is due.

ZenML's own local orchestrator refuses schedules, and the open-source server cannot run them. With this flavor, ``schedule:`` in a
run configuration and ``zenml pipeline schedule list | update | activate | deactivate | delete`` work on one machine; on
Kubernetes the same file works with another stack.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from croniter import croniter
from zenml.logger import get_logger
from zenml.orchestrators.exceptions import PipelineSubmissionError
from zenml.orchestrators.local.local_orchestrator import LocalOrchestrator, LocalOrchestratorConfig, LocalOrchestratorFlavor

from redaction.configuration import RUN_CONFIGURATION_KEY
from redaction.errors import RedactionError
from stacks.local.timing import as_utc

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, PipelineSnapshotResponse, ScheduleResponse, ScheduleUpdate
    from zenml.orchestrators import SubmissionResult
    from zenml.stack import Stack

FLAVOR_NAME = "local_cron"

logger = get_logger(__name__)


class LocalCronConfig(LocalOrchestratorConfig):
    """The local orchestrator's configuration, with schedules allowed."""

    @property
    def is_schedulable(self) -> bool:
        """True: schedules are stored, and the scheduler runs them."""
        return True


class LocalCronOrchestrator(LocalOrchestrator):
    """Runs pipelines in this process, as the local orchestrator does; stores those with a schedule for the scheduler."""

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshotResponse,
        stack: Stack,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        """Store the pipeline if it has a schedule; run it otherwise."""
        if snapshot.schedule:
            _store(snapshot, snapshot.schedule)
            return None
        return super().submit_pipeline(snapshot, stack, base_environment, step_environments, placeholder_run)

    def submit_dynamic_pipeline(
        self,
        snapshot: PipelineSnapshotResponse,
        stack: Stack,
        environment: dict[str, str],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        """The same as `submit_pipeline`, for dynamic pipelines."""
        if snapshot.schedule:
            _store(snapshot, snapshot.schedule)
            return None
        return super().submit_dynamic_pipeline(snapshot, stack, environment, placeholder_run)

    def update_schedule(self, schedule: ScheduleResponse, update: ScheduleUpdate) -> None:
        """Reject an invalid cron expression; ZenML stores the update, and the scheduler reads it at its next poll."""
        if update.cron_expression is not None:
            require_valid_cron(schedule.name, update.cron_expression)

    def delete_schedule(self, schedule: ScheduleResponse) -> None:
        """Do nothing: the schedule exists only in ZenML's store, which deletes it after this call."""


class LocalCronFlavor(LocalOrchestratorFlavor):
    """The flavor behind ``zenml orchestrator register --flavor local_cron``."""

    @property
    def name(self) -> str:
        """The flavor's name."""
        return FLAVOR_NAME

    @property
    def config_class(self) -> type[LocalCronConfig]:
        """The configuration class."""
        return LocalCronConfig

    @property
    def implementation_class(self) -> type[LocalCronOrchestrator]:
        """The orchestrator class."""
        return LocalCronOrchestrator


def _store(snapshot: PipelineSnapshotResponse, schedule: ScheduleResponse) -> None:
    try:
        require_schedulable(snapshot, schedule)
    except RedactionError as error:
        # ZenML deletes the schedule that it has just stored only for this error
        raise PipelineSubmissionError(str(error)) from error
    logger.info("Stored the schedule %s. 'redaction scheduler' runs it when it is due.", schedule.name)


def require_schedulable(snapshot: PipelineSnapshotResponse, schedule: ScheduleResponse) -> None:
    """Check that the scheduler can run this later.

    Raises:
        RedactionError: the configuration was not stored with it, the cron expression is invalid, its only run time has passed, or
            it asks for catchup.
    """
    if RUN_CONFIGURATION_KEY not in snapshot.pipeline_configuration.extra:
        raise RedactionError(
            f"The pipeline {snapshot.pipeline_configuration.name!r} would lose its configuration in a schedule: "
            "put @strict (pipelines.strict) above its @pipeline."
        )
    if schedule.cron_expression is not None:
        require_valid_cron(schedule.name, schedule.cron_expression)
    elif schedule.run_once_start_time and as_utc(schedule.run_once_start_time) <= datetime.now(UTC):
        raise RedactionError(f"The run_once_start_time of the schedule {schedule.name!r} has passed: give a later one.")
    if schedule.catchup:
        raise RedactionError(
            f"The schedule {schedule.name!r} asks for catchup, but the local scheduler replaces all missed runs by one: "
            "remove catchup."
        )


def require_valid_cron(schedule_name: str, expression: str) -> None:
    """Check a cron expression.

    Raises:
        RedactionError: it is invalid.
    """
    if not croniter.is_valid(expression):
        raise RedactionError(
            f"The cron expression {expression!r} of the schedule {schedule_name!r} is invalid: "
            "give five fields, as in '0 2 * * *'."
        )
