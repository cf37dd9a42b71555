"""A ZenML store with the schedulable stack, and no schedules left over between tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest


@pytest.fixture(scope="session")
def local_cron(zenml_store: Path) -> Path:
    """A store in which the schedulable stack is registered."""
    from stacks.local.stack import set_up_stack

    set_up_stack()
    return zenml_store


@pytest.fixture
def report(local_cron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file to which the sample pipelines write what they received."""
    path = tmp_path / "report.jsonl"
    monkeypatch.setenv("PIPELINE_REPORT", str(path))
    # IceVision installs a package named `tests`, which would shadow this folder in the processes of the runs
    package = tmp_path / "importable" / "tests" / "__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text(f"__path__ = [{str(Path(__file__).parents[2])!r}]\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(package.parent.parent))
    return path


@pytest.fixture(autouse=True)
def delete_schedules(zenml_store: Path) -> Iterator[None]:
    """Delete the schedules of each test, which would be due in the next one."""
    yield
    from zenml.client import Client

    for schedule in Client().list_schedules().items:
        Client().delete_schedule(schedule.id)


@pytest.fixture
def store(local_cron: Path, tmp_path: Path) -> Callable[[str, str], None]:
    """``zenml pipeline run`` of a sample pipeline with the given configuration, on the schedulable stack."""
    from click.testing import CliRunner
    from zenml.cli.cli import cli

    def run(pipeline: str, configuration: str) -> None:
        path = tmp_path / "run.yaml"
        path.write_text(dedent(configuration), encoding="utf-8")
        arguments = ["pipeline", "run", f"tests.stacks.local.sample_pipelines.{pipeline}", "-c", str(path), "-s", "local_cron"]
        assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0

    return run
