"""The scheduler with a real ZenML store and runs in separate processes."""

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
from stacks.local.daemon import Scheduler
from stacks.local.run_history import Outcome, RunHistory, ScheduledRun
from stacks.local.schedules import ActiveSchedule, RunSpec, ScheduleReader
from tests.waiting import wait_for

Store = Callable[[str, str], None]

EVERY_SECOND = "schedule: {name: often, interval_second: 1, start_time: '2026-01-01 00:00:00+00:00'}"
FULL = f"""
    {EVERY_SECOND}
    parameters: {{start: 7}}
    tags: [mine]
    execution_mode: fail_fast
    settings: {{resources: {{memory: 3GB}}}}
    environment: {{PIPELINE_WORD: "from the file"}}
    steps:
      count: {{parameters: {{step_size: 3}}}}
      weigh: {{parameters: {{factor: 2.5, limits: {{lowest: 0.25}}}}, enable_cache: false}}
"""


def reported(report: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []


@pytest.fixture
def once(workspace: Workspace) -> Callable[[], list[ScheduledRun]]:
    """One scheduler from start to end: it runs what is due now."""

    def run() -> list[ScheduledRun]:
        time.sleep(1.1)  # a schedule of one run per second is due by then
        return Scheduler(workspace, lambda line: None).run_once(threading.Event())

    return run


@pytest.fixture
def scheduler_process(workspace: Workspace, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """``redaction scheduler`` in a process of its own."""
    started: list[subprocess.Popen[str]] = []
    program = "from redaction.cli.scheduler import scheduler; scheduler(once=False)"

    def start() -> subprocess.Popen[str]:
        workspace.state.mkdir(parents=True, exist_ok=True)  # a workspace that is named and does not exist is refused
        output = (tmp_path / f"scheduler-{len(started)}.txt").open("w")
        environment = os.environ | {"REDACTION_WORKSPACE": str(workspace.root)}
        process = subprocess.Popen([sys.executable, "-c", program], stdout=output, stderr=output, env=environment, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def test_the_whole_configuration_reaches_the_run(store: Store, report: Path, once: Callable[[], list[ScheduledRun]]) -> None:
    for pipeline in ("weighing", "dynamic_weighing"):
        store(pipeline, FULL.replace("often", pipeline))

    runs = once()

    assert [run.outcome for run in runs] == [Outcome.COMPLETED] * 2
    seen = {
        "weight": 25.0,  # (7 + 3) * 2.5
        "lowest": 0.25,
        "memory": "3GB",
        "environment": "from the file",
        "execution_mode": "fail_fast",
        "scheduled": False,
    }
    tags = (["mine", f"schedule:{pipeline}", "scheduled"] for pipeline in ("dynamic_weighing", "weighing"))
    assert sorted(reported(report), key=lambda line: str(line["tags"])) == [seen | {"tags": tag} for tag in tags]


def test_one_run_replaces_all_missed_ones_and_its_failure_is_recorded(
    store: Store, report: Path, workspace: Workspace, once: Callable[[], list[ScheduledRun]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store("failing", EVERY_SECOND.replace("interval_second: 1", "interval_second: 3600"))
    assert once() == []  # nothing was due since the schedule was stored
    (schedule,) = ScheduleReader().active_schedules()
    aged = schedule.model_copy(update={"since": datetime.now(UTC) - timedelta(hours=30)})
    scheduler = Scheduler(workspace, lambda line: None)
    monkeypatch.setattr(scheduler._reader, "active_schedules", lambda: [aged])

    (run,) = scheduler.run_once(threading.Event())

    assert scheduler.run_once(threading.Event()) == []  # one run, not thirty
    assert run.outcome is Outcome.FAILED
    assert datetime.now(UTC) - run.due < timedelta(hours=1)
    folder = workspace.state / "scheduler"
    assert RunHistory(folder / "record.json").read() == {schedule.id: run}
    log = (folder / run.log).read_text()
    assert log.startswith("redaction run tests.stacks.local.sample_pipelines.failing -c ")
    assert "this step always fails" in log


def test_inactive_and_deleted_schedules_do_not_run(store: Store, report: Path, once: Callable[[], list[ScheduledRun]]) -> None:
    store("weighing", "parameters: {start: 1}\n" + EVERY_SECOND)
    Client().update_schedule("often", active=False)
    assert once() == []

    Client().update_schedule("often", active=True)
    Client().delete_schedule("often")
    assert once() == []


def test_every_run_is_recorded_however_fast_they_follow_each_other(
    store: Store, report: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store("weighing", "parameters: {start: 1}\n" + EVERY_SECOND)
    monkeypatch.setattr("stacks.local.daemon.RUN_PIPELINE", (sys.executable, "-c", "raise SystemExit(0)"))
    lines: list[str] = []
    stop = threading.Event()
    threading.Timer(6, stop.set).start()

    Scheduler(workspace, lines.append).run_until(stop)

    started = sum(": started" in line for line in lines)
    ended = sum(line in ("often: completed", "often: stopped") or ": stopped, see" in line for line in lines)
    assert started == ended >= 2


def test_a_schedule_that_lost_its_stack_does_not_block_the_others(
    store: Store, report: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store("dynamic_weighing", EVERY_SECOND.replace("often", "lost"))
    store("weighing", "parameters: {start: 1}\n" + EVERY_SECOND)
    monkeypatch.setattr("stacks.local.daemon.RUN_PIPELINE", (sys.executable, "-c", "raise SystemExit(0)"))
    scheduler = Scheduler(workspace, (lines := []).append)
    real = scheduler._reader.run_spec

    def run_spec(schedule: ActiveSchedule) -> RunSpec:
        if schedule.name == "lost":
            raise RedactionError("The schedule 'lost' has lost its stack.")
        return real(schedule)

    monkeypatch.setattr(scheduler._reader, "run_spec", run_spec)
    time.sleep(1.1)

    (run,) = scheduler.run_once(threading.Event())

    assert (run.schedule, run.outcome) == ("often", Outcome.COMPLETED)
    assert "The schedule 'lost' has lost its stack." in lines


def test_a_second_scheduler_is_refused(store: Store, workspace: Workspace) -> None:
    first = Scheduler(workspace, lambda line: None)
    with first._scheduler_lock(), pytest.raises(RedactionError, match="Another scheduler"):
        Scheduler(workspace, lambda line: None).run_once(threading.Event())


@pytest.mark.slow
def test_runs_never_overlap_even_after_a_kill_and_stop_with_the_scheduler(
    store: Store, report: Path, workspace: Workspace, scheduler_process: Callable[[], subprocess.Popen[str]]
) -> None:
    store("slow", "parameters: {seconds: 120}\n" + EVERY_SECOND)
    history = RunHistory(workspace.state / "scheduler" / "record.json")

    # a scheduler is killed during a run: the run continues, and the next scheduler does not start a second one
    first = scheduler_process()
    wait_for(lambda: reported(report), seconds=60)
    first.kill()
    first.wait()
    run_process = psutil.Process(int(str(reported(report)[0]["pid"])))
    second = scheduler_process()
    time.sleep(6)
    assert len(reported(report)) == 1
    assert run_process.is_running()

    # when that run ends, the next is due; a scheduler that is stopped stops its own run
    run_process.kill()
    wait_for(lambda: len(reported(report)) == 2, seconds=60)
    successor = psutil.Process(int(str(reported(report)[1]["pid"])))
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    assert not successor.is_running()
    (run,) = history.read().values()
    assert run.outcome is Outcome.STOPPED
    assert Client().list_pipeline_runs(pipeline="slow", sort_by="desc:created").items[0].status.is_finished
