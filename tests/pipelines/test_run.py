"""What ``redaction run`` prints and leaves behind, from real processes."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from redaction.errors import RedactionError
from redaction.lifecycle.run_records import RunFiles, RunRecord, RunState
from redaction.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]
SAMPLE = """
import logging
import time
from zenml import pipeline, step
from zenml.enums import ExecutionMode
from zenml.logger import get_logger
from pipelines.strict import strict
from redaction.errors import RedactionError

@step(enable_cache=False)
def greet(name: str) -> str:
    get_logger(__name__).info("Hello, %s.", name)
    logging.getLogger("httpx").warning("a request")
    if name == "nobody":
        raise RedactionError("Nobody is no name: give another.")
    if name == "bug":
        raise ValueError("first line\\nsecond line")
    if name == "slow":
        time.sleep(60)
    return name

@step
def remember(name: str) -> str:
    return name

@strict
@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def sample(name: str) -> None:
    greet(name)
    remember("always the same", after="greet")
"""
COMMAND = (sys.executable, "-m", "redaction.cli", "run")
PASSED = {"ZENML_LOGGING_VERBOSITY": "INFO", "PYTHONPATH": str(REPOSITORY)}


def prepare(folder: Path, name: str) -> Path:
    (folder / "sample.py").write_text(SAMPLE)
    configuration = folder / f"{name}.yaml"
    configuration.write_text(f"parameters: {{name: {name}}}")
    return configuration


def run(folder: Path, *arguments: str, name: str = "reader", **environment: str) -> subprocess.CompletedProcess[str]:
    prepare(folder, name)
    return subprocess.run(
        [*COMMAND, *(arguments or ("sample.sample", "-c", f"{name}.yaml"))],
        cwd=folder,
        env=os.environ | PASSED | {"REDACTION_WORKSPACE": str(folder / "workspace")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def only_record(folder: Path) -> tuple[RunRecord, RunFiles]:
    files = RunFiles(Workspace.at(folder / "workspace"))
    (record,) = files.read()
    return record, files


@pytest.mark.usefixtures("zenml_store")
def test_a_run_prints_a_line_for_each_step_and_the_steps_own_lines(tmp_path: Path) -> None:
    finished = run(tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stderr == ""
    assert [re.sub(r" +[\d.]+ s$", " … s", line) for line in finished.stdout.splitlines()] == [
        f"sample.sample with reader.yaml, in the workspace {tmp_path / 'workspace'}",
        "  Hello, reader.",
        "greet           completed … s",
        "remember        completed … s",
    ]
    record, files = only_record(tmp_path)
    assert (record.state, record.pipeline) == (RunState.COMPLETED, "sample")
    assert "INFO zenml" in files.log(record.name).read_text(), "the log file has ZenML's lines too"


@pytest.mark.usefixtures("zenml_store")
def test_an_error_is_one_sentence_and_its_traceback_is_in_the_log(tmp_path: Path) -> None:
    failed = run(tmp_path, name="nobody")
    record, files = only_record(tmp_path)
    assert failed.returncode == 1
    assert failed.stderr == "redaction: Nobody is no name: give another.\n"
    assert re.search(rf"greet +failed +[\d.]+ s\nLog: {re.escape(str(files.log(record.name)))}\n$", failed.stdout)
    assert "Traceback" not in failed.stdout
    assert "Traceback" in files.log(record.name).read_text()
    assert (record.state, record.error) == (RunState.FAILED, "Nobody is no name: give another.")


@pytest.mark.usefixtures("zenml_store")
def test_a_bug_is_one_line_that_names_the_step(tmp_path: Path) -> None:
    failed = run(tmp_path, name="bug")
    assert failed.returncode == 1
    assert failed.stderr == "redaction: greet failed: ValueError: first line (the log has the traceback)\n"


@pytest.mark.usefixtures("zenml_store")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_at_once_and_says_what_happens_next(tmp_path: Path, number: signal.Signals) -> None:
    prepare(tmp_path, "slow")
    process = subprocess.Popen(
        [*COMMAND, "sample.sample", "-c", "slow.yaml"],
        cwd=tmp_path,
        env=os.environ | PASSED | {"REDACTION_WORKSPACE": str(tmp_path / "workspace")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    while "Hello, slow." not in process.stdout.readline():
        assert process.poll() is None
    started = time.monotonic()
    os.killpg(process.pid, number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - started < 20
    assert re.search(r"greet +interrupted", output)
    assert errors.startswith("Interrupted in greet. The same command")
    assert "Traceback" not in output + errors
    assert only_record(tmp_path)[0].state is RunState.INTERRUPTED


@pytest.mark.usefixtures("zenml_store")
def test_verbose_shows_everything_and_has_no_colors_on_a_pipe(tmp_path: Path) -> None:
    shown = run(tmp_path, "sample.sample", "-c", "reader.yaml", "--verbose")
    assert "Using stack: `default`" in shown.stdout
    assert "\x1b" not in shown.stdout + shown.stderr


@pytest.fixture
def root_handlers(zenml_store: Path) -> Iterator[None]:
    """Puts the handlers of the log back that a run in this process replaces."""
    before = list(logging.root.handlers)
    yield
    logging.root.handlers = before


@pytest.mark.usefixtures("root_handlers")
@pytest.mark.parametrize(
    ("name", "configuration", "stack", "sentence"),
    [
        ("ctcd", None, None, "PIPELINE: unknown pipeline 'ctcd' (did you mean 'ct_cd'?)."),
        ("sample.greet", "reader.yaml", None, "sample.greet is not a pipeline: "),
        ("sample.missing", "reader.yaml", None, "sample.missing cannot be imported "),
        ("sample.sample", None, None, "sample.sample has no default configuration: give one with -c."),
        ("ct_cd", "reader.yaml", None, "The configuration reader.yaml is not valid: parameters.name: unknown parameter 'name'"),
        ("ct_cd", "nightly.yaml", "nowhere", "ZenML has no stack 'nowhere': 'redaction stack setup' registers local_cron"),
        (
            "ct_cd",
            "nightly.yaml",
            None,
            "nightly.yaml has a schedule, and the stack 'default' cannot run schedules: add '-s ",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(
    name: str, configuration: str | None, stack: str | None, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.run import run as run_pipeline

    prepare(tmp_path, "reader")
    (tmp_path / "nightly.yaml").write_text('schedule: {name: nightly, cron_expression: "0 3 * * *"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RedactionError) as refused:
        run_pipeline(name, Path(configuration) if configuration else None, stack)
    assert str(refused.value).startswith(sentence)
    assert not (tmp_path / "workspace").exists()


@pytest.mark.usefixtures("zenml_store")
def test_from_another_folder_the_configuration_that_ships_is_used_and_named(tmp_path: Path) -> None:
    finished = run(tmp_path, "ct_cd")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    shipped = REPOSITORY / "configs" / "ct_cd.yaml"
    assert finished.stdout.startswith(f"ct_cd with {shipped}, in the workspace {tmp_path / 'workspace'}\n")
    record, files = only_record(tmp_path)
    assert finished.stdout.endswith(f"Run page: {files.page(record.name)}\n")
    assert record.outcome == "no training"
    assert "there was nothing to learn" in files.page(record.name).read_text()
