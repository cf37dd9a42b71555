"""Mistakes in run configurations, found where ZenML itself reads the file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from zenml.config.schedule import Schedule

from pipelines.strict import check_run_configuration
from redaction.errors import RedactionError
from tests.stacks.local.sample_pipelines import dynamic_weighing, weighing

pytestmark = pytest.mark.usefixtures("zenml_store")

FULL = """
    run_name: "weighing-{date}-{time}"
    enable_cache: false
    enable_step_logs: true
    parameters: {start: 7, label: heavy}
    tags: [nightly, {name: often, cascade: true}]
    model: {name: scales, license: MIT, tags: [x]}
    retry: {max_retries: 2, delay: 1, backoff: 2}
    execution_mode: fail_fast
    cache_policy: {expires_after: 3600}
    schedule: {name: nightly, cron_expression: "0 2 * * *"}
    failure_hook_source: tests.stacks.local.sample_pipelines.Limits
    environment: {KEY: v}
    extra: {anything: {goes: here}}
    settings:
      resources: {cpu_count: 1, memory: 1GB}
      docker: {requirements: [pandas]}
      orchestrator.kubernetes: {pod_settings: {}}
    steps:
      count: {enable_cache: false, parameters: {step_size: 3}}
      weigh:
        parameters: {factor: 2.5, limits: {lowest: 0.1, pages: [1]}}
        retry: {max_retries: 1}
        step_operator: gpu
        settings: {resources: {gpu_count: 1}}
"""


def write_configuration(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def write_mistake(folder: Path, text: str) -> Path:
    """Write a configuration with one mistake; add the required parameter if the mistake is elsewhere."""
    if text.startswith(("steps:", "settings:")):
        text += "\nparameters: {start: 1}"
    return write_configuration(folder, text)


def test_everything_that_zenml_accepts_is_accepted(tmp_path: Path) -> None:
    assert check_run_configuration(weighing, write_configuration(tmp_path, FULL))["parameters"] == {"start": 7, "label": "heavy"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("enable_cach: true", "enable_cach: unknown key 'enable_cach' (did you mean 'enable_cache'?)"),
        ("enable_cache: true", "enable_cache: true for the whole run"),
        ("enable_step_logs: perhaps", "enable_step_logs: Input should be a valid boolean"),
        ("parameters: {strat: 1}", "parameters.strat: unknown parameter 'strat' (did you mean 'start'?)"),
        ("parameters: {start: many}", "parameters.start: Input should be a valid integer"),
        ("parameters: {label: x}", "parameters.start: is required"),
        ("parameters: [start]", "parameters: Input should be a valid dictionary"),
        ("steps: {wiegh: {}}", "steps.wiegh: unknown step 'wiegh' (did you mean 'weigh'?)"),
        ("steps: {count: {parameters: {stepsize: 2}}}", "steps.count.parameters.stepsize: unknown parameter"),
        ("steps: {count: {parameters: {step_size: much}}}", "steps.count.parameters.step_size: Input should be a valid integer"),
        ("steps: {count: {parameter: {step_size: 2}}}", "unknown key 'parameter' (did you mean 'parameters'?)"),
        ("steps: {count: {enabel_cache: false}}", "steps.count.enabel_cache: unknown key"),
        ("steps: {weigh: {parameters: {counted: 2}}}", "steps.weigh.parameters.counted: is the output of another step"),
        ("steps: {weigh: {parameters: {limits: {lowset: 0.1}}}}", "limits.lowset: unknown key 'lowset' (did you mean 'lowest'?)"),
        ("steps: {weigh: {parameters: {limits: {lowest: low}}}}", "limits.lowest: Input should be a valid number"),
        (
            "steps: {weigh: {retry: {max_retry: 1}}}",
            "steps.weigh.retry.max_retry: unknown key 'max_retry' (did you mean 'max_retries'?)",
        ),
        ("steps: {weigh: {settings: {resources: {memmory: 1GB}}}}", "resources.memmory: unknown key"),
        ("settings: {resource: {cpu_count: 1}}", "settings.resource: unknown settings 'resource' (did you mean 'resources'?)"),
        ("settings: {resources: {cpu_count: lots}}", "settings.resources.cpu_count: Input should be a valid number"),
        ("settings: {orchestrators.kubernetes: {}}", "(did you mean 'orchestrator'?)"),
        ("execution_mode: fail_fats", "execution_mode: Input should be"),
        ("execution_mode: fail_fats", "(did you mean 'fail_fast'?)"),
        ("model: {nam: x}", "unknown key 'nam' (did you mean 'name'?)"),
        ("schedule: {name: n, cron: '0 2 * * *'}", "schedule.cron: unknown key 'cron'"),
        ("schedule: {name: n, cron_expression: 'at night'}", "'at night' is not a cron expression"),
        ("{schedule: {name: n, cron_expression: '0 2 * * *'}, run_name: once}", "'once' can be used only once"),
        ("failure_hook_source: nowhere.on_fail", "failure_hook_source: 'nowhere.on_fail' cannot be imported"),
        ("{run_name: a, run_name: b}", "the key 'run_name' is given twice"),
        ("[a, list]", "must be a mapping"),
        ("a: b: c", "is not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_the_nearest_valid_name(tmp_path: Path, text: str, message: str) -> None:
    path = write_mistake(tmp_path, text)

    with pytest.raises(RedactionError) as rejected:
        check_run_configuration(weighing, path)

    assert message in str(rejected.value)
    assert str(path) in str(rejected.value)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match=r"enable_cach.*parameters\.strat"):
        check_run_configuration(weighing, write_configuration(tmp_path, "enable_cach: true\nparameters: {strat: 1}"))


def test_a_dynamic_pipeline_knows_the_steps_it_depends_on(tmp_path: Path) -> None:
    check_run_configuration(dynamic_weighing, write_configuration(tmp_path, "steps: {weigh: {parameters: {factor: 2}}}"))
    with pytest.raises(RedactionError, match="did you mean 'weigh'"):
        check_run_configuration(dynamic_weighing, write_configuration(tmp_path, "steps: {weihg: {parameters: {factor: 2}}}"))


def test_the_file_is_checked_where_zenml_reads_it(tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match="did you mean 'enable_cache'"):
        weighing.with_options(config_path=str(write_configuration(tmp_path, "enable_cach: true\nparameters: {start: 1}")))


def test_a_schedule_rejects_options_that_it_would_lose(tmp_path: Path) -> None:
    nightly = Schedule(name="nightly", cron_expression="0 2 * * *")
    with pytest.raises(RedactionError, match="tags"):
        weighing.with_options(schedule=nightly, tags=["lost"])
