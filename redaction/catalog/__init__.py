"""The catalog: a database (SQLite by default, PostgreSQL by URL) with a versioned schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session, create_engine

from redaction.errors import RedactionError
from redaction.workspace import Workspace

MIGRATIONS = Path(__file__).parent / "migrations"


class Catalog:
    """An open catalog. All access goes through `transaction`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits on success and rolls back on any error."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session


def open_catalog(workspace: Workspace) -> Catalog:
    """Open the workspace's catalog; create it if it does not exist and migrate it if its schema is older.

    Raises:
        RedactionError: its schema is newer than this code, or it cannot be opened.
    """
    return Catalog(_engine_at_head(workspace.catalog_url))


@cache
def _engine_at_head(url: str) -> Engine:
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
    except (ArgumentError, ImportError) as error:
        # the message of the original error would show the password
        raise RedactionError(
            "The address in REDACTION_CATALOG cannot be used: give an SQLAlchemy URL whose driver is installed."
        ) from error
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30} if is_sqlite else {})
    if is_sqlite:
        event.listen(engine, "connect", _set_pragmas)
    shown = parsed.render_as_string(hide_password=True)
    try:
        _migrate(engine, shown)
    except DBAPIError as error:
        raise RedactionError(
            f"The catalog {shown} cannot be opened ({error.orig}): look at it with 'redaction doctor', or restore a checkpoint."
        ) from error
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    # WAL allows reads during a write; FULL keeps committed rows through a power failure
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: Engine, shown_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known:
            raise RedactionError(
                f"The catalog {shown_url} has schema {current!r}, made by a newer version of this project: update the project."
            )
        if current == scripts.get_current_head():
            return
        if connection.dialect.name == "sqlite":
            # Python's driver opens no transaction before DDL, so a kill would leave an incomplete schema. This one also makes a
            # second process wait until the first has created the tables.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
