"""Output and exit codes of ``redaction documents``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redaction.cli.documents import app
from redaction.documents.ingestion import ingest
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import Website, config_of, encrypted_pdf, index_source, pdf_of, url_source


def test_check_sources_lists_documents_without_downloading_them(
    site: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    site.index("/", "a.pdf", "b.pdf?[bold]=1", "c.pdf")
    missing = {"name": "absent", "kind": "folder", "path": str(tmp_path / "absent")}
    file = tmp_path / "sources.yaml"  # JSON is YAML
    file.write_text(json.dumps({"sources": [index_source(site), missing, url_source(site, "/x.pdf", name="off", enabled=False)]}))
    result = CliRunner().invoke(app, ["check-sources", str(file), "--show", "2"])
    assert result.exit_code == 1, "a source that cannot be read fails the check"
    assert f"{site.url}/a.pdf" in result.output
    assert "/b.pdf?[bold]=1" in result.output
    assert "/c.pdf" not in result.output
    assert "there is no such folder" in result.output
    assert site.bodies_sent == ["/"]
    assert list(tmp_path.iterdir()) == [file]

    as_json = CliRunner().invoke(app, ["check-sources", str(file), "--json"])
    assert as_json.exit_code == 1
    found = json.loads(as_json.stdout)
    assert f"{site.url}/c.pdf" in [link["url"] for link in found["links"]]
    assert [problem["source"] for problem in found["problems"]] == ["absent"]


def test_check_sources_shows_which_links_lead_to_no_document(
    site: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    site.index("/", "list.html", "about.html", "mailto:me@example.org")
    file = tmp_path / "sources.yaml"
    file.write_text(json.dumps({"sources": [index_source(site)]}))
    result = CliRunner().invoke(app, ["check-sources", str(file)])
    assert result.exit_code == 0, "a page without documents is a warning"
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.output.splitlines() if line.startswith("│")]
    assert ["website", "2", "does not match the pattern", f"{site.url}/list.html"] in rows
    assert ["website", "1", "is not an http or https address", "mailto:me@example.org"] in rows
    assert any(row[1] == f"{site.url}/" and row[2].startswith("no link to a document was found") for row in rows)


def test_status_shows_counts_and_reasons(site: Website, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    site.publish("/good.pdf", pdf_of("good", pages=3, format=(100, 100)))
    site.publish("/page.pdf", b"<html>")
    site.publish("/secret.pdf", encrypted_pdf())
    ingest(workspace, config_of(url_source(site, "/good.pdf", "/page.pdf", "/secret.pdf", "/missing.pdf")))
    output = CliRunner(env={"REDACTION_WORKSPACE": str(workspace.root)}).invoke(app, ["status"]).output
    for fact in ("is not a PDF", "is encrypted: it needs a password", "the server answered 404 Not Found"):
        assert fact in output
    inventory = json.loads(CliRunner(env={"REDACTION_WORKSPACE": str(workspace.root)}).invoke(app, ["status", "--json"]).stdout)
    assert inventory["sources"] == [{"source": "website", "links": 4, "documents": 2, "waiting": 0, "quarantined": 2, "pages": 3}]
    assert [problem["reason"] for problem in inventory["quarantine"]] == [
        "is not a PDF or an image (TIFF, PNG, JPEG, WEBP, GIF)",
        "is encrypted: it needs a password",
    ]
    (row,) = (line for line in output.splitlines() if line.startswith("│ website │ 4"))
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["4", "2", "0", "2", "3"]


def test_retry_renders_a_document_that_was_quarantined_for_its_length(
    site: Website, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDACTION_WORKSPACE", str(workspace.root))
    site.publish("/long.pdf", pdf_of("long", pages=3, format=(100, 100)))
    strict = config_of(url_source(site, "/long.pdf", politeness={"max_pages": 2}))
    assert len(ingest(workspace, strict).quarantine) == 1
    generous = config_of(url_source(site, "/long.pdf"))
    assert ingest(workspace, generous).new_pages == (), "raising the limit alone changes nothing"
    assert "render again at the next ingestion: 1" in CliRunner().invoke(app, ["retry"]).output
    assert len(ingest(workspace, generous).new_pages) == 3
    assert "render again at the next ingestion: 0" in CliRunner().invoke(app, ["retry"]).output


def test_status_without_a_workspace_tells_the_user_what_to_do(tmp_path: Path) -> None:
    result = CliRunner(env={"REDACTION_WORKSPACE": str(tmp_path / "absent")}).invoke(app, ["status"])
    assert isinstance(result.exception, RedactionError)
    assert "run the ingestion first" in str(result.exception)
