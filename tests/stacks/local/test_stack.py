"""The schedulable stack, and schedules stored with ZenML's own commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from zenml.cli.cli import cli
from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.exceptions import CustomFlavorImportError
from zenml.models import FlavorUpdate, ScheduleRequest
from zenml.orchestrators.exceptions import PipelineSubmissionError
from zenml.stack import StackComponent

from stacks.local.orchestrator import LocalCronOrchestrator
from stacks.local.schedules import ScheduleReader
from stacks.local.stack import set_up_stack

PIPELINES = "tests.stacks.local.sample_pipelines"


def zenml(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def store_schedule(folder: Path, text: str, pipeline: str = "weighing") -> None:
    """``zenml pipeline run`` on the schedulable stack."""
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    zenml("pipeline", "run", f"{PIPELINES}.{pipeline}", "-c", str(path), "-s", "local_cron")


def test_setting_up_is_idempotent(local_cron: Path) -> None:
    assert set_up_stack() == []
    assert Client().active_stack_model.name == "default"


@pytest.mark.parametrize("missing", ["stack", "stack and orchestrator", "all"])
def test_missing_parts_are_registered_again(local_cron: Path, missing: str) -> None:
    client = Client()
    client.delete_stack("local_cron")
    if missing != "stack":
        client.delete_stack_component("local_cron", StackComponentType.ORCHESTRATOR)
    if missing == "all":
        client.delete_flavor("local_cron")

    assert 1 <= len(set_up_stack()) <= 3
    assert set_up_stack() == []


def test_a_stack_with_another_orchestrator_is_repaired(local_cron: Path) -> None:
    client = Client()
    default = client.list_stack_components(name="default", type=StackComponentType.ORCHESTRATOR).items[0]
    client.update_stack("local_cron", component_updates={StackComponentType.ORCHESTRATOR: [default.id]})

    assert set_up_stack() == ["Restored the orchestrator of the stack 'local_cron'."]
    assert Client().get_stack("local_cron").components[StackComponentType.ORCHESTRATOR][0].flavor_name == "local_cron"


def test_a_flavor_whose_module_has_moved_is_repaired_with_the_orchestrators_that_use_it(report: Path, tmp_path: Path) -> None:
    """An older installation registered the flavor from a module that no longer exists."""
    store_schedule(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')
    client = Client()
    components = client.get_stack("local_cron").components
    client.create_stack_component("mine", "local_cron", StackComponentType.ORCHESTRATOR, configuration={})
    flavor = client.list_flavors(name="local_cron").items[0]
    client.zen_store.update_flavor(flavor.id, FlavorUpdate(source="scheduling.orchestrator.LocalCronFlavor"))
    with pytest.raises(CustomFlavorImportError):
        StackComponent.from_model(client.get_stack_component(StackComponentType.ORCHESTRATOR, "mine"))

    (done,) = set_up_stack()

    assert done == "Updated the orchestrator flavor 'local_cron', which pointed to scheduling.orchestrator.LocalCronFlavor."
    assert set_up_stack() == []
    assert client.get_stack("local_cron").components == components
    for name in ("local_cron", "mine"):
        orchestrator = StackComponent.from_model(client.get_stack_component(StackComponentType.ORCHESTRATOR, name))
        assert isinstance(orchestrator, LocalCronOrchestrator)
    assert [schedule.name for schedule in ScheduleReader().active_schedules()] == ["nightly"]
    store_schedule(tmp_path, "parameters: {start: 20}")
    assert '"weight": 21.0' in report.read_text()
    client.delete_stack_component("mine", StackComponentType.ORCHESTRATOR)


def test_a_scheduled_run_is_stored_and_zenmls_commands_manage_it(report: Path, tmp_path: Path) -> None:
    store_schedule(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')

    assert not report.exists()
    assert "nightly" in zenml("pipeline", "schedule", "list")
    zenml("pipeline", "schedule", "deactivate", "nightly")
    assert not Client().get_schedule("nightly").active
    zenml("pipeline", "schedule", "activate", "nightly")
    assert Client().get_schedule("nightly").active
    zenml("pipeline", "schedule", "update", "nightly", "--cron-expression", "0 3 * * *")
    assert Client().get_schedule("nightly").cron_expression == "0 3 * * *"
    zenml("pipeline", "schedule", "delete", "nightly", "--yes")
    assert "nightly" not in zenml("pipeline", "schedule", "list")


def test_the_whole_file_is_stored_along_with_its_own_extra_values(report: Path, tmp_path: Path) -> None:
    store_schedule(
        tmp_path,
        'parameters: {start: 7}\nextra: {note: mine}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}\n'
        "steps: {weigh: {parameters: {factor: 2}}}",
    )

    (schedule,) = ScheduleReader().active_schedules()
    assert ScheduleReader().run_spec(schedule).configuration == {
        "parameters": {"start": 7, "label": "plain"},
        "extra": {"note": "mine"},
        "steps": {"weigh": {"parameters": {"factor": 2}}},
        "tags": ["scheduled", "schedule:nightly"],
    }


def test_schedules_are_read_again_after_the_client_switched_stores(report: Path, tmp_path: Path, local_cron: Path) -> None:
    """'zenml login' and 'logout' rewrite this file while the scheduler runs."""
    store_schedule(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')
    reader = ScheduleReader()
    schedules, client = reader.active_schedules(), Client()

    os.utime(local_cron / "config.yaml", (1, 1))

    assert reader.active_schedules() == schedules
    assert Client() is not client


def test_schedules_of_other_orchestrators_are_ignored(report: Path, tmp_path: Path) -> None:
    store_schedule(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')
    client = Client()
    (schedule,) = ScheduleReader().active_schedules()
    elsewhere = client.list_stack_components(name="default", type=StackComponentType.ORCHESTRATOR).items[0]
    client.zen_store.create_schedule(
        ScheduleRequest(
            project=client.active_project.id,
            name="elsewhere",
            active=True,
            cron_expression="0 2 * * *",
            orchestrator_id=elsewhere.id,
            pipeline_id=schedule.pipeline_id,
        )
    )

    assert [each.name for each in ScheduleReader().active_schedules()] == ["nightly"]


def test_a_run_without_a_schedule_runs_immediately(report: Path, tmp_path: Path) -> None:
    store_schedule(tmp_path, "parameters: {start: 7}")
    assert '"weight": 8.0' in report.read_text()


@pytest.mark.parametrize(
    ("pipeline", "text", "message"),
    [
        ("loose", 'schedule: {name: n, cron_expression: "0 2 * * *"}', "@strict"),
        ("dynamic_weighing", 'schedule: {name: n, run_once_start_time: "2020-01-01 00:00:00+00:00"}', "has passed"),
        ("dynamic_weighing", 'schedule: {name: n, cron_expression: "0 2 * * *", catchup: true}', "catchup"),
    ],
)
def test_a_schedule_that_cannot_run_is_rejected_and_not_stored(
    local_cron: Path, tmp_path: Path, pipeline: str, text: str, message: str
) -> None:
    with pytest.raises(PipelineSubmissionError, match=message):
        store_schedule(tmp_path, text, pipeline)
    assert Client().list_schedules().total == 0


def test_an_update_to_an_invalid_cron_expression_is_rejected(local_cron: Path, tmp_path: Path) -> None:
    store_schedule(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')
    with pytest.raises(AssertionError, match="'at night' of the schedule 'nightly' is invalid"):
        zenml("pipeline", "schedule", "update", "nightly", "--cron-expression", "at night")
