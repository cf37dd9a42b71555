"""A store with the schedulable stack in it, and the scheduler's runs kept to themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def local_cron(zenml_store: Path) -> Path:
    """The schedulable stack is registered."""
    from scheduling.stack import set_up_stack

    set_up_stack()
    return zenml_store


@pytest.fixture
def report(local_cron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sample flows write what reached them."""
    path = tmp_path / "report.jsonl"
    monkeypatch.setenv("FLOW_REPORT", str(path))
    return path


@pytest.fixture(autouse=True)
def no_schedule_is_left(zenml_store: Path) -> Iterator[None]:
    """What a test stored would be due in the next."""
    yield
    from zenml.client import Client

    for schedule in Client().list_schedules().items:
        Client().delete_schedule(schedule.id)
