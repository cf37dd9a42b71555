"""Which detector and which workspace a command uses: a name must exist, and the answer says what was used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from redaction.catalog import open_catalog
from redaction.catalog.tables import Deployment, Stage
from redaction.cli import build
from redaction.detection.artifact import Detector
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.workspace import Workspace


@pytest.fixture
def page(tmp_path: Path, toy_page: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page image in the current folder, which holds nothing else."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    Image.fromarray(toy_page(903)[0]).save(folder / "page.png")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("REDACTION_WORKSPACE", "")  # --workspace sets it for the process; this restores it
    return folder / "page.png"


@pytest.fixture
def deployed(workspace: Workspace, toy_detector: Detector) -> Workspace:
    """A workspace whose champion is the toy detector."""
    with open_catalog(workspace).transaction() as session:
        session.add(Deployment(version=toy_detector.version, detector_digest=toy_detector.digest, stage=Stage.PRODUCTION))
    shutil.copytree(toy_detector.folder, workspace.models / toy_detector.version / "detector")
    return workspace


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build(), [str(argument) for argument in arguments], catch_exceptions=False)


def test_without_a_workspace_the_starter_is_used_and_named(page: Path) -> None:
    version, missing = starter_detector().version, page.parent / "workspace"
    for arguments in (("detect", page), ("detect", page, "--json")):
        assert run(*arguments).stderr == f"Detector {version} (starter: {missing} is no workspace)\n"
    answer = json.loads(run("detect", page, "--json").stdout)
    assert (answer["detector"], answer["workspace"]) == (version, None)
    assert not missing.exists()


def test_a_workspace_without_a_champion_means_the_starter_and_says_so(page: Path, workspace: Workspace) -> None:
    open_catalog(workspace)
    result = run("--workspace", workspace.root, "detect", page, "--json")
    assert result.stderr == f"Detector {starter_detector().version} (starter: {workspace.root} has no champion)\n"
    assert json.loads(result.stdout)["workspace"] is None


@pytest.mark.parametrize("named_by", ["option", "variable", "current folder"])
def test_the_champion_of_a_workspace_is_used_and_named(
    page: Path, deployed: Workspace, toy_detector: Detector, named_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    option: tuple[object, ...] = ()
    if named_by == "option":
        option = ("--workspace", deployed.root)
    elif named_by == "variable":
        monkeypatch.setenv("REDACTION_WORKSPACE", str(deployed.root))
    else:
        monkeypatch.chdir(deployed.root.parent)
    result = run(*option, "detect", page, "--json")
    assert result.stderr == f"Detector {toy_detector.version} (champion of {deployed.root})\n"
    answer = json.loads(result.stdout)
    assert (answer["detector"], answer["workspace"]) == (toy_detector.version, str(deployed.root))


def test_a_detector_that_is_named_is_named_again(page: Path, deployed: Workspace, toy_detector: Detector) -> None:
    version = toy_detector.version
    result = run("--workspace", deployed.root, "detect", page, "--detector", version, "--json")
    assert result.stderr == f"Detector {version} (a version in {deployed.root})\n"
    assert json.loads(result.stdout)["workspace"] == str(deployed.root)
    result = run("detect", page, "--detector", toy_detector.folder, "--json")
    assert result.stderr == f"Detector {version} (from {toy_detector.folder}, not from a workspace)\n"
    assert json.loads(result.stdout)["workspace"] is None


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("detector", [(), ("--detector", "nano-1")])
def test_a_workspace_that_was_asked_for_by_name_must_exist(
    page: Path, detector: tuple[str, ...], exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable may be a relative path that was meant for another folder."""
    if exists:
        (page.parent / "other").mkdir()  # a folder that is no workspace
    with pytest.raises(RedactionError, match=rf"There is no workspace at {page.parent}/other \(named by .*=other or --workspace"):
        run("--workspace", "other", "detect", page, *detector)
    monkeypatch.setenv("REDACTION_WORKSPACE", "other")
    with pytest.raises(RedactionError, match=rf"There is no workspace at {page.parent}/other "):
        run("detect", page, *detector)
    annotations = page.parent / "boxes.json"
    image = {"id": 1, "file_name": page.name, "width": 340, "height": 440}
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 100, 20]}
    annotations.write_text(json.dumps({"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "redaction"}]}))
    with pytest.raises(RedactionError, match="There is no workspace at"):
        run("evaluate", "--coco", annotations, "--images", page.parent, *detector)


def test_a_detector_that_is_in_no_workspace_needs_none(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDACTION_WORKSPACE", "missing")
    assert run("detect", page, "--detector", "starter").exit_code == 0
