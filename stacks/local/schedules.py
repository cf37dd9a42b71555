"""The schedules in ZenML's store that this machine has to run, and what a run of each consists of."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import StackComponentType
from zenml.models import PipelineSnapshotResponse, ScheduleResponse
from zenml.utils.pagination_utils import depaginate

from redaction.configuration import RUN_CONFIGURATION_KEY
from redaction.errors import RedactionError
from redaction.values import Frozen
from stacks.local.orchestrator import FLAVOR_NAME
from stacks.local.timing import Timing, as_utc


class ActiveSchedule(Frozen):
    """An active schedule of a local_cron orchestrator."""

    id: UUID
    name: str
    pipeline_id: UUID
    timing: Timing
    since: datetime
    """When it was last stored, changed or activated; earlier due times do not count as missed."""


class RunSpec(Frozen):
    """One run of a schedule: ``redaction run SOURCE -c FILE -s STACK`` with the configuration as it was stored."""

    source: str
    configuration: dict[str, Any]
    stack_id: UUID


class ScheduleReader:
    """Reads schedules from the store that the user's ZenML client is connected to at the moment."""

    def __init__(self) -> None:
        self._client_config: tuple[str, int] | None = None

    def active_schedules(self) -> list[ActiveSchedule]:
        """The active schedules of local_cron orchestrators; those of other orchestrators run elsewhere."""
        client = self._client()
        orchestrators = depaginate(client.list_stack_components, type=StackComponentType.ORCHESTRATOR, flavor=FLAVOR_NAME)
        ours = {orchestrator.id for orchestrator in orchestrators}
        schedules = depaginate(client.list_schedules, active=True, hydrate=True)
        return [_active_schedule(each) for each in schedules if each.orchestrator_id in ours and each.pipeline_id]

    def run_spec(self, schedule: ActiveSchedule) -> RunSpec:
        """What to run for a schedule.

        Raises:
            RedactionError: the pipeline or the stack stored with it no longer exists.
        """
        client = self._client()
        snapshots = client.list_snapshots(schedule_id=schedule.id, named_only=False, sort_by="desc:created", size=1, hydrate=True)
        spec = next((_run_spec(schedule, snapshot) for snapshot in snapshots.items), None)
        if spec is None:
            raise RedactionError(
                f"The schedule {schedule.name!r} has lost its pipeline or its stack: delete it with "
                f"'zenml pipeline schedule delete {schedule.name}' and store it again."
            )
        return spec

    def _client(self) -> Client:
        # 'zenml login' and 'logout' switch between a server and the local database by rewriting this file;
        # without the reset, a long-lived process would keep what it read when it started
        file = Path(GlobalConfiguration().config_directory) / "config.yaml"
        current = (str(file), file.stat().st_mtime_ns if file.exists() else 0)
        if self._client_config is not None and self._client_config != current:
            GlobalConfiguration._reset_instance()
            Client._reset_instance()
        self._client_config = current
        return Client()


def _active_schedule(schedule: ScheduleResponse) -> ActiveSchedule:
    timing = Timing(
        cron=schedule.cron_expression,
        interval=schedule.interval_second,
        once=as_utc(schedule.run_once_start_time),
        start=as_utc(schedule.start_time),
        end=as_utc(schedule.end_time),
    )
    return ActiveSchedule(
        id=schedule.id,
        name=schedule.name,
        pipeline_id=schedule.pipeline_id,
        timing=timing,
        since=as_utc(schedule.updated),
    )


def _run_spec(schedule: ActiveSchedule, snapshot: PipelineSnapshotResponse) -> RunSpec | None:
    spec, stack = snapshot.pipeline_spec, snapshot.stack
    if spec is None or spec.source is None or stack is None:
        return None
    configuration = dict(snapshot.pipeline_configuration.extra[RUN_CONFIGURATION_KEY])
    if spec.parameters:
        # the file's parameters and those passed to the pipeline function in Python
        configuration["parameters"] = spec.parameters
    configuration["tags"] = [*configuration.get("tags", []), "scheduled", f"schedule:{schedule.name}"]
    return RunSpec(source=spec.source.import_path, configuration=configuration, stack_id=stack.id)
