"""Pipelines that refuse a run configuration with a mistake in it, before anything runs.

ZenML ignores unknown keys and unknown step names silently, and a run-level ``enable_cache: true`` makes it reuse the results of
steps that must never be cached (deploying, promoting). A pipeline under `strict` checks its file where every door leads through:
``with_options(config_path=...)``, which ``zenml pipeline run | build | snapshot create -c FILE`` call as well. What the pipeline
function requires must be in that file.

    @strict
    @pipeline(dynamic=True, depends_on=[...])
    def ct_cd(...): ...
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from croniter import croniter
from zenml.config import DockerSettings, ResourceSettings
from zenml.config.pipeline_run_configuration import PipelineRunConfiguration
from zenml.enums import StackComponentType
from zenml.pipelines.dynamic.pipeline_definition import DynamicPipeline
from zenml.pipelines.pipeline_definition import Pipeline
from zenml.utils import source_utils

from redaction.configuration import KEPT_CONFIGURATION, key_problems, read_mapping, refuse, type_problems, unknown
from redaction.errors import RedactionError

SETTINGS = {"docker": DockerSettings, "resources": ResourceSettings}
PLAIN_OPTIONS = {"config_path", "schedule", "build", "prevent_build_reuse"}


def strict(pipeline: Pipeline) -> Pipeline:
    """The same pipeline, which from now on refuses configurations with mistakes and keeps the configuration of a schedule."""
    # ZenML's decorator offers no choice of class, and its classes hold no state that a subclass would have to set up.
    pipeline.__class__ = StrictDynamicPipeline if pipeline.is_dynamic else StrictPipeline
    return pipeline


class _Strictness(Pipeline):
    def with_options(self, *, config_path: str | None = None, **options: Any) -> Pipeline:  # type: ignore[override]
        """As ZenML's own, after a check of the file.

        Raises:
            RedactionError: the file has a mistake, or a schedule comes with options that it could not keep.
        """
        configuration = check_run_configuration(self, Path(config_path)) if config_path else {}
        if options.get("schedule") or configuration.get("schedule"):
            lost = sorted(key for key, value in options.items() if value and key not in PLAIN_OPTIONS)
            if lost:
                raise RedactionError(
                    f"A schedule of {self.name} keeps what its YAML file says, not what Python adds ({', '.join(lost)}): "
                    "write it into the file."
                )
            kept = {key: value for key, value in configuration.items() if key != "schedule"}
            options["extra"] = {KEPT_CONFIGURATION: kept}
        return super().with_options(config_path=config_path, **options)


class StrictPipeline(_Strictness):
    """A static pipeline under `strict`."""


class StrictDynamicPipeline(_Strictness, DynamicPipeline):
    """A dynamic pipeline under `strict`."""


def check_run_configuration(pipeline: Pipeline, path: Path) -> dict[str, Any]:
    """The content of a run configuration that has no mistake.

    Raises:
        RedactionError: naming the file and every mistake, with the nearest valid name.
    """
    configuration = read_mapping(path)
    refuse(path, list(run_configuration_problems(pipeline, configuration)))
    return configuration


def run_configuration_problems(pipeline: Pipeline, configuration: Mapping[str, Any]) -> Iterator[str]:
    """Every mistake in the configuration of a run of this pipeline, one sentence each."""
    yield from key_problems(configuration, PipelineRunConfiguration)
    yield from type_problems(configuration, PipelineRunConfiguration, "")
    yield from _cache_problems(configuration)
    yield from _schedule_problems(configuration)
    yield from _settings_problems(configuration.get("settings"), "settings")
    yield from _hook_problems(configuration, "")
    parameters = list(_pipeline_parameter_problems(pipeline, configuration.get("parameters") or {}))
    yield from parameters
    if not parameters:
        # a static pipeline tells its steps only when its parameters are right
        yield from _step_problems(pipeline, configuration)


def _cache_problems(configuration: Mapping[str, Any]) -> Iterator[str]:
    if configuration.get("enable_cache") is True:
        yield (
            "enable_cache: true for the whole run would also reuse the results of steps that must run each time "
            "(deploy, checkpoint); leave it out, steps are cached where that is safe"
        )


def _schedule_problems(configuration: Mapping[str, Any]) -> Iterator[str]:
    schedule = configuration.get("schedule")
    if not isinstance(schedule, Mapping):
        return
    cron = schedule.get("cron_expression")
    if isinstance(cron, str) and not croniter.is_valid(cron):
        yield f"schedule.cron_expression: {cron!r} is not a cron expression (five fields, for example '0 2 * * *')"
    run_name = configuration.get("run_name")
    if isinstance(run_name, str) and "{" not in run_name:
        example = f"{run_name}-{{date}}-{{time}}"
        yield f"run_name: {run_name!r} can be used once only; a scheduled run needs placeholders, as in {example!r}"


def _settings_problems(settings: Any, where: str) -> Iterator[str]:
    for key, value in settings.items() if isinstance(settings, Mapping) else ():
        component = str(key).partition(".")[0]
        if key in SETTINGS:
            yield from key_problems(value, SETTINGS[key], f"{where}.{key}")
            yield from type_problems(value, SETTINGS[key], f"{where}.{key}")
        elif component not in set(StackComponentType):
            known = [*SETTINGS, *(str(kind.value) for kind in StackComponentType)]
            yield f"{where}.{key}: {unknown('settings', component, known)}"


def _hook_problems(configuration: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, source in configuration.items():
        if str(key).endswith("_hook_source") and isinstance(source, str):
            try:
                source_utils.load(source)
            except (ImportError, AttributeError, ValueError) as error:
                yield f"{where}{key}: {source!r} cannot be imported ({error})"


def _parameter_problems(function: Any, parameters: Any, where: str, inputs: Collection[str] = ()) -> Iterator[str]:
    signature = inspect.signature(function)
    hints = typing.get_type_hints(function, include_extras=True)
    known = [name for name in signature.parameters if name not in inputs]
    for name, value in parameters.items() if isinstance(parameters, Mapping) else ():
        if name in inputs:
            yield f"{where}.{name}: is handed over by another step and cannot be set"
        elif name not in known:
            yield f"{where}.{name}: {unknown('parameter', name, known)}"
        elif name in hints:
            yield from key_problems(value, hints[name], f"{where}.{name}")
            yield from type_problems(value, hints[name], f"{where}.{name}")


def _pipeline_parameter_problems(pipeline: Pipeline, parameters: Any) -> Iterator[str]:
    if not isinstance(parameters, Mapping):
        yield "parameters: must be a mapping of names to values"
        return
    yield from _parameter_problems(pipeline.entrypoint, parameters, "parameters")
    for name in pipeline.missing_parameters:
        if name not in parameters:
            yield f"parameters.{name}: is required"


def _step_problems(pipeline: Pipeline, configuration: Mapping[str, Any]) -> Iterator[str]:
    steps = configuration.get("steps")
    if not isinstance(steps, Mapping):
        return
    prepared = pipeline.copy()
    prepared.prepare(**(configuration.get("parameters") or {}))
    for name, options in steps.items():
        invocation = prepared.invocations.get(name)
        if invocation is None:
            yield f"steps.{name}: {unknown('step', name, prepared.invocations)}"
        elif isinstance(options, Mapping):
            where = f"steps.{name}"
            step, inputs = invocation.step, invocation.input_artifacts
            yield from _parameter_problems(step.entrypoint, options.get("parameters"), f"{where}.parameters", inputs)
            yield from _settings_problems(options.get("settings"), f"{where}.settings")
            yield from _hook_problems(options, f"{where}.")
