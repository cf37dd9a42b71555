"""Run a pipeline for ``redaction run``: what ``zenml pipeline run`` does, with a record, a log file and a page for each run."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zenml.client import Client
from zenml.constants import ENV_ZENML_ACTIVE_STACK_ID
from zenml.logger import get_logging_level
from zenml.pipelines.pipeline_definition import Pipeline
from zenml.pipelines.run_utils import get_default_run_name
from zenml.utils import source_utils
from zenml.utils.string_utils import format_name_template

from pipelines.configurations import PIPELINES, default_configuration, load_pipeline
from pipelines.console import RunConsole, use_console
from redaction.configuration import read_mapping, unknown_name_message
from redaction.errors import RedactionError
from redaction.import_graph import REPOSITORY
from redaction.lifecycle.run_records import RunFiles, RunRecord, RunState
from redaction.process_identity import ProcessIdentity
from redaction.workspace import Workspace
from steps.run_facts import describe_error

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

logger = logging.getLogger(__name__)


class RunInterrupted(RedactionError):
    """The run was stopped by hand; says what the same command will do."""


def run(name: str, configuration: Path | None = None, stack: str | None = None) -> None:
    """Run a pipeline on a stack, or store it if the configuration has a schedule.

    With ``ZENML_LOGGING_VERBOSITY=DEBUG``, ZenML's own lines are shown as they are.

    Args:
        name: one of `PIPELINES`, or the dotted name of another pipeline, found from the current folder.
        configuration: the run configuration; see `default_configuration` if it is None.
        stack: name of a ZenML stack; the active one if it is None, and that does not change.

    Raises:
        RunInterrupted: Ctrl-C or SIGTERM.
        RedactionError: no such pipeline or stack, a mistake in the configuration, or the run failed.
    """
    console = RunConsole()
    if get_logging_level().name != "DEBUG":
        use_console(console)
    pipeline = _load(name)
    path = _configuration(name, configuration)
    content = read_mapping(path)
    if stack:
        _use_stack(stack)
    if content.get("schedule"):
        _require_stack_with_schedules(path)
        pipeline.with_options(config_path=str(path))()
        return
    template = content.get("run_name") or get_default_run_name(pipeline.name)
    run_name = format_name_template(template, content.get("substitutions"))
    prepared = pipeline.with_options(config_path=str(path), run_name=run_name)
    workspace = _workspace(content)
    console.say(f"{name} with {path}, in the workspace {workspace.root}")
    with _recorded(RunFiles(workspace), run_name, pipeline.name, console):
        prepared()


@contextmanager
def _recorded(files: RunFiles, run_name: str, pipeline: str, console: RunConsole) -> Iterator[None]:
    """Keep a record and a log of the run in this block, and turn what ends it into one sentence."""
    record = RunRecord(
        name=run_name, pipeline=pipeline, started=datetime.now(UTC), state=RunState.RUNNING, process=ProcessIdentity.own()
    )
    files.write(record)
    log = logging.FileHandler(files.log(run_name), encoding="utf-8")
    log.setFormatter(logging.Formatter(LOG_FORMAT))
    logging.getLogger().addHandler(log)
    try:
        yield
    except KeyboardInterrupt as error:
        step = console.unfinished_step
        console.end_unfinished("interrupted")
        _close(files, record, RunState.INTERRUPTED)
        _show_files(files, run_name, console)
        raise RunInterrupted(f"Interrupted{f' in {step}' if step else ''}. {describe_error(error, step)}") from error
    except Exception as raised:
        step, cause = console.unfinished_step, console.failure or raised
        sentence = describe_error(cause, step)
        logger.error("The run failed.", exc_info=True)
        console.end_unfinished("failed")
        _close(files, record, RunState.FAILED, sentence)
        _show_files(files, run_name, console, with_log=True)
        if not isinstance(cause, RedactionError):
            sentence = f"{step or pipeline} failed: {sentence} (the log has the traceback)"
        raise RedactionError(sentence) from raised
    else:
        _close(files, record, RunState.COMPLETED)
        _show_files(files, run_name, console)
    finally:
        logging.getLogger().removeHandler(log)
        log.close()


def _close(files: RunFiles, record: RunRecord, state: RunState, error: str | None = None) -> None:
    """Note the end of a run that did not do so itself, with its page."""
    if files.find(record.name).state is RunState.RUNNING:
        files.write(record.model_copy(update={"state": state, "finished": datetime.now(UTC), "error": error, "process": None}))


def _show_files(files: RunFiles, run_name: str, console: RunConsole, with_log: bool = False) -> None:
    if with_log:
        console.say(f"Log: {files.log(run_name)}")
    if files.page(run_name).exists():
        console.say(f"Run page: {files.page(run_name)}")


def _load(name: str) -> Pipeline:
    short = name.rpartition(".")[2]
    if short in PIPELINES and name in (short, f"pipelines.{short}.{short}"):
        # from whatever folder it is started: the steps and the files that their caches depend on are found from here
        source_utils.set_custom_source_root(str(REPOSITORY))
        return load_pipeline(short)
    if "." not in name:
        raise RedactionError(f"PIPELINE: {unknown_name_message('pipeline', name, PIPELINES)}.")
    if not Client.find_repository():
        source_utils.set_custom_source_root(str(Path.cwd()))
    try:
        pipeline = source_utils.load(name)
    except (ImportError, AttributeError) as error:
        raise RedactionError(f"{name} cannot be imported ({error}): give a name such as pipelines.ct_cd.ct_cd.") from error
    if not isinstance(pipeline, Pipeline):
        raise RedactionError(f"{name} is not a pipeline: give a name such as pipelines.ct_cd.ct_cd.")
    return pipeline


def _configuration(name: str, given: Path | None) -> Path:
    if given is not None:
        return given
    short = name.rpartition(".")[2]
    if short not in PIPELINES:
        raise RedactionError(f"{name} has no default configuration: give one with -c.")
    return default_configuration(short)


def _workspace(configuration: Mapping[str, Any]) -> Workspace:
    """The workspace that a run configuration names, as a parameter of the pipeline or of a step."""
    named = [(configuration.get("parameters") or {}).get("workspace")]
    for options in (configuration.get("steps") or {}).values():
        named.append(((options or {}).get("parameters") or {}).get("workspace"))
    return Workspace.at(next((each for each in named if each), None))


def _use_stack(name: str) -> None:
    """Run on this stack without changing the active one."""
    try:
        found = Client().get_stack(name)
    except KeyError as error:
        hint = "'redaction stack setup' registers local_cron, and 'zenml stack list' lists all"
        raise RedactionError(f"ZenML has no stack {name!r}: {hint}.") from error
    os.environ[ENV_ZENML_ACTIVE_STACK_ID] = str(found.id)


def _require_stack_with_schedules(configuration: Path) -> None:
    stack = Client().active_stack
    if not stack.orchestrator.config.is_schedulable:
        raise RedactionError(
            f"{configuration} has a schedule, and the stack {stack.name!r} cannot run schedules: add '-s local_cron' "
            "('redaction stack setup' registers that stack once), or remove the schedule."
        )
