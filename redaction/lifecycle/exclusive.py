"""One training at a time: two runs would train in the same folder and replace each other's synthetic pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redaction.locks import exclusive
from redaction.workspace import Workspace

MAX_WAIT_S = 10.0
"""Enough for a run that is about to end; a training takes longer than a person should wait without a message."""


@contextmanager
def only_run(workspace: Workspace, max_wait_s: float = MAX_WAIT_S) -> Iterator[None]:
    """Context of a run of ct_cd.

    Raises:
        RedactionError: another run works in this workspace.
    """
    refusal = f"Another run of ct_cd works in {workspace.root}: wait until it has ended, then start this one again."
    with exclusive(workspace.state / "ct_cd.lock", refusal, max_wait_s):
        yield
