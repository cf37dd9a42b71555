"""The catalog: a database (SQLite by default, PostgreSQL by URL) with a versioned schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlmodel import Session

from redaction.catalog.connection import connect, error_sentences, file_of, readers_of
from redaction.errors import RedactionError
from redaction.files import make_private_folder, storage_errors
from redaction.workspace import Workspace

MIGRATIONS = Path(__file__).parent / "migrations"


class Catalog:
    """An open catalog. All access goes through `transaction` and `snapshot`."""

    def __init__(self, engine: Engine) -> None:
        self._writers, self._readers = engine, readers_of(engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits on success and rolls back on any error. There is one at a time; others wait for it.

        Raises:
            RedactionError: another process wrote for too long, or the database cannot be used.
        """
        with error_sentences(self._writers.url), Session(self._writers, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session for reading only, which sees the catalog as it was at its first query. It waits for nobody.

        Raises:
            RedactionError: the database cannot be used.
        """
        with error_sentences(self._readers.url), Session(self._readers, expire_on_commit=False) as session, session.begin():
            yield session


def open_catalog(workspace: Workspace, rebuild: bool = False) -> Catalog:
    """Open the workspace's catalog; create it if it does not exist and migrate it if its schema is older.

    Args:
        workspace: the workspace.
        rebuild: create a missing catalog even if the workspace holds documents; for a restore, which then fills it.

    Raises:
        RedactionError: it cannot be opened, its schema is newer than this code, or it is missing although there are documents.
    """
    url = workspace.catalog_url
    engine, file = _engines.get(url, (None, None))
    if engine is None or file_of(engine.url) != file:
        if engine is not None:
            engine.dispose()
        engine = connect(url)
        with storage_errors(workspace.root):
            make_private_folder(workspace.root)
        if engine.dialect.name == "sqlite" and file_of(engine.url) is None:
            if not rebuild:
                _require_no_documents(workspace, engine)  # before a connection creates the file
            with storage_errors(workspace.root):
                Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        with error_sentences(engine.url):
            _migrate(engine, None if rebuild else workspace)
        _engines[url] = engine, file_of(engine.url)
    return Catalog(engine)


_engines: dict[str, tuple[Engine, tuple[int, int] | None]] = {}
"""The open databases, with the file that each had when it was opened: a file may be deleted or replaced in the meantime."""


def _migrate(engine: Engine, new_workspace: Workspace | None) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    with readers_of(engine).begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
            shown = engine.url.render_as_string(hide_password=True)
            raise RedactionError(
                f"The catalog {shown} has schema {current!r}, made by a newer version of this project: update the project."
            )
        if current is None and new_workspace is not None:
            _require_no_documents(new_workspace, engine)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _require_no_documents(workspace: Workspace, engine: Engine) -> None:
    if not workspace.has_documents():
        return
    shown = engine.url.render_as_string(hide_password=True)
    raise RedactionError(
        f"{workspace.root} holds documents, but its catalog {shown} is missing or empty: restore the last checkpoint "
        "(`redaction checkpoints list`, then `redaction checkpoints restore TAG`), or set REDACTION_CATALOG if the catalog is "
        "elsewhere; without a checkpoint, move the folders documents and pages away and run the ingestion again."
    )
