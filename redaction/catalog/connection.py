"""Connections to the catalog's database: when transactions begin, how long they wait, and what their errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlmodel import create_engine

from redaction.errors import RedactionError

MAX_LOCK_WAIT_S = 30
"""How long a transaction waits while another process writes."""
MAX_CONNECT_S = 10

_WRITERS_LOCK = 0x7265646163
"""Key of PostgreSQL's advisory lock that each writing transaction holds, as SQLite's own lock does."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NOT_WRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_POSTGRESQL_LOCK_TIMEOUT = "55P03"


def connect(url: str) -> Engine:
    """An engine for the database at `url`. It connects when it is first used.

    Raises:
        RedactionError: the URL cannot be used.
    """
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
    except (ArgumentError, ImportError) as error:
        # the message of the original error would show the password
        raise RedactionError(
            "The address in REDACTION_CATALOG cannot be used: give an SQLAlchemy URL whose driver is installed."
        ) from error
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": MAX_LOCK_WAIT_S})
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_on_sqlite)
        return engine
    options = {"connect_timeout": MAX_CONNECT_S} if "psycopg" in parsed.drivername else {}
    engine = create_engine(parsed, connect_args=options, pool_pre_ping=True)
    event.listen(engine, "begin", _begin_on_postgresql)
    return engine


def readers_of(engine: Engine) -> Engine:
    """The same engine for transactions that only read: all their queries see one state of the database."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(read_only=True)
    return engine.execution_options(read_only=True, isolation_level="REPEATABLE READ", postgresql_readonly=True)


def file_of(url: URL) -> tuple[int, int] | None:
    """What identifies the file of an SQLite database on this machine (device and inode); None if it is missing or empty."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    try:
        found = Path(url.database).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


def damage(url: str) -> str | None:
    """What is wrong inside the file of an SQLite database; None for a sound or missing file, and for other databases."""
    parsed = make_url(url)
    if file_of(parsed) is None:
        return None
    uri = f"{Path(str(parsed.database)).absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=MAX_CONNECT_S)) as connection:
            first = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if _sqlite_code(error) in _DAMAGED:
            return str(error)
        raise RedactionError(_sentence(error, parsed)) from error
    return None if first == "ok" else first.removeprefix("*** in database main ***\n")


def require_sound(url: str) -> None:
    """Read an SQLite database completely to see whether it is damaged.

    Raises:
        RedactionError: it is.
    """
    if found := damage(url):
        raise RedactionError(_damage_sentence(make_url(url), found))


@contextmanager
def error_sentences(url: URL) -> Iterator[None]:
    """Turn what can happen to a database (locked, full, read-only, damaged, gone) into a RedactionError."""
    try:
        yield
    except DatabaseError as error:
        if not isinstance(error, OperationalError) and _sqlite_code(error.orig) not in _DAMAGED:
            raise
        raise RedactionError(_sentence(error.orig, url)) from error


def _sentence(error: BaseException | None, url: URL) -> str:
    shown = f"The catalog {url.render_as_string(hide_password=True)}"
    code, reason = _sqlite_code(error), str(error).strip().partition("\n")[0]
    if code in _BUSY or getattr(error, "sqlstate", None) == _POSTGRESQL_LOCK_TIMEOUT:
        return (
            f"{shown} has been in use by another process for more than {MAX_LOCK_WAIT_S} s: wait until that has finished, "
            "then run the same command again."
        )
    if code in _DAMAGED:
        return _damage_sentence(url, reason)
    if code == sqlite3.SQLITE_FULL:
        return f"{shown} cannot grow because its disk is full: free some space, then run the same command again."
    if code in _NOT_WRITABLE:
        return f"{shown} cannot be written ({reason}): check the permissions of the file and its folder."
    if code == sqlite3.SQLITE_IOERR:
        return f"{shown} cannot be read or written ({reason}): check the disk and its free space, then try again."
    return f"{shown} cannot be used ({reason}): check REDACTION_CATALOG and that the database is running."


def _damage_sentence(url: URL, reason: str) -> str:
    return (
        f"The catalog {url.render_as_string(hide_password=True)} cannot be opened ({reason}): restore the last checkpoint "
        "(`redaction checkpoints list`, then `redaction checkpoints restore TAG`); the damaged file is kept under another name."
    )


def _sqlite_code(error: BaseException | None) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)  # extended codes hold the primary one in their lowest byte
    return None if code is None else int(code) & 0xFF


def _set_pragmas(connection: Any, _record: Any) -> None:
    # The driver begins transactions only before it writes; here `_begin_on_sqlite` begins all of them.
    connection.isolation_level = None
    # WAL allows reads during a write; FULL keeps committed rows through a power failure
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_on_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reads else 'OFF'}")
    # A writer that began as a reader could fail at once, without waiting, when another one has written in the meantime.
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _begin_on_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get("read_only", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MAX_LOCK_WAIT_S}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
