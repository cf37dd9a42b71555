"""What the core imports is what it requires, and what the other commands import is in an extra; found in the source."""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest

from redaction.cli import DISTRIBUTION
from redaction.cli.missing_extra import missing_extra, package_of, packages_of
from redaction.import_graph import PACKAGES
from tests.install.core_modules import core_imports, core_modules, import_graph

PLATFORM_ONLY = {"fcntl", "grp", "msvcrt", "pwd", "resource", "termios", "winreg"}


def closure(names: set[str]) -> set[str]:
    """Packages and what these require, without extras, as far as they are installed."""
    found: set[str] = set()
    pending = set(names)
    while pending:
        name = pending.pop()
        found.add(name)
        try:
            pending |= packages_of(distribution(name)) - found
        except PackageNotFoundError:
            continue
    return found


def test_the_core_imports_only_what_it_requires() -> None:
    allowed = closure(packages_of(distribution(DISTRIBUTION)))
    others = core_imports() - sys.stdlib_module_names
    assert {"numpy", "cv2", "onnxruntime", "pypdfium2"} <= others
    assert {name for name in others if package_of(name) not in allowed} == set()


def test_the_core_imports_no_module_of_one_platform() -> None:
    assert core_imports() & PLATFORM_ONLY == set()
    assert "redaction.parent_process" not in core_modules()


def test_every_requirement_of_the_core_is_used() -> None:
    assert packages_of(distribution(DISTRIBUTION)) - {package_of(name) for name in core_imports()} == set()


def test_every_module_of_others_is_in_the_core_or_in_an_extra() -> None:
    """Otherwise a command that misses it would end in a traceback."""
    program = distribution(DISTRIBUTION)
    core = closure(packages_of(program))
    others = {name.partition(".")[0] for name in import_graph().modules} - set(PACKAGES) - set(sys.stdlib_module_names)
    for name in sorted(others):
        if package_of(name) not in core:
            assert missing_extra(ModuleNotFoundError(name=name), program), f"{name} ({package_of(name)}) is in no extra"


class Installed(Distribution):
    """This program as if it were installed from somewhere else."""

    def __init__(self, origin: str | None) -> None:
        self.origin_json = origin

    def read_text(self, filename: str) -> str | None:
        return self.origin_json if filename == "direct_url.json" else distribution(DISTRIBUTION).read_text(filename)

    def locate_file(self, path: object) -> None:  # type: ignore[override]
        raise NotImplementedError


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (None, "redaction-detector[serve]"),
        ('{"url": "file:///home/maria/clone", "dir_info": {}}', "redaction-detector[serve] @ file:///home/maria/clone"),
        (
            '{"url": "https://example.org/redaction.git", "vcs_info": {"vcs": "git", "commit_id": "1"}}',
            "redaction-detector[serve] @ git+https://example.org/redaction.git",
        ),
    ],
)
def test_the_extra_comes_from_where_the_program_came_from(origin: str | None, requirement: str) -> None:
    sentence = missing_extra(ModuleNotFoundError(name="bentoml"), Installed(origin))
    assert sentence is not None
    assert sentence.endswith(f'it belongs to the extra serve: run `pip install "{requirement}"`.')


@pytest.mark.parametrize(
    ("module", "origin"), [("torch.nn", None), ("zenml", '{"url": "file:///x", "dir_info": {"editable": true}}')]
)
def test_where_pip_cannot_help_make_does(module: str, origin: str | None) -> None:
    sentence = missing_extra(ModuleNotFoundError(name=module), Installed(origin))
    assert sentence is not None
    assert re.search(r"run `make install` in a clone of the repository\.$", sentence)


@pytest.mark.parametrize("module", ["redaction.no_such_module", "numpy", "no_such_package"])
def test_a_fault_of_the_program_is_not_explained_away(module: str) -> None:
    assert missing_extra(ModuleNotFoundError(name=module), distribution(DISTRIBUTION)) is None
