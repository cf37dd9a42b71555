"""The result of a check."""

from __future__ import annotations

import os
import subprocess
from enum import StrEnum

from redaction.errors import RedactionError
from redaction.values import Frozen

_CONFIGURATION_FILES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Of git's variables, those that say where the user's and the system's configuration are."""


class Status(StrEnum):
    """`WARN`: a run works with limitations. `FAIL`: a run will not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Need(StrEnum):
    """Something that only some runs need. Without it the check fails if it is needed, and at most warns otherwise."""

    GPU = "gpu"
    SERVICE_PORT = "service-port"
    DASHBOARD_PORT = "dashboard-port"
    TRACKING_KEY = "tracking-key"


class Finding(Frozen):
    """The result of one check."""

    name: str
    status: Status
    detail: str
    remedy: str = ""
    """What to do; empty if the status is `OK`."""


def ok(name: str, detail: str) -> Finding:
    """A finding with the status `OK`."""
    return Finding(name=name, status=Status.OK, detail=detail)


def warning(name: str, detail: str, remedy: str) -> Finding:
    """A finding with the status `WARN`."""
    return Finding(name=name, status=Status.WARN, detail=detail, remedy=remedy)


def failure(name: str, detail: str, remedy: str) -> Finding:
    """A finding with the status `FAIL`."""
    return Finding(name=name, status=Status.FAIL, detail=detail, remedy=remedy)


def require_ready(findings: list[Finding]) -> None:
    """Raise an error if any finding is a failure.

    Raises:
        RedactionError: names every failure and its remedy.
    """
    failures = [f"{finding.name}: {finding.detail}; {finding.remedy}" for finding in findings if finding.status is Status.FAIL]
    if failures:
        raise RedactionError("This machine is not ready. " + " · ".join(failures) + ". ('redaction doctor' shows all checks.)")


def command_output(command: list[str]) -> str:
    """The standard output of a command; empty if it fails. git's variables for a repository of the user are not passed on."""
    kept = {name for name in os.environ if not name.startswith("GIT_") or name in _CONFIGURATION_FILES}
    environment = {name: os.environ[name] for name in kept}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True, env=environment)
        return done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
