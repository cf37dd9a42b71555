"""ZenML's local orchestrator, made schedulable: a run with a schedule is stored, and `stacks.local.daemon` runs it when due.

The local orchestrator of ZenML refuses schedules, and its open-source server cannot run them. With this flavor ``schedule:`` in a
run configuration and ``zenml pipeline schedule list | update | activate | deactivate | delete`` work on one machine, as they do
on Kubernetes with the same file and another stack.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from croniter import croniter
from zenml.logger import get_logger
from zenml.orchestrators.exceptions import PipelineSubmissionError
from zenml.orchestrators.local.local_orchestrator import LocalOrchestrator, LocalOrchestratorConfig, LocalOrchestratorFlavor

from redaction.configuration import KEPT_CONFIGURATION
from redaction.errors import RedactionError

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, PipelineSnapshotResponse, ScheduleResponse, ScheduleUpdate
    from zenml.orchestrators import SubmissionResult
    from zenml.stack import Stack

FLAVOR = "local_cron"

logger = get_logger(__name__)


class LocalCronConfig(LocalOrchestratorConfig):
    """The local orchestrator's settings; schedules are taken."""

    @property
    def is_schedulable(self) -> bool:
        """True: schedules are stored for the scheduler."""
        return True


class LocalCronOrchestrator(LocalOrchestrator):
    """Runs pipelines in this process, as the local orchestrator does, and leaves those with a schedule to the scheduler."""

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshotResponse,
        stack: Stack,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        """Store what has a schedule, run the rest."""
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
        """As `submit_pipeline`, for dynamic pipelines."""
        if snapshot.schedule:
            _store(snapshot, snapshot.schedule)
            return None
        return super().submit_dynamic_pipeline(snapshot, stack, environment, placeholder_run)

    def update_schedule(self, schedule: ScheduleResponse, update: ScheduleUpdate) -> None:
        """The scheduler reads schedules again each time; only nonsense must be kept out."""
        if update.cron_expression is not None:
            refuse_cron(schedule.name, update.cron_expression)

    def delete_schedule(self, schedule: ScheduleResponse) -> None:
        """Nothing is held anywhere else than in ZenML, which deletes it after this returns."""


class LocalCronFlavor(LocalOrchestratorFlavor):
    """What ``zenml orchestrator register --flavor local_cron`` finds."""

    @property
    def name(self) -> str:
        """The flavor's name."""
        return FLAVOR

    @property
    def config_class(self) -> type[LocalCronConfig]:
        """The settings' class."""
        return LocalCronConfig

    @property
    def implementation_class(self) -> type[LocalCronOrchestrator]:
        """The orchestrator's class."""
        return LocalCronOrchestrator


def _store(snapshot: PipelineSnapshotResponse, schedule: ScheduleResponse) -> None:
    try:
        refuse_unrunnable(snapshot, schedule)
    except RedactionError as error:
        # the one error upon which ZenML takes back the schedule that it has just stored
        raise PipelineSubmissionError(str(error)) from error
    logger.info("Stored the schedule %s: 'redaction scheduler' runs it when it is due.", schedule.name)


def refuse_unrunnable(snapshot: PipelineSnapshotResponse, schedule: ScheduleResponse) -> None:
    """Do nothing if the scheduler will be able to run this.

    Raises:
        RedactionError: the configuration was not kept, the cron expression is none, the one time is over, or missed runs are to
            be caught up one by one.
    """
    if KEPT_CONFIGURATION not in snapshot.pipeline_configuration.extra:
        raise RedactionError(
            f"The pipeline {snapshot.pipeline_configuration.name!r} would lose its configuration in a schedule: "
            "put @strict (pipelines.strict) above its @pipeline."
        )
    if schedule.cron_expression is not None:
        refuse_cron(schedule.name, schedule.cron_expression)
    elif schedule.run_once_start_time and _utc(schedule.run_once_start_time) <= datetime.now(UTC):
        raise RedactionError(f"The one time of the schedule {schedule.name!r} is over: give a later run_once_start_time.")
    if schedule.catchup:
        raise RedactionError(
            f"The schedule {schedule.name!r} asks for catchup, but the local scheduler makes up for missed runs with one run: "
            "leave catchup out."
        )


def refuse_cron(schedule_name: str, expression: str) -> None:
    """Do nothing for a cron expression.

    Raises:
        RedactionError: it is none.
    """
    if not croniter.is_valid(expression):
        raise RedactionError(
            f"The cron expression {expression!r} of the schedule {schedule_name!r} is none: give five fields, as in '0 2 * * *'."
        )


def _utc(moment: datetime) -> datetime:
    # ZenML stores moments in UTC without saying so
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
