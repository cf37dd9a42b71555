"""The scheduler: looks at the clock and at the schedules in ZenML, and runs what is due.

Every run is a process of its own, ``zenml pipeline run`` with the configuration that was stored, and writes a log of its own. Two
runs of one pipeline never overlap: the run itself holds a lock, so that this is true even when the scheduler is killed and
started again while its run goes on. A run is noted before it starts; killed in between, the scheduler leaves it out rather than
run it twice.
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
from stacks.local.record import Fire, Outcome, Record
from stacks.local.schedules import Order, Planned, Schedules

LOOK_EVERY_SECONDS = 15.0
"""How soon a schedule that was stored, changed or deleted is noticed. Due times themselves are met to the second."""
GRACE_SECONDS = 60.0
"""How long a run may take to end after it was asked to, before it is killed."""
# what the `zenml` command runs; it is called through the interpreter so that no other installation on the PATH answers
ZENML = "import sys; from zenml.cli.cli import cli; sys.argv[0] = 'zenml'; cli()"


@dataclass
class _Running:
    fire: Fire
    process: subprocess.Popen[bytes]


class Scheduler:
    """Runs what is due in one workspace.

    Args:
        workspace: its ``state/scheduler/`` holds the record, the logs and the locks.
        say: takes a line for the person or the journal.
    """

    def __init__(self, workspace: Workspace, say: Callable[[str], None]) -> None:
        self._folder = workspace.state / "scheduler"
        self._workspace = workspace
        self._say = say
        self._record = Record(self._folder / "record.json")
        self._schedules = Schedules()
        self._running: dict[UUID, _Running] = {}

    def run_once(self, stop: threading.Event) -> list[Fire]:
        """Run what is due now and wait for it.

        Returns:
            What was run, with how it ended.

        Raises:
            RedactionError: another scheduler runs in this workspace.
        """
        with self._alone():
            started = self._start_due(self._schedules.planned(), datetime.now(UTC))
            while self._running and not stop.wait(0.2):
                self._collect()
            self._stop_all()
            fires = self._record.read()
        return [fires[schedule_id] for schedule_id in started]

    def run_until(self, stop: threading.Event) -> None:
        """Run what is due, when it is due, until told to stop; then stop the runs in progress and return.

        Raises:
            RedactionError: another scheduler runs in this workspace.
        """
        with self._alone():
            self._say(f"The scheduler is running; logs are in {self._folder / 'logs'}. Ctrl+C stops it.")
            while not stop.is_set():
                self._collect()
                stop.wait(self._look())
            self._stop_all()
        self._say("The scheduler has stopped.")

    def _look(self) -> float:
        """Start what is due; the seconds until the next look."""
        now = datetime.now(UTC)
        try:
            schedules = self._schedules.planned()
            self._start_due(schedules, now)
            nexts = [planned.timing.next_due(now) for planned in schedules]
        except (OSError, RuntimeError, SQLAlchemyError) as error:
            # a server that is being restarted, a database that is locked: the next look may find it well
            self._say(f"Cannot look at the schedules now, trying again: {error}")
            nexts = []
        waits = [(due - datetime.now(UTC)).total_seconds() for due in nexts if due is not None]
        return max(0.05, min([LOOK_EVERY_SECONDS, 1.0 if self._running else LOOK_EVERY_SECONDS, *waits]))

    def _start_due(self, schedules: list[Planned], now: datetime) -> list[UUID]:
        known = self._record.read()
        started = []
        for planned in schedules:
            if planned.id in self._running:
                continue  # it may have ended this instant, but how is not noted yet
            last = known.get(planned.id)
            due = planned.timing.last_due(max(planned.since, last.due) if last else planned.since, now)
            try:
                if due is not None and self._start(planned, due):
                    started.append(planned.id)
            except RedactionError as error:
                self._say(str(error))  # the other schedules are due all the same
        return started

    def _start(self, planned: Planned, due: datetime) -> bool:
        lock = _locked(self._folder / "locks" / f"{planned.pipeline_id}.lock")
        if lock is None:
            return False  # its pipeline is running; this or a later time is made up for when that has ended
        with os.fdopen(lock):
            order = self._schedules.order(planned)
            name = f"{_safe(planned.name)}-{due:%Y%m%dT%H%M%SZ}"
            log = self._folder / "logs" / f"{name}.log"
            fire = Fire(
                schedule=planned.name,
                pipeline_id=planned.pipeline_id,
                due=due,
                started=datetime.now(UTC),
                log=str(log.relative_to(self._folder)),
            )
            self._record.write(planned.id, fire)
            configuration = log.with_suffix(".yaml")
            write_text(configuration, yaml.safe_dump(order.configuration, sort_keys=False, allow_unicode=True))
            self._running[planned.id] = _Running(fire, self._launch(order, configuration, log, lock))
        self._say(f"{planned.name}: started (due {due.astimezone():%Y-%m-%d %H:%M:%S}), log {log}")
        return True

    def _launch(self, order: Order, configuration: Path, log: Path, lock: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", ZENML, "pipeline", "run", order.source, "-c", str(configuration)]
        # '--stack' would rewrite the person's active stack for as long as the run takes
        environment = os.environ | {
            "ZENML_ACTIVE_STACK_ID": str(order.stack_id),
            "ZENML_LOGGING_COLORS_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
            "REDACTION_WORKSPACE": str(self._workspace.root),
        }
        with log.open("ab") as output:
            output.write(f"zenml pipeline run {order.source} -c {configuration}\n".encode())
            output.flush()
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                # the lock is free when the last process that holds it has ended
                pass_fds=[lock],
                start_new_session=True,
            )

    def _collect(self) -> None:
        for schedule_id, running in list(self._running.items()):
            if (status := running.process.poll()) is not None:
                self._finish(schedule_id, Outcome.FAILED if status else Outcome.COMPLETED)

    def _finish(self, schedule_id: UUID, outcome: Outcome) -> None:
        fire = self._running.pop(schedule_id).fire
        self._record.write(schedule_id, fire.model_copy(update={"outcome": outcome, "finished": datetime.now(UTC)}))
        self._say(f"{fire.schedule}: {outcome}" + ("" if outcome is Outcome.COMPLETED else f", see {self._folder / fire.log}"))

    def _stop_all(self) -> None:
        self._collect()
        for running in self._running.values():
            _signal(running.process, signal.SIGTERM)
        for schedule_id, running in list(self._running.items()):
            try:
                running.process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                _signal(running.process, signal.SIGKILL)
                running.process.wait()
            self._finish(schedule_id, Outcome.STOPPED)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path = self._folder / "scheduler.lock"
        lock = _locked(path)
        if lock is None:
            raise RedactionError(
                f"Another scheduler runs in the workspace {self._workspace.root}: stop it first, or let it do its work."
            )
        with os.fdopen(lock):
            self._find_lost()
            yield

    def _find_lost(self) -> None:
        """Runs of an earlier scheduler that ended when nobody looked."""
        for schedule_id, fire in self._record.read().items():
            if (
                fire.outcome is Outcome.RUNNING
                and (lock := _locked(self._folder / "locks" / f"{fire.pipeline_id}.lock")) is not None
            ):
                os.close(lock)
                self._record.write(schedule_id, fire.model_copy(update={"outcome": Outcome.LOST}))
                self._say(f"{fire.schedule}: an earlier scheduler was killed during this run, see {self._folder / fire.log}")


def _locked(path: Path) -> int | None:
    """An open file with the lock on it, which whoever inherits it holds too; None while somebody else holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # the run leads a session of its own: render workers and the like get the signal too
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip(".") or "schedule"
