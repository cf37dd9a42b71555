"""One training at a time: two runs would train in the same folder and replace each other's synthetic pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from redaction.errors import RedactionError
from redaction.workspace import Workspace

MAX_WAIT_S = 10.0
"""Enough for a run that is about to end; a training takes longer than a person should wait without a message."""


@contextmanager
def only_run(workspace: Workspace, max_wait_s: float = MAX_WAIT_S) -> Iterator[None]:
    """Context of a run of ct_cd. The kernel releases its lock even when the run is killed.

    Raises:
        RedactionError: another run works in this workspace.
    """
    workspace.state.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(workspace.state / "ct_cd.lock", timeout=max_wait_s):
            yield
    except Timeout as error:
        raise RedactionError(
            f"Another run of ct_cd works in {workspace.root}: wait until it has ended, then start this one again."
        ) from error
