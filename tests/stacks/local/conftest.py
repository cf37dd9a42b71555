"""A store with the schedulable stack in it, and the scheduler's runs kept to themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest


@pytest.fixture(scope="session")
def local_cron(zenml_store: Path) -> Path:
    """The schedulable stack is registered."""
    from stacks.local.stack import set_up_stack

    set_up_stack()
    return zenml_store


@pytest.fixture
def report(local_cron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sample flows write what reached them."""
    path = tmp_path / "report.jsonl"
    monkeypatch.setenv("FLOW_REPORT", str(path))
    # IceVision installs a package called `tests`, which would win over this folder in the runs' own processes
    package = tmp_path / "importable" / "tests" / "__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text(f"__path__ = [{str(Path(__file__).parent.parent)!r}]\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(package.parent.parent))
    return path


@pytest.fixture(autouse=True)
def no_schedule_is_left(zenml_store: Path) -> Iterator[None]:
    """What a test stored would be due in the next."""
    yield
    from zenml.client import Client

    for schedule in Client().list_schedules().items:
        Client().delete_schedule(schedule.id)


@pytest.fixture
def store(local_cron: Path, tmp_path: Path) -> Callable[[str, str], None]:
    """``zenml pipeline run`` of a sample flow with this configuration, on the schedulable stack."""
    from click.testing import CliRunner
    from zenml.cli.cli import cli

    def run(flow: str, configuration: str) -> None:
        path = tmp_path / "run.yaml"
        path.write_text(dedent(configuration), encoding="utf-8")
        arguments = ["pipeline", "run", f"tests.stacks.local.sample_flows.{flow}", "-c", str(path), "-s", "local_cron"]
        assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0

    return run
