"""The least that ZenML can do: two trivial steps. What a re-run of ct_cd is measured against."""

from __future__ import annotations

from zenml import pipeline, step


@step
def one() -> int:
    """A number."""
    return 1


@step
def two(number: int) -> int:
    """Another number."""
    return number + 1


@pipeline
def two_steps() -> None:
    """One step, and one that needs it."""
    two(one())
