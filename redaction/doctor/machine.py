"""Checks of the machine: Python, packages, memory, disk, git, GPU."""

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

from redaction.doctor.findings import Finding, bad, doubtful, fine, output

DISTRIBUTION = "redaction-detector"
LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
GIB = 2**30


def python() -> Iterator[Finding]:
    """The one version that all pins were made for."""
    version, machine = platform.python_version(), f"{platform.system()} {platform.machine()}"
    if sys.version_info[:2] != (3, 11):
        yield bad("python", f"this is {version}", "install Python 3.11 and run 'make install'")
    elif machine != "Linux x86_64":
        yield doubtful("python", f"{version} on {machine}, where this was not tried", "use Linux on x86-64 if something fails")
    else:
        yield fine("python", f"{version} on {machine}")


def packages(lock: Path) -> Iterator[Finding]:
    """What is installed against the lock file; what the project asks for itself must be as there, the rest had better be."""
    try:
        pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
        direct = {canonicalize_name(Requirement(line).name) for line in metadata.requires(DISTRIBUTION) or ()}
    except (FileNotFoundError, metadata.PackageNotFoundError):
        detail = "there is no requirements.lock beside the code to compare with, or the project is not installed"
        yield doubtful("packages", detail, "run from a clone after 'make install'")
        return
    differing = {name: (pin, found) for name, pin in pins.items() if (found := _installed(name)) != pin}
    if not differing:
        yield fine("packages", f"all {len(pins)} are as in requirements.lock")
        return
    mattering = sorted(name for name in differing if canonicalize_name(name) in direct)
    shown = mattering or sorted(differing)
    detail = ", ".join(f"{name} is {differing[name][1] or 'missing'} instead of {differing[name][0]}" for name in shown[:5])
    detail += f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    yield (bad if mattering else doubtful)("packages", detail, "run 'make install'")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def memory(available: int) -> Iterator[Finding]:
    """The whole cycle with the smallest profile stays below 6 GB; below 2 GB not even its training fits."""
    detail = f"{available / GIB:.1f} GiB are free"
    if available < 2 * GIB:
        yield bad("memory", detail, "end other programs; a run needs at least 2 GiB")
    elif available < 6 * GIB:
        yield doubtful("memory", detail, "end other programs, or train with a smaller profile and batch_size")
    else:
        yield fine("memory", detail)


def disk(root: Path) -> Iterator[Finding]:
    """Pages, models and checkpoints are kept for ever."""
    place = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    detail, remedy = f"{free / GIB:.1f} GiB are free under {place}", "make room, or set REDACTION_WORKSPACE to a larger disk"
    if free < GIB:
        yield bad("disk", detail, remedy)
    elif free < 10 * GIB:
        yield doubtful("disk", detail, remedy)
    else:
        yield fine("disk", detail)


def git() -> Iterator[Finding]:
    """Checkpoints are commits."""
    if shutil.which("git") is None:
        yield bad("git", "there is no git", "install git")
    elif name := output(["git", "config", "user.name"]):
        yield fine("git", f"{output(['git', '--version'])}, commits are by {name}")
    else:
        yield fine("git", f"{output(['git', '--version'])}, commits are by 'redaction' as git knows no user.name")


def gpu(needed: bool) -> Iterator[Finding]:
    """What training can use."""
    names = output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]) if shutil.which("nvidia-smi") else ""
    if names:
        yield fine("gpu", ", ".join(names.splitlines()))
    elif needed:
        yield bad("gpu", "there is none", "install the NVIDIA driver, or train on another machine")
    else:
        yield doubtful("gpu", "there is none", "training uses the CPU: keep to the profiles nano and small")
