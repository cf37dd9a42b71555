"""Pipelines that reject a run configuration with mistakes before anything runs.

ZenML silently ignores unknown keys and unknown step names, and a run-level ``enable_cache: true`` makes it reuse the results of
steps that must never be cached (deploying, promoting). A pipeline decorated with `strict` checks its file in
``with_options(config_path=...)``, which ``zenml pipeline run | build | snapshot create -c FILE`` call as well. The file must
contain every parameter that the pipeline function requires.

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

from redaction.configuration import (
    RUN_CONFIGURATION_KEY,
    key_problems,
    raise_if_invalid,
    read_mapping,
    type_problems,
    unknown_name_message,
)
from redaction.errors import RedactionError

SETTINGS_MODELS = {"docker": DockerSettings, "resources": ResourceSettings}
OPTIONS_WITH_SCHEDULE = {"config_path", "schedule", "build", "prevent_build_reuse"}
"""Options of ``with_options`` that a schedule does not lose."""


def strict(pipeline: Pipeline) -> Pipeline:
    """Decorate a pipeline: it rejects configurations with mistakes, and stores the configuration with a schedule."""
    # ZenML's decorator does not let us choose the class; the subclasses have no state of their own to initialize
    pipeline.__class__ = StrictDynamicPipeline if pipeline.is_dynamic else StrictPipeline
    return pipeline


class _StrictMixin(Pipeline):
    def with_options(self, *, config_path: str | None = None, **options: Any) -> Pipeline:  # type: ignore[override]
        """Check the file, then do what ZenML's own method does.

        Raises:
            RedactionError: the file has a mistake, or options given in Python would be lost in a schedule.
        """
        configuration = check_run_configuration(self, Path(config_path)) if config_path else {}
        if options.get("schedule") or configuration.get("schedule"):
            lost = sorted(key for key, value in options.items() if value and key not in OPTIONS_WITH_SCHEDULE)
            if lost:
                raise RedactionError(
                    f"A schedule of {self.name} stores its YAML file, not options given in Python ({', '.join(lost)}): "
                    "write them into the file."
                )
            kept = {key: value for key, value in configuration.items() if key != "schedule"}
            options["extra"] = {RUN_CONFIGURATION_KEY: kept}
        return super().with_options(config_path=config_path, **options)


class StrictPipeline(_StrictMixin):
    """A static pipeline decorated with `strict`."""


class StrictDynamicPipeline(_StrictMixin, DynamicPipeline):
    """A dynamic pipeline decorated with `strict`."""


def check_run_configuration(pipeline: Pipeline, path: Path) -> dict[str, Any]:
    """Read a run configuration and check it.

    Returns:
        The content of the file.

    Raises:
        RedactionError: the configuration has mistakes; the message names the file, every mistake and the nearest valid name.
    """
    configuration = read_mapping(path)
    raise_if_invalid(path, list(run_configuration_problems(pipeline, configuration)))
    return configuration


def run_configuration_problems(pipeline: Pipeline, configuration: Mapping[str, Any]) -> Iterator[str]:
    """Yield every mistake in a run configuration of this pipeline, one sentence each."""
    yield from key_problems(configuration, PipelineRunConfiguration)
    yield from type_problems(configuration, PipelineRunConfiguration, "")
    yield from _cache_problems(configuration)
    yield from _schedule_problems(configuration)
    yield from _settings_problems(configuration.get("settings"), "settings")
    yield from _hook_problems(configuration, "")
    parameters = list(_pipeline_parameter_problems(pipeline, configuration.get("parameters") or {}))
    yield from parameters
    if not parameters:
        # the steps of a static pipeline are known only once its parameters are valid
        yield from _step_problems(pipeline, configuration)


def _cache_problems(configuration: Mapping[str, Any]) -> Iterator[str]:
    if configuration.get("enable_cache") is True:
        yield (
            "enable_cache: true for the whole run would also reuse the results of steps that must run each time "
            "(deploy, checkpoint); remove it, steps are cached where that is safe"
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
        yield f"run_name: {run_name!r} can be used only once; a scheduled run needs placeholders, as in {example!r}"


def _settings_problems(settings: Any, where: str) -> Iterator[str]:
    for key, value in settings.items() if isinstance(settings, Mapping) else ():
        component = str(key).partition(".")[0]
        if key in SETTINGS_MODELS:
            yield from key_problems(value, SETTINGS_MODELS[key], f"{where}.{key}")
            yield from type_problems(value, SETTINGS_MODELS[key], f"{where}.{key}")
        elif component not in set(StackComponentType):
            known = [*SETTINGS_MODELS, *(str(kind.value) for kind in StackComponentType)]
            yield f"{where}.{key}: {unknown_name_message('settings', component, known)}"


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
            yield f"{where}.{name}: is the output of another step and cannot be set"
        elif name not in known:
            yield f"{where}.{name}: {unknown_name_message('parameter', name, known)}"
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
            yield f"steps.{name}: {unknown_name_message('step', name, prepared.invocations)}"
        elif isinstance(options, Mapping):
            where = f"steps.{name}"
            step, inputs = invocation.step, invocation.input_artifacts
            yield from _parameter_problems(step.entrypoint, options.get("parameters"), f"{where}.parameters", inputs)
            yield from _settings_problems(options.get("settings"), f"{where}.settings")
            yield from _hook_problems(options, f"{where}.")
