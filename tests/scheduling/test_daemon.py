"""The scheduler against a real ZenML store, with runs in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from zenml.client import Client

from redaction.errors import RedactionError
from redaction.workspace import Workspace
from scheduling.daemon import Scheduler
from scheduling.record import Fire, Outcome, Record
from scheduling.schedules import Schedules

Store = Callable[[str, str], None]

EVERY_SECOND = "schedule: {name: often, interval_second: 1, start_time: '2026-01-01 00:00:00+00:00'}"
FULL = f"""
    {EVERY_SECOND}
    parameters: {{start: 7}}
    tags: [mine]
    execution_mode: fail_fast
    settings: {{resources: {{memory: 3GB}}}}
    environment: {{FLOW_WORD: "from the file"}}
    steps:
      count: {{parameters: {{step_size: 3}}}}
      weigh: {{parameters: {{factor: 2.5, limits: {{lowest: 0.25}}}}, enable_cache: false}}
"""


def reported(report: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def once(workspace: Workspace) -> Callable[[], list[Fire]]:
    """A scheduler's whole life: what is due now, and its end."""

    def run() -> list[Fire]:
        time.sleep(1.1)  # what is to run every second is due by then
        return Scheduler(workspace, lambda line: None).run_once(threading.Event())

    return run


@pytest.fixture
def scheduler_process(workspace: Workspace, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """``redaction scheduler`` as a person starts it."""
    started: list[subprocess.Popen[str]] = []
    program = "from redaction.cli.scheduler import scheduler; scheduler(once=False)"

    def start() -> subprocess.Popen[str]:
        output = (tmp_path / f"scheduler-{len(started)}.txt").open("w")
        environment = os.environ | {"REDACTION_WORKSPACE": str(workspace.root)}
        process = subprocess.Popen([sys.executable, "-c", program], stdout=output, stderr=output, env=environment, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.mark.parametrize("flow", ["weighing", "dynamic_weighing"])
def test_everything_in_the_file_reaches_the_run(flow: str, store: Store, report: Path, once: Callable[[], list[Fire]]) -> None:
    store(flow, FULL)

    (fire,) = once()

    assert fire.outcome is Outcome.COMPLETED
    (seen,) = reported(report)
    assert seen == {
        "weight": 25.0,  # (7 + 3) * 2.5
        "lowest": 0.25,
        "tags": ["mine", "schedule:often", "scheduled"],
        "memory": "3GB",
        "environment": "from the file",
        "execution_mode": "fail_fast",
        "scheduled": False,
    }


def test_what_was_missed_is_made_up_for_by_one_run(
    store: Store, report: Path, workspace: Workspace, once: Callable[[], list[Fire]]
) -> None:
    store(
        "weighing",
        "parameters: {start: 1}\nschedule: {name: hourly, interval_second: 3600, start_time: '2026-01-01 00:00:00+00:00'}",
    )
    assert once() == []  # nothing was due since it was stored
    (planned,) = Schedules().planned()
    long_ago = datetime.now(UTC) - timedelta(hours=30)
    record = Record(workspace.state / "scheduler" / "record.json")
    assert planned.timing.last_due(long_ago, datetime.now(UTC)) is not None

    aged = planned.model_copy(update={"since": long_ago})
    scheduler = Scheduler(workspace, lambda line: None)
    scheduler._schedules.planned = lambda: [aged]  # type: ignore[method-assign]
    (fire,) = scheduler.run_once(threading.Event())
    assert scheduler.run_once(threading.Event()) == []  # and again only when it is due again

    assert len(reported(report)) == 1
    assert datetime.now(UTC) - fire.due < timedelta(hours=1)
    assert record.read()[planned.id] == fire


def test_a_failed_run_is_recorded_with_its_log(
    store: Store, report: Path, workspace: Workspace, once: Callable[[], list[Fire]]
) -> None:
    store("failing", EVERY_SECOND)

    (fire,) = once()

    assert fire.outcome is Outcome.FAILED
    log = (workspace.state / "scheduler" / fire.log).read_text()
    assert log.startswith("zenml pipeline run tests.scheduling.sample_flows.failing -c ")
    assert "this step always fails" in log


def test_inactive_and_deleted_schedules_do_not_run(store: Store, report: Path, once: Callable[[], list[Fire]]) -> None:
    store("weighing", "parameters: {start: 1}\n" + EVERY_SECOND)
    Client().update_schedule("often", active=False)
    assert once() == []

    Client().update_schedule("often", active=True)
    Client().delete_schedule("often")
    assert once() == []


def test_only_one_scheduler_at_a_time(store: Store, workspace: Workspace) -> None:
    first = Scheduler(workspace, lambda line: None)
    with first._alone(), pytest.raises(RedactionError, match="Another scheduler"):
        Scheduler(workspace, lambda line: None).run_once(threading.Event())


@pytest.mark.slow
def test_no_overlap_even_after_a_kill_and_a_clean_end(
    store: Store, report: Path, workspace: Workspace, scheduler_process: Callable[[], subprocess.Popen[str]]
) -> None:
    store("slow", "parameters: {seconds: 120}\n" + EVERY_SECOND)
    record = Record(workspace.state / "scheduler" / "record.json")

    # killed during a run: the run goes on, and the next scheduler does not start a second one beside it
    first = scheduler_process()
    wait_for(lambda: reported(report))
    first.kill()
    first.wait()
    run = psutil.Process(int(str(reported(report)[0]["pid"])))
    second = scheduler_process()
    time.sleep(6)
    assert len(reported(report)) == 1
    assert run.is_running()

    # when that run ends, the next is due; told to stop, the scheduler takes its own run with it
    run.kill()
    wait_for(lambda: len(reported(report)) == 2)
    successor = psutil.Process(int(str(reported(report)[1]["pid"])))
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    assert not successor.is_running()
    (fire,) = record.read().values()
    assert fire.outcome is Outcome.STOPPED
