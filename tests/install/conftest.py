"""A wheel of the working tree, and uv, which installs and resolves; the only thing these tests need a network for is an index."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("configs", "expectations", "materializers", "pipelines", "redaction", "serving", "stacks", "steps")
UNREACHABLE = ("error sending request", "dns error", "failed to fetch", "could not connect", "network connectivity", "timed out")
"""What uv says, in lower case, when it cannot reach an index."""

Uv = Callable[..., str]


@pytest.fixture(scope="session")
def uv() -> Uv:
    """Run uv and return what it prints; without an index, the test is skipped."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("needs uv, which `make install` installs")

    unreachable = pytest.skip.Exception("needs a package index, which cannot be reached")
    failed_before = False

    def run(*arguments: object) -> str:
        nonlocal failed_before
        if failed_before:  # each attempt takes seconds
            raise unreachable
        command = [found, *map(str, arguments), "--no-config", "--color", "never"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        failed_before = done.returncode != 0 and any(sign in done.stderr.lower() for sign in UNREACHABLE)
        if failed_before:
            raise unreachable
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def wheel(uv: Uv, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, because setuptools would take over what earlier builds left in the folder."""
    copy, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, copy)
    for name in SOURCES:
        shutil.copytree(REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    uv("build", "--wheel", "--quiet", "--out-dir", built, copy)
    return next(built.glob("*.whl"))
