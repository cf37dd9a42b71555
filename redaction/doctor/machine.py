"""Checks of the machine: Python, packages, memory, disk, git and GPU."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from redaction.doctor.findings import Finding, command_output, failure, ok, warning

DISTRIBUTION = "redaction-detector"
LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
_GIB = 2**30

MIN_TRAINING_MEMORY_GIB = 2
"""With less free memory, training fails even with the smallest profile."""
MIN_CYCLE_MEMORY_GIB = 6
"""The whole cycle with the smallest profile stays below this."""
MIN_FREE_DISK_GIB = 1
MIN_ADVISED_DISK_GIB = 10
"""With less free space the disk soon runs full: pages, models and checkpoints are never deleted."""


def python() -> Iterator[Finding]:
    """Check that Python is the version that all packages are pinned for."""
    version, machine = platform.python_version(), f"{platform.system()} {platform.machine()}"
    if sys.version_info[:2] != (3, 11):
        yield failure("python", f"this is {version}", "install Python 3.11 and run 'make install'")
    elif machine != "Linux x86_64":
        yield warning("python", f"{version} on {machine}, which is not tested", "use Linux on x86-64 if something fails")
    else:
        yield ok("python", f"{version} on {machine}")


def packages(lock: Path) -> Iterator[Finding]:
    """Compare the installed packages with the lock file. Only the project's direct dependencies must match it."""
    try:
        pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
        direct = {canonicalize_name(Requirement(line).name) for line in metadata.requires(DISTRIBUTION) or ()}
    except (FileNotFoundError, metadata.PackageNotFoundError):
        detail = "there is no requirements.lock beside the code, or the project is not installed"
        yield warning("packages", detail, "run from a clone after 'make install'")
        return
    differing = {name: (pin, found) for name, pin in pins.items() if (found := _installed(name)) != pin}
    if not differing:
        yield ok("packages", f"all {len(pins)} match requirements.lock")
        return
    direct_differing = sorted(name for name in differing if canonicalize_name(name) in direct)
    shown = direct_differing or sorted(differing)
    detail = ", ".join(f"{name} is {differing[name][1] or 'missing'} instead of {differing[name][0]}" for name in shown[:5])
    detail += f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    yield (failure if direct_differing else warning)("packages", detail, "run 'make install'")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def memory(available: int) -> Iterator[Finding]:
    """Check the available memory, in bytes."""
    detail = f"{available / _GIB:.1f} GiB are free"
    if available < MIN_TRAINING_MEMORY_GIB * _GIB:
        yield failure("memory", detail, f"close other programs; a run needs at least {MIN_TRAINING_MEMORY_GIB} GiB")
    elif available < MIN_CYCLE_MEMORY_GIB * _GIB:
        yield warning("memory", detail, "close other programs, or train with a smaller profile and batch_size")
    else:
        yield ok("memory", detail)


def disk(root: Path) -> Iterator[Finding]:
    """Check the free space on the disk of the workspace."""
    existing = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / _GIB:.1f} GiB are free under {existing}"
    remedy = "free some space, or set REDACTION_WORKSPACE to a larger disk"
    if free < MIN_FREE_DISK_GIB * _GIB:
        yield failure("disk", detail, remedy)
    elif free < MIN_ADVISED_DISK_GIB * _GIB:
        yield warning("disk", detail, remedy)
    else:
        yield ok("disk", detail)


def git() -> Iterator[Finding]:
    """Check that git is installed; checkpoints are git commits."""
    if shutil.which("git") is None:
        yield failure("git", "not installed", "install git")
    elif name := command_output(["git", "-C", "/", "config", "user.name"]):
        yield ok("git", f"{command_output(['git', '--version'])}, commits are made as {name}")
    else:
        yield ok("git", f"{command_output(['git', '--version'])}, commits are made as 'redaction' because user.name is not set")


def gpu(needed: bool) -> Iterator[Finding]:
    """Check for a GPU that training can use."""
    names = command_output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]) if shutil.which("nvidia-smi") else ""
    if names:
        yield ok("gpu", ", ".join(names.splitlines()))
    elif needed:
        yield failure("gpu", "none found", "install the NVIDIA driver, or train on another machine")
    else:
        yield warning("gpu", "none found", "training uses the CPU; choose the profile nano or small")
