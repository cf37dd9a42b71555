"""What ZenML holds about the schedules that this machine is to run, and the configuration that belongs to each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import StackComponentType
from zenml.models import PipelineSnapshotResponse, ScheduleResponse
from zenml.utils.pagination_utils import depaginate

from redaction.configuration import KEPT_CONFIGURATION
from redaction.errors import RedactionError
from redaction.values import Frozen
from stacks.local.orchestrator import FLAVOR
from stacks.local.timing import Timing


class Planned(Frozen):
    """An active schedule of the local orchestrator."""

    id: UUID
    name: str
    pipeline_id: UUID
    timing: Timing
    since: datetime
    """When it was stored, changed or activated last: what would have been due before that is not missed."""


class Order(Frozen):
    """What a run of a schedule is: ``zenml pipeline run SOURCE -c FILE -s STACK``, with the file's content as it was stored."""

    source: str
    configuration: dict[str, Any]
    stack_id: UUID


class Schedules:
    """The schedules in the ZenML store that the person's client is connected to, now."""

    def __init__(self) -> None:
        self._seen: tuple[str, int] | None = None

    def planned(self) -> list[Planned]:
        """The active schedules whose orchestrator is a local_cron one; those of other orchestrators run elsewhere."""
        client = self._client()
        orchestrators = depaginate(client.list_stack_components, type=StackComponentType.ORCHESTRATOR, flavor=FLAVOR)
        ours = {orchestrator.id for orchestrator in orchestrators}
        schedules = depaginate(client.list_schedules, active=True, hydrate=True)
        return [_planned(schedule) for schedule in schedules if schedule.orchestrator_id in ours and schedule.pipeline_id]

    def order(self, planned: Planned) -> Order:
        """What to run for a schedule.

        Raises:
            RedactionError: what was stored with it is gone.
        """
        client = self._client()
        snapshots = client.list_snapshots(schedule_id=planned.id, named_only=False, sort_by="desc:created", size=1, hydrate=True)
        order = next((_order(planned, snapshot) for snapshot in snapshots.items), None)
        if order is None:
            raise RedactionError(
                f"The schedule {planned.name!r} has lost its pipeline or its stack: delete it with "
                f"'zenml pipeline schedule delete {planned.name}' and store it again."
            )
        return order

    def _client(self) -> Client:
        # 'zenml login' and 'logout' move the client between a server and the local database by rewriting this file;
        # a long-lived process would go on with what it read at its start.
        file = Path(GlobalConfiguration().config_directory) / "config.yaml"
        now = (str(file), file.stat().st_mtime_ns if file.exists() else 0)
        if self._seen is not None and self._seen != now:
            GlobalConfiguration._reset_instance()
            Client._reset_instance()
        self._seen = now
        return Client()


def _planned(schedule: ScheduleResponse) -> Planned:
    timing = Timing(
        cron=schedule.cron_expression,
        interval=schedule.interval_second,
        once=_utc(schedule.run_once_start_time),
        start=_utc(schedule.start_time),
        end=_utc(schedule.end_time),
    )
    return Planned(
        id=schedule.id,
        name=schedule.name,
        pipeline_id=schedule.pipeline_id,
        timing=timing,
        since=_utc(schedule.updated),
    )


def _order(planned: Planned, snapshot: PipelineSnapshotResponse) -> Order | None:
    spec, stack = snapshot.pipeline_spec, snapshot.stack
    if spec is None or spec.source is None or stack is None:
        return None
    configuration = dict(snapshot.pipeline_configuration.extra[KEPT_CONFIGURATION])
    if spec.parameters:
        # the file's parameters and those that the pipeline was called with in Python
        configuration["parameters"] = spec.parameters
    configuration["tags"] = [*configuration.get("tags", []), "scheduled", f"schedule:{planned.name}"]
    return Order(source=spec.source.import_path, configuration=configuration, stack_id=stack.id)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
