"""The catalog: transactions, schema versions, times."""

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


def test_a_transaction_is_kept_whole_or_not_at_all(workspace: Workspace) -> None:
    catalog = open_catalog(workspace)
    with pytest.raises(ZeroDivisionError), catalog.transaction() as session:
        session.add(Source(name="kept?", kind="folder", location="x"))
        session.flush()
        _ = 1 / 0
    assert sources(catalog) == []


def test_times_come_back_in_utc_whatever_zone_they_went_in(workspace: Workspace) -> None:
    catalog = open_catalog(workspace)
    noon_in_tokyo = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=9)))
    with catalog.transaction() as session:
        session.add(Source(name="a", kind="folder", location="x", checked_at=noon_in_tokyo))
    assert sources(catalog)[0].checked_at == datetime(2026, 1, 1, 3, tzinfo=UTC)


def test_a_catalog_made_by_a_newer_version_is_refused_by_name(workspace: Workspace) -> None:
    open_catalog(workspace)
    catalog._engine_at_head.cache_clear()
    with sqlite3.connect(workspace.root / "catalogue.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RedactionError, match=r"'9999'.*newer version of this project"):
        open_catalog(workspace)


@pytest.mark.parametrize("url", ["nonsense", "no+such://user:secret@host/db"])
def test_an_address_that_leads_nowhere_is_one_sentence_without_its_password(
    url: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDACTION_CATALOG", url)
    with pytest.raises(RedactionError, match="REDACTION_CATALOG cannot be used") as refused:
        open_catalog(workspace)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_named(workspace: Workspace) -> None:
    workspace.root.mkdir()
    (workspace.root / "catalogue.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(RedactionError, match=r"catalogue\.sqlite cannot be opened \(file is not a database\)"):
        open_catalog(workspace)


def test_the_migrations_make_the_tables_that_the_code_declares(workspace: Workspace) -> None:
    open_catalog(workspace)
    ours = MetaData()
    for model in SQLModel.__subclasses__():
        if model.__module__ == tables.__name__:  # ZenML, if a test has imported it, put its own tables into the metadata, too
            SQLModel.metadata.tables[str(model.__tablename__)].to_metadata(ours)
    with create_engine(workspace.catalog_url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), ours) == []


def test_a_catalog_made_by_an_older_version_is_migrated_with_its_rows(workspace: Workspace) -> None:
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


def test_a_catalog_whose_making_was_cut_short_is_made_again(workspace: Workspace) -> None:
    """As a kill would, the fault comes in the middle of the first schema: nothing of it may stay behind."""
    tables_made = 0

    def fail_at_the_third_table(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal tables_made
        tables_made += "CREATE TABLE" in statement
        if tables_made == 3:
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", fail_at_the_third_table)
    try:
        with pytest.raises(KeyboardInterrupt):
            open_catalog(workspace)
    finally:
        event.remove(Engine, "before_cursor_execute", fail_at_the_third_table)
    assert sources(open_catalog(workspace)) == []
