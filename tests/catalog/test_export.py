"""Export and import of the catalog."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlmodel import Session, select

from redaction.catalog import open_catalog
from redaction.catalog.export import export_tables, import_rows, read_export
from redaction.catalog.export_files import CONTENT_TABLES, CONTEXT_TABLES
from redaction.catalog.tables import (
    AnnotatedBox,
    Annotation,
    Deployment,
    Document,
    Link,
    LinkOutcome,
    MonitoringWindow,
    Page,
    Source,
    Stage,
    TrainingRun,
    Verdict,
    page_name,
)
from redaction.dataset import Split, Style
from redaction.errors import RedactionError
from redaction.workspace import Workspace

NAME = "d" * 64


def fill(session: Session) -> None:
    """Add one row to every table (two boxes), with values in the columns that matter."""
    for rows in (
        [Source(name="a", kind="folder", location="x"), TrainingRun(run="r", revision="0", annotated_pages=1)],
        [Document(sha256=NAME, file_name="ü \u2028.pdf", source="a", size_bytes=3, split=Split.TEST)],
        [Page(name=page_name(NAME, 0), document=NAME, page_index=0, file_name="p", features={"ink": 0.1 + 0.2}, dpi=150)],
        [Link(url="u", source="a", outcome=LinkOutcome.FETCHED, document=NAME, etag='"1"')],
        [Annotation(page=page_name(NAME, 0), annotator="m", tool="coco", digest="d")],
        [AnnotatedBox(page=page_name(NAME, 0), x0=1.01, y0=2, x1=3, y1=4, style=style) for style in (Style.GREY, Style.BLACK)],
        [Deployment(version="1", detector_digest="d", stage=Stage.PRODUCTION, bento_tag="local", reasons=["better"])],
        [MonitoringWindow(version="1", requests=1, verdict=Verdict.DRIFTED, answered_by="r", reasons=["ink"])],
    ):
        session.add_all(rows)
        session.flush()


def exported(workspace: Workspace) -> dict[str, bytes]:
    with open_catalog(workspace).transaction() as session:
        export_tables(session, (*CONTENT_TABLES, *CONTEXT_TABLES), workspace.catalog_export)
    return {path.name: path.read_bytes() for path in workspace.catalog_export.iterdir()}


def test_importing_an_export_restores_the_same_rows(workspace: Workspace) -> None:
    with open_catalog(workspace).transaction() as session:
        fill(session)
    before = exported(workspace)
    with open_catalog(workspace).transaction() as session:
        import_rows(session, read_export(workspace.catalog_export))
    assert exported(workspace) == before
    with open_catalog(workspace).transaction() as session:
        assert session.exec(select(MonitoringWindow)).one().answered_by == "r"
        assert session.exec(select(Deployment)).one().bento_tag == "local", "local columns of a deployment are kept"


def test_every_table_except_monitoring_windows_is_exported(workspace: Workspace) -> None:
    with open_catalog(workspace).transaction() as session:
        fill(session)
    rows = {name: content.count(b"\n") for name, content in exported(workspace).items()}
    assert rows == {f"{table.__tablename__}.jsonl": 1 + (table is AnnotatedBox) for table in (*CONTENT_TABLES, *CONTEXT_TABLES)}


def test_database_ids_and_local_bento_tags_are_not_exported(workspace: Workspace) -> None:
    with open_catalog(workspace).transaction() as session:
        fill(session)
    files = exported(workspace)
    assert "id" not in json.loads(files["boxes.jsonl"].splitlines()[0])
    assert {"id", "bento_tag"}.isdisjoint(json.loads(files["deployments.jsonl"]))


def test_the_export_does_not_depend_on_the_order_of_insertion(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace.at(tmp_path / "other")
    times = TrainingRun(run="", revision="", annotated_pages=0).data_read_at
    for target, order in ((workspace, "abc"), (other, "cab")):
        with open_catalog(target).transaction() as session:
            session.add_all(TrainingRun(run=run, revision="0", annotated_pages=1, data_read_at=times) for run in order)
            session.add_all(Source(name=name, kind="folder", location="x") for name in order)
    assert exported(workspace) == exported(other)


@pytest.mark.parametrize("content", ["{}\n", "nonsense\n", '{"sha256": 3}\n', "[]\n"])
def test_a_failed_import_changes_nothing(workspace: Workspace, content: str) -> None:
    with open_catalog(workspace).transaction() as session:
        fill(session)
    before = exported(workspace)
    (workspace.catalog_export / "documents.jsonl").write_text(content)
    with (
        pytest.raises(RedactionError, match=r"Line 1 of documents\.jsonl"),
        open_catalog(workspace).transaction() as session,
    ):
        import_rows(session, read_export(workspace.catalog_export))
    assert exported(workspace) == before


def test_an_export_without_a_table_is_refused(workspace: Workspace) -> None:
    exported(workspace)
    (workspace.catalog_export / "links.jsonl").unlink()
    with (
        pytest.raises(RedactionError, match=r"no file links\.jsonl"),
        open_catalog(workspace).transaction() as session,
    ):
        import_rows(session, read_export(workspace.catalog_export))
