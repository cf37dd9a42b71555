"""The whole ingestion, also when it is killed and run again."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlmodel import select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, Link, LinkOutcome, Page, Source
from redaction.documents.ingestion import IngestionSummary, ingest, require_sources
from redaction.documents.sources import SourcesConfig
from redaction.errors import RedactionError
from redaction.files import sha256_of_file
from redaction.workspace import Workspace

from .conftest import Website, config_of, encrypted_pdf, index_source, pdf_of, pdf_of_objects, url_source

TIMES = {"checked_at", "first_seen_at", "rendered_at"}

INGEST_UNTIL_KILLED = """
import os, signal, sys
from redaction.documents.ingestion import ingest
from redaction.documents.sources import SourcesConfig
from redaction.workspace import Workspace

renames_left = int(sys.argv[3])

def die_at_the_rename(event, arguments):
    global renames_left
    if event == "os.rename":
        if renames_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        renames_left -= 1

sys.addaudithook(die_at_the_rename)
print("started", flush=True)
ingest(Workspace.at(sys.argv[1]), SourcesConfig.model_validate_json(sys.argv[2]))
"""
"""Kills itself just before its n-th rename (-1: never), that is, before a finished scratch file is moved into place."""


def publish(site: Website) -> SourcesConfig:
    """Publish ten documents at eleven URLs on two index pages, and three unusable links."""
    names = [f"{number}.pdf" for number in range(10)]
    for number, name in enumerate(names):
        site.publish(f"/docs/{name}", pdf_of(name, pages=1 + number % 4, format=(200, 200)))
    site.publish("/docs/again.PDF", pdf_of("3.pdf", pages=4, format=(200, 200)))
    site.publish("/docs/page.pdf", b"<html>please log in</html>")
    site.publish("/docs/secret.pdf", encrypted_pdf())
    site.index("/", *(f"docs/{name}" for name in names[:5]), "docs/page.pdf", "/more/", "docs/missing.pdf")
    site.index("/more/", "../docs/again.PDF", *(f"/docs/{name}" for name in names[5:]), "/docs/secret.pdf", "/")
    return config_of(index_source(site, depth=1))


def run(workspace: Workspace, config: SourcesConfig, rename: int = -1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", INGEST_UNTIL_KILLED, str(workspace.root), config.model_dump_json(), str(rename)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def state_of(workspace: Workspace) -> tuple[dict[str, str], dict[str, list[dict[str, Any]]]]:
    """The digests of all files, and all catalog rows without their times."""
    files = {
        str(path.relative_to(workspace.root)): sha256_of_file(path)
        for folder in (workspace.documents, workspace.pages)
        for path in folder.rglob("*")
        if path.is_file()
    }
    with open_catalog(workspace).transaction() as session:
        rows = {
            table.__name__: sorted((row.model_dump(exclude=TIMES) for row in session.exec(select(table))), key=str)
            for table in (Source, Link, Document, Page)
        }
    return files, rows


@pytest.fixture
def undisturbed(site: Website, tmp_path: Path) -> tuple[SourcesConfig, object]:
    """The configuration, and the state of a workspace after two undisturbed runs (the second finds nothing new)."""
    config, workspace = publish(site), Workspace.at(tmp_path / "undisturbed")
    ingest(workspace, config)
    ingest(workspace, config)
    return config, state_of(workspace)


def counts(summary: IngestionSummary) -> dict[str, int]:
    return {name: count for name, count in summary.sources[0].model_dump(exclude={"source"}).items() if count}


def test_the_summary_counts_documents_and_lists_problems(site: Website, workspace: Workspace) -> None:
    config = publish(site)
    first, second = ingest(workspace, config), ingest(workspace, config)
    assert counts(first) == {"found": 14, "new": 11, "duplicates": 1, "quarantined": 2, "failed": 1}
    assert len(first.new_documents) == 10
    assert len(first.new_pages) == sum(1 + number % 4 for number in range(10))
    reasons = {(problem.where.rpartition("/")[2], problem.reason) for problem in first.quarantine}
    assert reasons == {
        ("page.pdf", "is not a PDF or an image (TIFF, PNG, JPEG, WEBP, GIF)"),
        ("secret.pdf", "is encrypted: it needs a password"),
    }
    assert [problem.where for problem in first.failures] == [site.url + "/docs/missing.pdf"]
    assert counts(second) == {"found": 14, "unchanged": 12, "quarantined": 1, "failed": 1}
    assert second.new_pages == ()


def test_a_source_of_which_nothing_can_be_read_is_named_after_the_others_are_ingested(
    site: Website, workspace: Workspace, tmp_path: Path
) -> None:
    site.publish("/a.pdf", pdf_of("a", format=(200, 200)))
    site.publish("/page.pdf", b"<html>", "text/html")
    site.index("/partly/", "/a.pdf", "/missing.pdf")
    absent = {"name": "absent", "kind": "folder", "path": str(tmp_path / "absent")}
    partly, refused = index_source(site, "/partly/") | {"name": "partly"}, url_source(site, "/page.pdf", name="refused")
    require_sources(ingest(workspace, config_of(partly, refused)))
    summary = ingest(workspace, config_of(absent, url_source(site, "/1.pdf", "/2.pdf", name="gone"), partly))
    with pytest.raises(RedactionError) as error:
        require_sources(summary)
    assert f"absent ({tmp_path / 'absent'}: there is no such folder" in str(error.value)
    assert f"gone ({site.url}/1.pdf: the server answered 404 Not Found)" in str(error.value)
    assert "partly" not in str(error.value)
    assert summary.sources[2].unchanged == 1


def assert_the_next_run_completes(workspace: Workspace, config: SourcesConfig, undisturbed_state: object) -> None:
    ingest(workspace, config)
    ingest(workspace, config)  # the second run marks new links as unchanged, as in the undisturbed workspace
    assert state_of(workspace) == undisturbed_state
    leftover = [path for path in (workspace.root / "state").rglob("*") if path.is_file() and path.name != "lock"]
    assert leftover == []


def test_after_random_kills_the_next_run_ends_in_the_undisturbed_state(
    undisturbed: tuple[SourcesConfig, object], tmp_path: Path
) -> None:
    config, wanted = undisturbed
    seed = random.SystemRandom().randrange(1 << 32)
    rng = random.Random(seed)
    for attempt in range(2):
        workspace = Workspace.at(tmp_path / f"killed-{attempt}")
        for _ in range(2):
            process = run(workspace, config)
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            time.sleep(rng.uniform(0.0, 1.2))
            renderers = psutil.Process(process.pid).children()
            process.kill()
            process.communicate()
            _, alive = psutil.wait_procs(renderers, timeout=10)
            assert not alive, "renderers die with their parent"
        try:
            assert_the_next_run_completes(workspace, config, wanted)
        except AssertionError as error:
            error.add_note(f"seed {seed}, attempt {attempt}")
            raise


@pytest.mark.parametrize("rename", [0, 10, 15])
def test_after_a_kill_before_a_rename_the_next_run_completes(
    undisturbed: tuple[SourcesConfig, object], workspace: Workspace, rename: int
) -> None:
    config, wanted = undisturbed
    process = run(workspace, config, rename)
    process.communicate(timeout=60)
    assert process.returncode == -9, "the run must reach that rename"
    assert_the_next_run_completes(workspace, config, wanted)


def test_a_folder_of_pages_without_rows_is_replaced(site: Website, workspace: Workspace) -> None:
    """A kill after the images are moved into place and before their rows are written leaves such a folder."""
    config = publish(site)
    ingest(workspace, config)
    with open_catalog(workspace).transaction() as session:
        for row in session.exec(select(Page)).all():
            session.delete(row)
        for document in session.exec(select(Document)).all():
            document.status = "fetched"  # type: ignore[assignment]
    stray = next(workspace.pages.iterdir()) / "9999.jpg"
    stray.write_bytes(b"half")
    assert len(ingest(workspace, config).new_pages) == sum(1 + number % 4 for number in range(10))
    assert not stray.exists()


def test_embedded_files_of_new_documents_are_counted_and_warned_about(site: Website, workspace: Workspace) -> None:
    """The portfolio is rendered in two jobs, of which each knows the files on its own pages alone."""
    file = "<< /Type /Filespec /F (a.pdf) /EF << /F 3 0 R >> >>"
    note = f"<< /Type /Annot /Subtype /FileAttachment /Rect [9 9 19 19] /FS {file} >>"
    pages = [
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Annots [{note if index in (1, 39) else ''}] >>"
        for index in range(40)
    ]
    kids = " ".join(f"{4 + index} 0 R" for index in range(40))
    portfolio = pdf_of_objects(
        f"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(a.pdf) {file}] >> >> >>",
        f"<< /Type /Pages /Kids [{kids}] /Count 40 >>",
        "<< /Type /EmbeddedFile /Length 5 >>\nstream\n%PDF-\nendstream",
        *pages,
    )
    site.publish("/portfolio.pdf", portfolio)
    site.publish("/letter.pdf", pdf_of("letter"))
    config = config_of(url_source(site, "/portfolio.pdf", "/letter.pdf"))
    summary = ingest(workspace, config)
    assert (len(summary.new_pages), summary.embedded_files) == (41, 3)
    assert [(warning.where, warning.reason) for warning in summary.warnings] == [
        ("portfolio.pdf", "3 embedded files were not looked at")
    ]
    again = ingest(workspace, config)
    assert (again.embedded_files, again.warnings) == (0, ())


def test_links_record_the_outcome_of_the_last_visit(site: Website, workspace: Workspace) -> None:
    config = publish(site)
    ingest(workspace, config)
    with open_catalog(workspace).transaction() as session:
        outcomes = {link.url.rpartition("/")[2]: link.outcome for link in session.exec(select(Link))}
    assert outcomes["0.pdf"] is LinkOutcome.FETCHED
    assert outcomes["page.pdf"] is LinkOutcome.QUARANTINED
    assert outcomes["missing.pdf"] is LinkOutcome.FAILED
