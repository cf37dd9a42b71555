"""A minimal ZenML pipeline of two trivial steps: the baseline for a re-run of ct_cd."""

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
    """Two steps in a row."""
    two(one())
