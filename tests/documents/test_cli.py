"""``redaction documents``: what people see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redaction.cli.documents import app
from redaction.documents.ingestion import ingest
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import Room, config_of, encrypted_pdf, index_source, pdf_of, url_source


def test_check_sources_lists_what_there_is_and_downloads_nothing(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    room.index("/", "a.pdf", "b.pdf?[bold]=1", "c.pdf")
    missing = {"name": "absent", "kind": "folder", "path": str(tmp_path / "absent")}
    file = tmp_path / "sources.yaml"  # JSON is YAML
    file.write_text(json.dumps({"sources": [index_source(room), missing, url_source(room, "/x.pdf", name="off", enabled=False)]}))
    result = CliRunner().invoke(app, ["check-sources", str(file), "--show", "2"])
    assert result.exit_code == 1, "a source that cannot be read fails the check"
    assert f"{room.url}/a.pdf" in result.output
    assert "/b.pdf?[bold]=1" in result.output
    assert "/c.pdf" not in result.output
    assert "there is no such folder" in result.output
    assert room.bodies_sent == ["/"]
    assert list(tmp_path.iterdir()) == [file]


def test_status_counts_and_gives_reasons(room: Room, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    room.publish("/good.pdf", pdf_of("good", pages=3, format=(100, 100)))
    room.publish("/page.pdf", b"<html>")
    room.publish("/secret.pdf", encrypted_pdf())
    ingest(workspace, config_of(url_source(room, "/good.pdf", "/page.pdf", "/secret.pdf", "/missing.pdf")))
    output = CliRunner(env={"REDACTION_WORKSPACE": str(workspace.root)}).invoke(app, ["status"]).output
    for fact in ("is not a PDF", "is encrypted: it needs a password", "the server answered 404 Not Found"):
        assert fact in output
    (row,) = (line for line in output.splitlines() if line.startswith("│ room   │ 4"))
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["4", "2", "0", "2", "3"]


def test_a_document_that_was_too_long_is_tried_again_when_asked(
    room: Room, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDACTION_WORKSPACE", str(workspace.root))
    room.publish("/long.pdf", pdf_of("long", pages=3, format=(100, 100)))
    strict = config_of(url_source(room, "/long.pdf", politeness={"max_pages": 2}))
    assert len(ingest(workspace, strict).quarantine) == 1
    generous = config_of(url_source(room, "/long.pdf"))
    assert ingest(workspace, generous).new_pages == (), "a limit that was raised changes nothing by itself"
    assert "renders again: 1" in CliRunner().invoke(app, ["retry"]).output
    assert len(ingest(workspace, generous).new_pages) == 3
    assert "renders again: 0" in CliRunner().invoke(app, ["retry"]).output


def test_status_without_a_workspace_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner(env={"REDACTION_WORKSPACE": str(tmp_path / "absent")}).invoke(app, ["status"])
    assert isinstance(result.exception, RedactionError)
    assert "run the ingestion first" in str(result.exception)
