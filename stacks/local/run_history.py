"""The last run of each schedule, kept on disk between scheduler processes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from redaction.errors import RedactionError
from redaction.files import write_bytes
from redaction.values import Frozen


class Outcome(StrEnum):
    """How a run ended. `STOPPED`: the scheduler was stopped during the run. `LOST`: the scheduler was killed; see the log."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


class ScheduledRun(Frozen):
    """One run of a schedule."""

    schedule: str
    pipeline_id: UUID
    due: datetime
    started: datetime
    finished: datetime | None = None
    outcome: Outcome = Outcome.RUNNING
    log: str
    """Relative to the scheduler's folder."""


_RUNS = TypeAdapter(dict[UUID, ScheduledRun])


class RunHistory:
    """The last run of each schedule, in a JSON file that is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[UUID, ScheduledRun]:
        """Return the last run of each schedule, by schedule ID.

        Raises:
            RedactionError: the file is damaged or was written by another version.
        """
        try:
            return _RUNS.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError as error:
            raise RedactionError(
                f"The scheduler's record {self._path} cannot be read; move it away (runs missed until then are not made up for)."
            ) from error

    def write(self, schedule_id: UUID, run: ScheduledRun) -> None:
        """Replace the last run of one schedule."""
        write_bytes(self._path, _RUNS.dump_json(self.read() | {schedule_id: run}, indent=2))
