"""A cached step runs again after an edit of code that it runs, and after no other edit."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROJECT = {
    "made_pages/__init__.py": "",
    "made_pages/drawing.py": "def draw() -> int:\n    from made_geometry import WIDTH\n    return WIDTH\n",
    "made_geometry/__init__.py": "from made_units import sizes\nWIDTH = sizes.POINT\n",
    "made_units/__init__.py": "",
    "made_units/sizes.py": "POINT = 1\n",
    "made_units/unused.py": "UNUSED = 1\n",
    "made_elsewhere/__init__.py": "import made_pages\n",
    "made_flow.py": (
        "from zenml import pipeline, step\n"
        "from steps.caching import code_of\n"
        "RAN = []\n"
        "@step(cache_policy=code_of('made_pages'))\n"
        "def draw_pages() -> int:\n"
        "    RAN.append(1)\n"
        "    return 1\n"
        "@pipeline\n"
        "def flow() -> None:\n"
        "    draw_pages()\n"
    ),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of a few modules that replaces ours."""
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr("redaction.import_graph.REPOSITORY", tmp_path)
    monkeypatch.setattr("redaction.import_graph.PACKAGES", ("made_pages", "made_geometry", "made_units", "made_elsewhere"))
    return tmp_path


@pytest.fixture
def runs(zenml_store: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], bool]]:
    """Runs the pipeline on a real store; returns whether its step was executed rather than cached."""
    from zenml.utils import source_utils

    before = source_utils.get_source_root()
    source_utils.set_custom_source_root(str(project))
    monkeypatch.syspath_prepend(str(project))
    flow = importlib.import_module("made_flow")

    def run() -> bool:
        already = len(flow.RAN)
        flow.flow()
        return len(flow.RAN) > already

    yield run
    source_utils.set_custom_source_root(before)


def test_only_an_edit_of_code_behind_the_step_runs_it_again(runs: Callable[[], bool], project: Path) -> None:
    assert runs()
    assert not runs()
    for edited, expected in [
        ("made_pages/drawing.py", True),
        ("made_units/sizes.py", True),  # imported by a module that is imported inside a function
        ("made_units/unused.py", False),
        ("made_elsewhere/__init__.py", False),  # imports what the step runs, but the step does not import it
    ]:
        path = project / edited
        path.write_text(path.read_text() + "# edited\n", encoding="utf-8")
        assert runs() is expected, edited
        assert not runs(), edited


def test_a_package_includes_its_imports_and_nothing_else() -> None:
    from steps.caching import code_of

    files = code_of("redaction.synthesis").file_dependencies or []

    assert "redaction/synthesis/drawing.py" in files
    assert "redaction/pages/geometry.py" in files
    assert "redaction/__init__.py" in files
    assert not [file for file in files if file.startswith(("redaction/cli/", "tests/"))]


def test_relative_imports_count(project: Path) -> None:
    from steps.caching import code_of

    (project / "made_units" / "unused.py").write_text("from . import sizes\nfrom .sizes import POINT\n", encoding="utf-8")

    assert code_of("made_units.unused").file_dependencies == [
        "made_units/__init__.py",
        "made_units/sizes.py",
        "made_units/unused.py",
    ]


def test_an_unknown_module_is_an_error(project: Path) -> None:
    from steps.caching import code_of

    with pytest.raises(ModuleNotFoundError, match="made_pagse"):
        code_of("made_pagse")
