"""Imports go one way, and each outside tool has one home, so that it can be replaced, or faked in a test, at one door."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
LAYERS = {
    "pipelines": {"steps", "redaction"},
    "steps": {"materializers", "expectations", "serving", "redaction"},
    "materializers": {"redaction"},
    "expectations": {"redaction"},
    "serving": {"redaction"},
    "scheduling": {"redaction"},
    "redaction": set(),
}
HOMES = {
    "zenml": ("pipelines", "steps", "materializers", "scheduling"),
    "bentoml": ("serving",),
    "great_expectations": ("expectations",),
    "evidently": ("redaction/monitoring",),
    "wandb": ("redaction/tracking",),
    "dvc": ("redaction/checkpoints",),
    "icevision": ("redaction/detector/vfnet",),
    "mmdet": ("redaction/detector/vfnet",),
    "mmcv": ("redaction/detector/vfnet",),
    "fastai": ("redaction/detector/vfnet",),
    "torch": ("redaction/detector/vfnet",),
}
# The command line is the outermost layer: it may call whatever a person may.
COMMAND_LINE = "redaction/cli/"


def imports() -> Iterator[tuple[str, str]]:
    """Every import in the code, also those inside functions, as (file, top-level package)."""
    for layer in LAYERS:
        for path in sorted((REPOSITORY / layer).rglob("*.py")):
            name = path.relative_to(REPOSITORY).as_posix()
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    yield from ((name, alias.name.split(".")[0]) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield name, node.module.split(".")[0]


def test_imports_go_one_way() -> None:
    wrong = [
        f"{name} imports {package}"
        for name, package in imports()
        if package in LAYERS
        and package != (layer := name.split("/")[0])
        and package not in LAYERS[layer]
        and not name.startswith(COMMAND_LINE)
    ]
    assert not wrong, "\n".join(wrong)


def test_each_outside_tool_has_one_home() -> None:
    wrong = [
        f"{name} imports {package}"
        for name, package in imports()
        if package in HOMES and not any(name.startswith(f"{home}/") or name == f"{home}.py" for home in HOMES[package])
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ["redaction.cli", "serving.service", "redaction.detector.inference"])
def test_the_service_and_the_command_line_start_without_the_training_stack(module: str) -> None:
    heavy = "{'torch', 'icevision', 'zenml', 'mmdet', 'fastai'}"
    code = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
