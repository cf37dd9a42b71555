"""The configuration of other steps of the same run, for what must be checked before they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zenml import get_step_context


def parameters_of(step: str) -> Mapping[str, Any]:
    """The parameters that the run configuration gives to a step of the current run; empty if it gives none."""
    snapshot = get_step_context().pipeline_run.snapshot
    configured = snapshot.step_configurations.get(step) if snapshot else None
    return configured.config.parameters if configured else {}
