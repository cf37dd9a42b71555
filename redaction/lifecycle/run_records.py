"""The runs of a workspace: a small record of each, beside its page and its log, in ``state/runs``."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.process_identity import ProcessIdentity
from redaction.values import Frozen
from redaction.workspace import Workspace


class RunState(StrEnum):
    """How a run stands. `KILLED`: its process is gone and left no word."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"


class RunRecord(Frozen):
    """What is known of a run without opening ZenML's store."""

    name: str
    pipeline: str
    started: datetime
    finished: datetime | None = None
    state: RunState
    outcome: str = ""
    """The decision, or what was found, in a few words; empty while the run has not come that far."""
    error: str | None = None
    process: ProcessIdentity | None = None

    @property
    def present_state(self) -> RunState:
        """The state, or `KILLED` if the process of a running run is gone."""
        lost = self.state is RunState.RUNNING and self.process is not None and self.process.process() is None
        return RunState.KILLED if lost else self.state


class RunPage(Frozen):
    """Where the page of a run is; the run's first artifact."""

    run: str
    path: str
    """On the machine of the run."""


class RunFiles:
    """The record, the page and the log of each run of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.folder = workspace.state / "runs"

    def page(self, run: str) -> Path:
        """The page of a run."""
        return self.folder / f"{_file_name(run)}.html"

    def log(self, run: str) -> Path:
        """The log of a run with every line and traceback; only `redaction run` writes one."""
        return self.folder / f"{_file_name(run)}.log"

    def write(self, record: RunRecord) -> None:
        """Replace the record of a run."""
        write_text(self.folder / f"{_file_name(record.name)}.json", record.model_dump_json(indent=1) + "\n")

    def read(self) -> list[RunRecord]:
        """The records of all runs, the latest first.

        Raises:
            RedactionError: a record cannot be read.
        """
        records = []
        for path in self.folder.glob("*.json"):
            try:
                records.append(RunRecord.model_validate_json(path.read_bytes()))
            except ValidationError as error:
                raise RedactionError(f"The record of a run {path} cannot be read; move it away.") from error
        return sorted(records, key=lambda record: record.started, reverse=True)

    def find(self, run: str | None) -> RunRecord:
        """The run with this name or the only one whose name contains it; the latest if it is None.

        Raises:
            RedactionError: there is no such run, or there are several.
        """
        records = self.read()
        if not records:
            raise RedactionError(f"There is no run in {self.folder.parent.parent}: 'redaction run ct_cd' starts one.")
        if run is None:
            return records[0]
        found = [record for record in records if record.name == run] or [record for record in records if run in record.name]
        if len(found) == 1:
            return found[0]
        problem = f"{len(found)} runs have {run!r} in their name" if found else f"No run is named {run!r}"
        raise RedactionError(f"{problem}: 'redaction runs' lists them.")


def _file_name(run: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", run).lstrip(".") or "run"
