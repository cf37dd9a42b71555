"""One state for each reader, one writer at a time, and a bound on every wait; in SQLite and in PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from sqlmodel import func, select

from redaction import catalog as catalog_module
from redaction.catalog import connection as connection_module
from redaction.catalog import open_catalog
from redaction.catalog.export import export_tables
from redaction.catalog.export_files import EXPORTED_TABLES, contradictions
from redaction.catalog.tables import AnnotatedBox, Annotation, Source, page_name
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, annotate

NAME = "d" * 64

WRITER = """
import sys
from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation
from redaction.workspace import Workspace
from sqlmodel import delete
catalog = open_catalog(Workspace.at(sys.argv[1]))
pages = [f"{'d' * 64}/{index:04d}" for index in range(200)]
print("writing", flush=True)
while True:
    for page in pages:
        with catalog.transaction() as session:
            session.add(Annotation(page=page, annotator="m", tool="coco", digest="d"))
            session.flush()
            session.add(AnnotatedBox(page=page, x0=1, y0=2, x1=3, y1=4))
    with catalog.transaction() as session:
        session.exec(delete(AnnotatedBox))
        session.exec(delete(Annotation))
"""


def annotations(workspace: Workspace) -> int:
    with open_catalog(workspace).snapshot() as session:
        return session.exec(select(func.count()).select_from(Annotation)).one()


def in_another_thread(action: Callable[[], None]) -> None:
    """Run the action with a database connection of its own, and wait for it."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - reported by the thread that waits
            failures.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert failures == []


@pytest.mark.parametrize("table", ["annotations", "boxes"])
def test_an_export_does_not_see_what_is_committed_while_it_runs(database: Workspace, table: str, tmp_path: Path) -> None:
    catalog = open_catalog(database)
    with catalog.transaction() as session:
        add_document(session, NAME, pages=2)
        annotate(session, page_name(NAME, 0))

    def import_another() -> None:
        with catalog.transaction() as session:
            annotate(session, page_name(NAME, 1))

    imported = []

    def import_before_the_table_is_read(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if f"FROM {table}" in statement and not imported:
            imported.append(table)
            in_another_thread(import_another)

    event.listen(Engine, "before_cursor_execute", import_before_the_table_is_read)
    try:
        with catalog.snapshot() as session:
            export_tables(session, EXPORTED_TABLES, tmp_path)
    finally:
        event.remove(Engine, "before_cursor_execute", import_before_the_table_is_read)
    assert imported == [table]
    assert contradictions(tmp_path) == []
    assert len((tmp_path / "annotations.jsonl").read_text().splitlines()) == 1
    assert annotations(database) == 2


def test_exports_beside_continuous_imports_of_another_process_are_consistent(database: Workspace, tmp_path: Path) -> None:
    catalog = open_catalog(database)
    with catalog.transaction() as session:
        add_document(session, NAME, pages=200)
    command = [sys.executable, "-c", WRITER, str(database.root)]
    different = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        try:
            for _ in range(100):
                with catalog.snapshot() as session:
                    export_tables(session, EXPORTED_TABLES, tmp_path)
                assert contradictions(tmp_path) == []
                different.add((tmp_path / "boxes.jsonl").read_bytes())
            assert writer.poll() is None
        finally:
            writer.kill()
    assert len(different) > 10, "the other process wrote too little to test anything"


def test_a_snapshot_cannot_write(database: Workspace) -> None:
    catalog = open_catalog(database)
    with (
        pytest.raises((RedactionError, DBAPIError)),
        catalog.snapshot() as session,
    ):
        session.add(Source(name="a", kind="folder", location="x"))
        session.flush()
    with catalog.transaction() as session:
        assert session.exec(select(Source)).all() == []


def test_a_writer_waits_for_another_one_and_reads_what_that_one_wrote(database: Workspace) -> None:
    """Both read first: without a lock from the start, the second would decide on what it read before it waited."""
    catalog = open_catalog(database)
    with catalog.transaction() as session:
        add_document(session, NAME, pages=1)

    def import_page() -> None:
        with catalog.transaction() as session:
            if session.get(Annotation, page_name(NAME, 0)) is None:
                time.sleep(0.3)
                annotate(session, page_name(NAME, 0))

    threads = [Thread(target=import_page) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with catalog.snapshot() as session:
        assert session.exec(select(func.count()).select_from(AnnotatedBox)).one() == 1


def test_waiting_for_a_writer_has_an_end_and_readers_do_not_wait(database: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "MAX_LOCK_WAIT_S", 1)
    monkeypatch.setattr(catalog_module, "_engines", {})
    catalog = open_catalog(database)

    def wait_in_vain() -> None:
        assert annotations(database) == 0
        started = time.monotonic()
        with (
            pytest.raises(RedactionError, match=r"in use by another process for more than 1 s: wait until"),
            catalog.transaction() as session,
        ):
            session.exec(select(Annotation)).all()
        assert time.monotonic() - started < 10

    with catalog.transaction() as session:
        session.add(Source(name="a", kind="folder", location="x"))
        session.flush()
        in_another_thread(wait_in_vain)


def test_a_server_that_does_not_answer_is_named_without_its_password(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg", reason="needs the extra 'postgres'")
    monkeypatch.setenv("REDACTION_CATALOG", "postgresql+psycopg://me:secret@127.0.0.1:9/data")
    with pytest.raises(RedactionError, match=r"127\.0\.0\.1:9/data cannot be used") as refused:
        open_catalog(workspace)
    assert "secret" not in str(refused.value)
