"""The core on every platform that it is for: its packages have wheels there, and its code calls nothing that is missing there."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from redaction.cli import DISTRIBUTION
from redaction.cli.missing_extra import packages_of
from tests.install.conftest import REPOSITORY, Uv
from tests.install.core_modules import core_modules

PLATFORMS = ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"]
"""As uv names them; its macOS is 13."""

ONLY_ON_LINUX = """
import fcntl, os, signal
fcntl.flock(0, fcntl.LOCK_EX)
os.fork()
os.sched_getaffinity(0)
signal.SIGHUP
"""


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_package_of_the_core_has_a_wheel(uv: Uv, platform: str, python: str) -> None:
    options = ("--only-binary", ":all:", "--no-header", "--no-annotate", "--quiet")
    target = ("--python", sys.executable, "--python-platform", platform, "--python-version", python)
    resolved = uv("pip", "compile", REPOSITORY / "pyproject.toml", *options, *target)
    names = {line.partition("==")[0] for line in resolved.splitlines()}
    runtimes = {"onnxruntime", "openvino"}
    assert names > packages_of(distribution(DISTRIBUTION)) - runtimes
    assert names & runtimes == {"openvino" if "darwin" in platform else "onnxruntime"}


def test_the_code_of_the_core_calls_nothing_that_windows_lacks(tmp_path: Path) -> None:
    """mypy knows what the standard library has on each platform. What macOS lacks, Windows lacks, too."""
    probe = tmp_path / "probe.py"
    probe.write_text(ONLY_ON_LINUX, encoding="utf-8")
    files = [Path(*name.split(".")) for name in sorted(core_modules())]
    sources = [file / "__init__.py" if (REPOSITORY / file).is_dir() else file.with_suffix(".py") for file in files]
    options = ["--platform", "win32", "--follow-imports", "silent", "--cache-dir", str(tmp_path / "cache")]
    # the packages of others are not looked at
    options += ["--config-file", "", "--no-site-packages", "--ignore-missing-imports"]
    command = [sys.executable, "-m", "mypy", *options, *map(str, sources), str(probe)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    missing = [line for line in done.stdout.splitlines() if "Module has no attribute" in line]
    ours = [line for line in missing if not line.startswith(str(probe))]
    assert len(missing) - len(ours) == 5, done.stdout + done.stderr
    assert ours == []
