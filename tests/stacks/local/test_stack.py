"""Storing schedules through ZenML's own commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from zenml.cli.cli import cli
from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.models import ScheduleRequest
from zenml.orchestrators.exceptions import PipelineSubmissionError

from stacks.local.schedules import Schedules
from stacks.local.stack import set_up_stack

FLOWS = "tests.stacks.local.sample_flows"


def zenml(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def stored(folder: Path, text: str, pipeline: str = "weighing") -> None:
    """``zenml pipeline run`` with a schedule on the schedulable stack."""
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    zenml("pipeline", "run", f"{FLOWS}.{pipeline}", "-c", str(path), "-s", "local_cron")


def test_setting_up_again_changes_nothing(local_cron: Path) -> None:
    assert set_up_stack() == []
    assert Client().active_stack_model.name == "default"


@pytest.mark.parametrize("missing", ["stack", "stack and orchestrator", "all"])
def test_what_is_missing_is_registered_again(local_cron: Path, missing: str) -> None:
    client = Client()
    client.delete_stack("local_cron")
    if missing != "stack":
        client.delete_stack_component("local_cron", StackComponentType.ORCHESTRATOR)
    if missing == "all":
        client.delete_flavor("local_cron")

    assert 1 <= len(set_up_stack()) <= 3
    assert set_up_stack() == []


def test_a_stack_that_points_elsewhere_is_put_right(local_cron: Path) -> None:
    client = Client()
    default = client.list_stack_components(name="default", type=StackComponentType.ORCHESTRATOR).items[0]
    client.update_stack("local_cron", component_updates={StackComponentType.ORCHESTRATOR: [default.id]})

    assert set_up_stack() == ["Gave the stack 'local_cron' its orchestrator back."]
    assert Client().get_stack("local_cron").components[StackComponentType.ORCHESTRATOR][0].flavor_name == "local_cron"


def test_a_run_with_a_schedule_is_stored_and_zenmls_commands_work_on_it(report: Path, tmp_path: Path) -> None:
    stored(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')

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


def test_the_whole_file_is_kept_beside_what_it_says_itself_under_extra(report: Path, tmp_path: Path) -> None:
    stored(
        tmp_path,
        'parameters: {start: 7}\nextra: {note: mine}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}\n'
        "steps: {weigh: {parameters: {factor: 2}}}",
    )

    (planned,) = Schedules().planned()
    assert Schedules().order(planned).configuration == {
        "parameters": {"start": 7, "label": "plain"},
        "extra": {"note": "mine"},
        "steps": {"weigh": {"parameters": {"factor": 2}}},
        "tags": ["scheduled", "schedule:nightly"],
    }


def test_schedules_are_read_anew_when_the_client_was_moved(report: Path, tmp_path: Path, local_cron: Path) -> None:
    """'zenml login' and 'logout' rewrite this file while the scheduler lives."""
    stored(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')
    schedules = Schedules()
    before = schedules.planned(), Client()

    os.utime(local_cron / "config.yaml", (1, 1))

    assert schedules.planned() == before[0]
    assert Client() is not before[1]


def test_schedules_of_other_orchestrators_are_left_to_them(report: Path, tmp_path: Path) -> None:
    stored(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')
    client = Client()
    (planned,) = Schedules().planned()
    elsewhere = client.list_stack_components(name="default", type=StackComponentType.ORCHESTRATOR).items[0]
    client.zen_store.create_schedule(
        ScheduleRequest(
            project=client.active_project.id,
            name="elsewhere",
            active=True,
            cron_expression="0 2 * * *",
            orchestrator_id=elsewhere.id,
            pipeline_id=planned.pipeline_id,
        )
    )

    assert [schedule.name for schedule in Schedules().planned()] == ["nightly"]


def test_a_run_without_a_schedule_runs_at_once(report: Path, tmp_path: Path) -> None:
    stored(tmp_path, "parameters: {start: 7}")
    assert '"weight": 8.0' in report.read_text()


@pytest.mark.parametrize(
    ("pipeline", "text", "said"),
    [
        ("loose", 'schedule: {name: n, cron_expression: "0 2 * * *"}', "@strict"),
        ("dynamic_weighing", 'schedule: {name: n, run_once_start_time: "2020-01-01 00:00:00+00:00"}', "is over"),
        ("dynamic_weighing", 'schedule: {name: n, cron_expression: "0 2 * * *", catchup: true}', "catchup"),
    ],
)
def test_what_cannot_be_run_later_is_refused_and_not_stored(
    local_cron: Path, tmp_path: Path, pipeline: str, text: str, said: str
) -> None:
    with pytest.raises(PipelineSubmissionError, match=said):
        stored(tmp_path, text, pipeline)
    assert Client().list_schedules().total == 0


def test_a_cron_expression_stays_one(local_cron: Path, tmp_path: Path) -> None:
    stored(tmp_path, 'parameters: {start: 7}\nschedule: {name: nightly, cron_expression: "0 2 * * *"}')
    with pytest.raises(AssertionError, match="'at night' of the schedule 'nightly' is none"):
        zenml("pipeline", "schedule", "update", "nightly", "--cron-expression", "at night")
