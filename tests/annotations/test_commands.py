"""The commands of ``redaction annotations``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redaction.cli.annotations import app
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import coco

Write = Callable[..., Path]


def run(workspace: Path, *arguments: object) -> str:
    runner = CliRunner(env={"REDACTION_WORKSPACE": str(workspace)})
    return runner.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False).output


def test_import_shows_the_refused_rows_and_writes_the_report(catalog: Workspace, write: Write, tmp_path: Path) -> None:
    file = write(coco([{"file_name": "a_p0001"}, {"file_name": "[red]b"}], [{"bbox": [1, 2, 30, 40]}]))
    report = tmp_path / "report.json"
    output = run(catalog.root, "import", file, "--annotator", "maria", "--output", report)
    assert "unknown page" in output
    assert "[red]b" in json.loads(report.read_text())["refused"][0]["detail"]


def test_import_lists_the_pages_that_wait_and_what_for(catalog: Workspace, write: Write, tmp_path: Path) -> None:
    boxes = [{"bbox": [1, 2, 30, 40], "attributes": {"rotation": 90}}, {"image_id": 2, "bbox": [1, 2, 30, 40]}]
    file = write(coco([{"file_name": "a_p0001"}, {"file_name": "a_p0002"}], boxes))
    output = run(catalog.root, "import", file, "--output", tmp_path / "report.json")
    assert "pages waiting for a correction │ 1" in " ".join(output.split())
    assert "a_p0001" in output
    assert "rotated box" in output
    waiting = json.loads((tmp_path / "report.json").read_text())["waiting"]
    assert [(page["file_name"], page["waits_for"][0]["row"]) for page in waiting] == [("a_p0001", "annotation 1")]
    assert "a_p0001" in run(catalog.root, "queue")


def test_an_exported_file_can_be_imported_in_every_format(catalog: Workspace, write: Write, tmp_path: Path) -> None:
    run(catalog.root, "import", write(coco([{"file_name": "a_p0001"}], [{"bbox": [1, 2, 30, 40]}])))
    for name in ("coco", "prodigy", "label-studio"):
        exported = tmp_path / name
        assert ": 1\n" in run(catalog.root, "export", exported, "--format", name)
        run(catalog.root, "import", exported, "--format", name, "--output", tmp_path / "report.json")
        assert json.loads((tmp_path / "report.json").read_text())["unchanged"] == 1


def test_json_is_all_that_an_import_prints(catalog: Workspace, write: Write) -> None:
    file = write(coco([{"file_name": "a_p0001"}, {"file_name": "[red]b"}]))
    report = json.loads(run(catalog.root, "import", file, "--json"))
    assert (report["added"], len(report["refused"])) == (1, 1)


def test_the_former_option_names_still_work(catalog: Workspace, write: Write, tmp_path: Path) -> None:
    file = write(coco([{"file_name": "a_p0001"}]))
    run(catalog.root, "import", file, "--tool=coco", "--report", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["tool"] == "coco"
    assert not {"--tool", "--report"} & set(run(catalog.root, "import", "--help").split())


def test_the_queue_lists_pages_without_an_annotation(catalog: Workspace, write: Write) -> None:
    run(catalog.root, "import", write(coco([{"file_name": "a_p0001"}])))
    paths = run(catalog.root, "queue", "--paths", "--limit", 2).splitlines()
    assert len(paths) == 2
    assert all(Path(path).is_relative_to(catalog.pages) for path in paths)
    assert "Pages without an annotation: 3" in run(catalog.root, "queue")
    listed = json.loads(run(catalog.root, "queue", "--json", "--limit", 2))
    assert listed["unannotated"] == 3
    assert [page["image"] for page in listed["pages"]] == paths


def test_the_queue_copies_as_many_pages_as_it_lists(catalog: Workspace, tmp_path: Path) -> None:
    for image in run(catalog.root, "queue", "--paths").splitlines():
        Path(image).parent.mkdir(parents=True, exist_ok=True)
        Path(image).write_bytes(image.encode())
    folder = tmp_path / "upload"
    assert f"Pages copied to {folder}: 2" in run(catalog.root, "queue", "--limit", 2, "--copy-to", folder)
    copies = run(catalog.root, "queue", "--limit", 2, "--copy-to", folder, "--paths").splitlines()
    assert sorted(copies) == sorted(str(path) for path in folder.iterdir())
    assert len(copies) == 2


@pytest.mark.parametrize("command", [["import", "x.json"], ["export", "x.json"], ["queue"]])
def test_a_missing_workspace_is_named_and_not_created(tmp_path: Path, command: list[str]) -> None:
    with pytest.raises(RedactionError, match=r"no workspace at .*nowhere"):
        run(tmp_path / "nowhere", *command)
    assert not (tmp_path / "nowhere").exists()


def test_an_import_that_stores_nothing_fails(catalog: Workspace, write: Write) -> None:
    with pytest.raises(RedactionError, match=r"Nothing was imported from"):
        run(catalog.root, "import", write(coco([{"file_name": "b_p0001"}])))
