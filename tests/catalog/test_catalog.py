"""Transactions, schema versions and times of the catalog."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, event
from sqlmodel import SQLModel, create_engine, select

from redaction import catalog
from redaction.catalog import Catalog, open_catalog, tables
from redaction.catalog.tables import Source, TrainingRun
from redaction.errors import RedactionError
from redaction.workspace import Workspace


def sources(catalog: Catalog) -> list[Source]:
    with catalog.transaction() as session:
        return list(session.exec(select(Source)))


def test_a_new_workspace_gets_an_empty_catalog(workspace: Workspace) -> None:
    assert sources(open_catalog(workspace)) == []


def test_a_failed_transaction_is_rolled_back(workspace: Workspace) -> None:
    catalog = open_catalog(workspace)
    with pytest.raises(ZeroDivisionError), catalog.transaction() as session:
        session.add(Source(name="rolled back", kind="folder", location="x"))
        session.flush()
        _ = 1 / 0
    assert sources(catalog) == []


def test_times_in_any_time_zone_are_read_back_in_utc(workspace: Workspace) -> None:
    catalog = open_catalog(workspace)
    noon_in_tokyo = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=9)))
    with catalog.transaction() as session:
        session.add(Source(name="a", kind="folder", location="x", checked_at=noon_in_tokyo))
    assert sources(catalog)[0].checked_at == datetime(2026, 1, 1, 3, tzinfo=UTC)


def test_a_catalog_with_a_newer_schema_is_refused(workspace: Workspace) -> None:
    open_catalog(workspace)
    catalog._engines.clear()
    with sqlite3.connect(workspace.root / "catalogue.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RedactionError, match=r"'9999'.*newer version of this project"):
        open_catalog(workspace)


@pytest.mark.parametrize("url", ["nonsense", "no+such://user:secret@host/db"])
def test_the_error_for_an_unusable_url_does_not_show_the_password(
    url: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDACTION_CATALOG", url)
    with pytest.raises(RedactionError, match="REDACTION_CATALOG cannot be used") as refused:
        open_catalog(workspace)
    assert "secret" not in str(refused.value)


def test_the_error_for_a_file_that_is_not_a_database_names_it(workspace: Workspace) -> None:
    workspace.root.mkdir()
    (workspace.root / "catalogue.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(RedactionError, match=r"catalogue\.sqlite cannot be opened \(file is not a database\)"):
        open_catalog(workspace)


def test_the_migrations_create_the_tables_that_the_code_declares(workspace: Workspace) -> None:
    open_catalog(workspace)
    ours = MetaData()
    for model in SQLModel.__subclasses__():
        if model.__module__ == tables.__name__:  # ZenML, if imported by another test, adds its tables to the metadata
            SQLModel.metadata.tables[str(model.__tablename__)].to_metadata(ours)
    with create_engine(workspace.catalog_url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), ours) == []


def test_a_catalog_with_an_older_schema_is_migrated_and_keeps_its_rows(workspace: Workspace) -> None:
    workspace.root.mkdir(parents=True)
    config = Config()
    config.set_main_option("script_location", str(catalog.MIGRATIONS))
    with create_engine(workspace.catalog_url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO training_runs (run, revision, annotated_pages, data_read_at) VALUES ('r', 'x', 3, '2026-01-01')"
        )
    with open_catalog(workspace).transaction() as session:
        training = session.exec(select(TrainingRun)).one()
    assert (training.run, training.annotated_pages, training.decision) == ("r", 3, None)


def test_a_catalog_whose_creation_was_interrupted_is_created_again(workspace: Workspace) -> None:
    """The interruption comes in the middle of the first migration, as a kill would; no table may remain."""
    tables_created = 0

    def fail_at_the_third_table(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal tables_created
        tables_created += "CREATE TABLE" in statement
        if tables_created == 3:
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", fail_at_the_third_table)
    try:
        with pytest.raises(KeyboardInterrupt):
            open_catalog(workspace)
    finally:
        event.remove(Engine, "before_cursor_execute", fail_at_the_third_table)
    assert sources(open_catalog(workspace)) == []
