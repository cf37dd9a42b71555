"""Collect from ZenML's store what a run left behind, for its page."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from zenml.artifacts.utils import load_artifact_from_response
from zenml.client import Client
from zenml.models import PipelineRunResponse, StepRunResponse

from redaction.errors import RedactionError
from redaction.lifecycle.run_page import Link, RunArtifacts, RunFacts, Serving, StepState, outcome_of
from redaction.lifecycle.run_records import RunRecord, RunState
from redaction.process_identity import ProcessIdentity
from redaction.training.history import HISTORY, TrainingHistory, read_history
from redaction.workspace import Workspace
from serving.local import control
from serving.release.release import DeploymentOutcome

RUN_PAGE = "run_page"
"""The step whose artifact shows the page, and that artifact."""
INTERRUPTED = {
    "fetch": "What was fetched is kept: the same command continues there.",
    "render": "What was rendered is kept: the same command continues there.",
    "train": "Every complete epoch is kept: the same command continues the training after the last one.",
}
"""What happens next, by the step that was interrupted."""


def facts_of(run_id: UUID, ending_step: str | None, error: BaseException | None, now: datetime) -> RunFacts:
    """Everything about a run that its page shows, as far as the run got.

    Args:
        run_id: the run's ID in ZenML's store.
        ending_step: the step that is about to end, which ZenML still takes for running.
        error: what ended the run, if it failed.
        now: the end of the run, or of the step.
    """
    run = Client().get_pipeline_run(run_id)
    steps = {name: step for name, step in run.steps.items() if name != RUN_PAGE}
    metadata = {name: _metadata(step) for name, step in steps.items()}
    workspace = workspace_of(run)
    states = tuple(_step_state(name, step, ending_step, error, now) for name, step in steps.items())
    planned = tuple(name for name in _planned(run) if name != RUN_PAGE)
    has_ended = error is not None or ending_step in (None, planned[-1])
    failed_step = _failed_step(steps) if error else None
    deployment = _deployment(steps)
    facts = RunFacts(
        record=RunRecord(
            name=run.name,
            pipeline=run.pipeline.name if run.pipeline else "",
            started=_as_utc(run.start_time) or now,
            finished=now if has_ended else None,
            state=_state(error) if has_ended else RunState.RUNNING,
            error=describe_error(error, failed_step) if error else None,
            process=None if has_ended else ProcessIdentity.own(),
        ),
        workspace=workspace,
        artifacts=_artifacts(steps, metadata),
        steps=states,
        planned=planned,
        failed_step=failed_step,
        served=deployment.served if deployment else None,
        deployment=deployment.sentence if deployment else None,
        failing_pages=metadata.get("validate", {}).get("failing pages"),
        serving=_serving(workspace),
        links=tuple(_links(metadata)),
    )
    return dataclasses.replace(facts, record=facts.record.model_copy(update={"outcome": outcome_of(facts)}))


def workspace_of(run: PipelineRunResponse) -> Workspace:
    """The workspace that the run's configuration gives to its steps."""
    configurations = run.snapshot.step_configurations.values() if run.snapshot else ()
    named = (step.config.parameters.get("workspace") for step in configurations)
    return Workspace.at(next((name for name in named if name), None))


def describe_error(error: BaseException, step: str | None) -> str:
    """What ended a run, in one sentence; for an interrupted one, what the same command will do."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED.get(step or "", "The same command starts again; steps that are complete and may be cached are reused.")
    if isinstance(error, RedactionError):
        return str(error)
    first_line = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"


def _state(error: BaseException | None) -> RunState:
    if isinstance(error, KeyboardInterrupt):
        return RunState.INTERRUPTED
    return RunState.FAILED if error else RunState.COMPLETED


def _step_state(
    name: str, step: StepRunResponse, ending_step: str | None, error: BaseException | None, now: datetime
) -> StepState:
    if isinstance(error, KeyboardInterrupt) and not step.status.is_successful:
        state = "interrupted"
    else:
        state = "completed" if name == ending_step and error is None else str(step.status)
    started, ended = _as_utc(step.start_time), _as_utc(step.end_time) or (now if name == ending_step else None)
    return StepState(name, state, (ended - started).total_seconds() if started and ended else None)


def _planned(run: PipelineRunResponse) -> tuple[str, ...]:
    return tuple(run.snapshot.step_configurations) if run.snapshot else ()


def _failed_step(steps: Mapping[str, StepRunResponse]) -> str | None:
    return next((name for name, step in steps.items() if not step.status.is_successful), None)


def _artifacts(steps: Mapping[str, StepRunResponse], metadata: Mapping[str, Mapping[str, Any]]) -> RunArtifacts:
    wanted = {field.name for field in dataclasses.fields(RunArtifacts)}
    # not artifact.load(), which would keep everything in memory for the rest of a dynamic run
    found = {
        name: load_artifact_from_response(versions[0])
        for step in steps.values()
        for name, versions in step.outputs.items()
        if name in wanted
    }
    if "training_history" not in found and (so_far := _history_so_far(metadata)):
        found["training_history"] = so_far
    return RunArtifacts(**found)


def _history_so_far(metadata: Mapping[str, Mapping[str, Any]]) -> TrainingHistory | None:
    """The epochs of a training that did not end."""
    folder = metadata.get("train", {}).get("training folder")
    return read_history(Path(folder)) if folder and Path(folder, HISTORY).is_file() else None


def _deployment(steps: Mapping[str, StepRunResponse]) -> DeploymentOutcome | None:
    versions = steps["deploy"].outputs.get("deployment") if "deploy" in steps else None
    outcome: DeploymentOutcome | None = load_artifact_from_response(versions[0]) if versions else None
    return outcome


def _serving(workspace: Workspace) -> Serving | None:
    service = control.status(workspace)
    return Serving(service.version, service.url) if service.running and service.version and service.url else None


def _links(metadata: Mapping[str, Mapping[str, Any]]) -> Iterator[Link]:
    """The files and folders that the steps name in their metadata."""
    for step, values in metadata.items():
        for key, value in values.items():
            if isinstance(value, str) and value.startswith("/") and Path(value).exists():
                yield Link(f"{key[0].upper()}{key[1:]} of {step}", Path(value))


def _metadata(step: StepRunResponse) -> dict[str, Any]:
    """What the step logged; for a cached step, what it logged when it ran."""
    original = step.original_step_run_id
    return dict((Client().get_run_step(original) if original else step).run_metadata)


def _as_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
