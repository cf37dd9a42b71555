"""The scheduler process: polls the schedules in ZenML and runs the pipelines that are due.

Every run is a separate process with its own log: ``redaction run`` with the stored configuration. Two
runs of one pipeline never overlap: the run itself holds a lock, which therefore survives a kill and restart of the scheduler. A
run is recorded before it starts, so that a scheduler killed in between skips the run instead of starting it twice.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import yaml
from sqlalchemy.exc import SQLAlchemyError

from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.workspace import Workspace
from stacks.local.run_history import Outcome, RunHistory, ScheduledRun
from stacks.local.schedules import ActiveSchedule, RunSpec, ScheduleReader

POLL_INTERVAL_S = 15.0
"""How soon a stored, changed or deleted schedule is noticed. Due times themselves are met to the second."""
MAX_RUN_STOP_S = 60.0
"""Time that a run has to end after SIGTERM, before it is killed."""
RUN_PIPELINE = (sys.executable, "-m", "redaction.cli", "run")
"""``redaction run`` of this Python environment, whatever is on the PATH."""


@dataclass
class _RunProcess:
    run: ScheduledRun
    process: subprocess.Popen[bytes]


class Scheduler:
    """Runs what is due in one workspace.

    Args:
        workspace: its ``state/scheduler/`` holds the run history, the logs and the locks.
        log: receives one line per event, for the terminal or the journal.
    """

    def __init__(self, workspace: Workspace, log: Callable[[str], None]) -> None:
        self._folder = workspace.state / "scheduler"
        self._workspace = workspace
        self._log = log
        self._history = RunHistory(self._folder / "record.json")
        self._reader = ScheduleReader()
        self._running: dict[UUID, _RunProcess] = {}

    def run_once(self, stop: threading.Event) -> list[ScheduledRun]:
        """Run what is due now, and wait for the runs to end.

        Returns:
            The runs, with their outcomes.

        Raises:
            RedactionError: another scheduler runs in this workspace.
        """
        with self._scheduler_lock():
            started = self._start_due(self._reader.active_schedules(), datetime.now(UTC))
            while self._running and not stop.wait(0.2):
                self._collect_finished()
            self._stop_all()
            runs = self._history.read()
        return [runs[schedule_id] for schedule_id in started]

    def run_until(self, stop: threading.Event) -> None:
        """Run what is due, when it is due, until `stop` is set; then stop the runs in progress and return.

        Raises:
            RedactionError: another scheduler runs in this workspace.
        """
        with self._scheduler_lock():
            self._log(f"The scheduler is running; logs are in {self._folder / 'logs'}. Ctrl+C stops it.")
            while not stop.is_set():
                self._collect_finished()
                stop.wait(self._poll())
            self._stop_all()
        self._log("The scheduler has stopped.")

    def _poll(self) -> float:
        """Start what is due, and return the seconds until the next poll."""
        now = datetime.now(UTC)
        try:
            schedules = self._reader.active_schedules()
            self._start_due(schedules, now)
            next_due_times = [schedule.timing.next_due(now) for schedule in schedules]
        except (OSError, RuntimeError, SQLAlchemyError) as error:
            # a restarting server or a locked database: the next poll may succeed
            self._log(f"The schedules cannot be read now, trying again: {error}")
            next_due_times = []
        waits = [(due - datetime.now(UTC)).total_seconds() for due in next_due_times if due is not None]
        return max(0.05, min([POLL_INTERVAL_S, 1.0 if self._running else POLL_INTERVAL_S, *waits]))

    def _start_due(self, schedules: list[ActiveSchedule], now: datetime) -> list[UUID]:
        last_runs = self._history.read()
        started = []
        for schedule in schedules:
            if schedule.id in self._running:
                continue  # its process may have ended, but the outcome is not recorded yet
            last = last_runs.get(schedule.id)
            due = schedule.timing.last_due(max(schedule.since, last.due) if last else schedule.since, now)
            try:
                if due is not None and self._start(schedule, due):
                    started.append(schedule.id)
            except RedactionError as error:
                self._log(str(error))  # and go on with the other schedules
        return started

    def _start(self, schedule: ActiveSchedule, due: datetime) -> bool:
        lock = _try_lock(self._folder / "locks" / f"{schedule.pipeline_id}.lock")
        if lock is None:
            return False  # the pipeline is running; one run makes up for this time when it has ended
        with os.fdopen(lock):
            spec = self._reader.run_spec(schedule)
            name = f"{_file_name(schedule.name)}-{due:%Y%m%dT%H%M%SZ}"
            log = self._folder / "logs" / f"{name}.log"
            run = ScheduledRun(
                schedule=schedule.name,
                pipeline_id=schedule.pipeline_id,
                due=due,
                started=datetime.now(UTC),
                log=str(log.relative_to(self._folder)),
            )
            self._history.write(schedule.id, run)
            configuration = log.with_suffix(".yaml")
            write_text(configuration, yaml.safe_dump(spec.configuration, sort_keys=False, allow_unicode=True))
            self._running[schedule.id] = _RunProcess(run, self._launch(spec, configuration, log, lock))
        self._log(f"{schedule.name}: started (due {due.astimezone():%Y-%m-%d %H:%M:%S}), log {log}")
        return True

    def _launch(self, spec: RunSpec, configuration: Path, log: Path, lock: int) -> subprocess.Popen[bytes]:
        command = [*RUN_PIPELINE, spec.source, "-c", str(configuration)]
        # the stack is set here because '--stack' would change the user's active stack for the duration of the run
        environment = os.environ | {
            "ZENML_ACTIVE_STACK_ID": str(spec.stack_id),
            "PYTHONUNBUFFERED": "1",
            "REDACTION_WORKSPACE": str(self._workspace.root),
        }
        with log.open("ab") as output:
            output.write(f"redaction run {spec.source} -c {configuration}\n".encode())
            output.flush()
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                # the lock is released when the last process that holds it has ended
                pass_fds=[lock],
                start_new_session=True,
            )

    def _collect_finished(self) -> None:
        for schedule_id, running in list(self._running.items()):
            if (status := running.process.poll()) is not None:
                self._finish(schedule_id, Outcome.FAILED if status else Outcome.COMPLETED)

    def _finish(self, schedule_id: UUID, outcome: Outcome) -> None:
        run = self._running.pop(schedule_id).run
        self._history.write(schedule_id, run.model_copy(update={"outcome": outcome, "finished": datetime.now(UTC)}))
        self._log(f"{run.schedule}: {outcome}" + ("" if outcome is Outcome.COMPLETED else f", see {self._folder / run.log}"))

    def _stop_all(self) -> None:
        self._collect_finished()
        for running in self._running.values():
            _signal_group(running.process, signal.SIGTERM)
        for schedule_id, running in list(self._running.items()):
            try:
                running.process.wait(MAX_RUN_STOP_S)
            except subprocess.TimeoutExpired:
                _signal_group(running.process, signal.SIGKILL)
                running.process.wait()
            self._finish(schedule_id, Outcome.STOPPED)

    @contextmanager
    def _scheduler_lock(self) -> Iterator[None]:
        lock = _try_lock(self._folder / "scheduler.lock")
        if lock is None:
            raise RedactionError(f"Another scheduler runs in the workspace {self._workspace.root}; stop it before you start one.")
        with os.fdopen(lock):
            self._mark_lost_runs()
            yield

    def _mark_lost_runs(self) -> None:
        """Record runs of a killed scheduler that have ended since as lost."""
        for schedule_id, run in self._history.read().items():
            if (
                run.outcome is Outcome.RUNNING
                and (lock := _try_lock(self._folder / "locks" / f"{run.pipeline_id}.lock")) is not None
            ):
                os.close(lock)
                self._history.write(schedule_id, run.model_copy(update={"outcome": Outcome.LOST}))
                self._log(f"{run.schedule}: an earlier scheduler was killed during this run, see {self._folder / run.log}")


def _try_lock(path: Path) -> int | None:
    """Open the file and lock it; returns the descriptor, or None while another process holds the lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        # flock by hand: a run inherits the lock with the descriptor, which filelock does not allow
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # each run leads its own process group, so its render workers get the signal too
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _file_name(schedule_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", schedule_name).strip(".") or "schedule"
