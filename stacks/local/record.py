"""What the scheduler remembers between its lives: the last run of each schedule."""

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
    """What became of a run. `STOPPED`: the scheduler was told to stop; `LOST`: it died first, and the log knows more."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


class Fire(Frozen):
    """One run of a schedule."""

    schedule: str
    pipeline_id: UUID
    due: datetime
    started: datetime
    finished: datetime | None = None
    outcome: Outcome = Outcome.RUNNING
    log: str
    """Relative to the scheduler's folder."""


_FIRES = TypeAdapter(dict[UUID, Fire])


class Record:
    """The last `Fire` of each schedule, in a file that is always whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[UUID, Fire]:
        """By schedule.

        Raises:
            RedactionError: the file was damaged or written by another version.
        """
        try:
            return _FIRES.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError as error:
            raise RedactionError(
                f"The scheduler's record {self._path} cannot be read; move it away, and no missed run will be made up for."
            ) from error

    def write(self, schedule_id: UUID, fire: Fire) -> None:
        """Replace what is known about one schedule."""
        write_bytes(self._path, _FIRES.dump_json(self.read() | {schedule_id: fire}, indent=2))
