"""Small pipelines for tests; they write what they receive to the file named by ``PIPELINE_REPORT``."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel
from zenml import get_step_context, pipeline, step
from zenml.types import HTMLString

from pipelines.strict import strict


class Limits(BaseModel):
    """A parameter that is a mapping."""

    lowest: float = 0.5
    pages: list[int] = []


@step(enable_cache=False)
def count(start: int, step_size: int = 1) -> Annotated[int, "counted"]:
    """Add; never cached."""
    return start + step_size


@step
def weigh(counted: int, factor: float = 1.0, limits: Limits | None = None) -> Annotated[float, "weight"]:
    """Report the inputs, and how the run appears from inside a step."""
    run = get_step_context().pipeline_run
    weight = counted * factor
    report = {
        "weight": weight,
        "lowest": limits.lowest if limits else None,
        "tags": sorted(tag.name for tag in run.tags),
        "memory": get_step_context().step_run.config.resource_settings.memory,
        "environment": os.environ.get("PIPELINE_WORD"),
        "execution_mode": run.config.execution_mode.value,
        "scheduled": run.schedule is not None,
    }
    with Path(os.environ["PIPELINE_REPORT"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(report) + "\n")
    return weight


@step(enable_cache=False)
def linger(seconds: float) -> None:
    """Report the process ID, then wait."""
    with Path(os.environ["PIPELINE_REPORT"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"pid": os.getpid()}) + "\n")
    time.sleep(seconds)


@step(enable_cache=False)
def fail() -> None:
    """Fail."""
    raise RuntimeError("this step always fails")


@strict
@pipeline
def weighing(start: int, label: str = "plain") -> None:
    """A static pipeline with a required parameter."""
    weigh(count(start))


@strict
@pipeline(dynamic=True, depends_on=[count, weigh])
def dynamic_weighing(start: int = 1) -> None:
    """A dynamic pipeline."""
    weigh(count(start))


@strict
@pipeline
def slow(seconds: float = 60.0) -> None:
    """A pipeline of a given duration."""
    linger(seconds)


@strict
@pipeline
def failing() -> None:
    """A pipeline that always fails."""
    fail()


@pipeline
def loose(start: int = 1) -> None:
    """A pipeline without `strict`."""
    weigh(count(start))


@step(enable_cache=False)
def publish(html: str) -> Annotated[HTMLString, "page"]:
    """Return a page for the dashboard."""
    return HTMLString(html)


@pipeline(enable_cache=False)
def publishing(html: str) -> None:
    """Publish a page."""
    publish(html)
