"""What a check answers."""

from __future__ import annotations

import subprocess
from enum import StrEnum

from redaction.errors import RedactionError
from redaction.values import Frozen


class Status(StrEnum):
    """`WARN`: a run works, but not as it could. `FAIL`: a run will not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Need(StrEnum):
    """What not every run needs: its absence is a failure when it is needed, and is put up with otherwise."""

    GPU = "gpu"
    SERVICE_PORT = "service-port"
    DASHBOARD_PORT = "dashboard-port"
    TRACKING_KEY = "tracking-key"


class Finding(Frozen):
    """One answer."""

    name: str
    status: Status
    detail: str
    remedy: str = ""
    """What to do or type; empty when all is well."""


def fine(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name=name, status=Status.OK, detail=detail)


def doubtful(name: str, detail: str, remedy: str) -> Finding:
    """A run works, but not as it could."""
    return Finding(name=name, status=Status.WARN, detail=detail, remedy=remedy)


def bad(name: str, detail: str, remedy: str) -> Finding:
    """A run will not work."""
    return Finding(name=name, status=Status.FAIL, detail=detail, remedy=remedy)


def require(findings: list[Finding]) -> None:
    """Do nothing if no finding is a failure.

    Raises:
        RedactionError: with every failure and what to do about it.
    """
    failures = [f"{finding.name}: {finding.detail}; {finding.remedy}" for finding in findings if finding.status is Status.FAIL]
    if failures:
        raise RedactionError("This machine is not ready. " + " · ".join(failures) + ". ('redaction doctor' shows all checks.)")


def output(command: list[str]) -> str:
    """What a command prints; nothing when it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
