"""The files of an export: which table is in which file, how their lines are read, and what must hold between their rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from sqlmodel import SQLModel

from redaction.catalog.tables import (
    AnnotatedBox,
    Annotation,
    Deployment,
    Document,
    Link,
    Page,
    Source,
    TrainingRun,
    page_name,
)
from redaction.errors import RedactionError

CONTENT_TABLES: tuple[type[SQLModel], ...] = (Document, Page, Annotation, AnnotatedBox)
CONTEXT_TABLES: tuple[type[SQLModel], ...] = (Source, Link, TrainingRun, Deployment)
EXPORTED_TABLES = (*CONTENT_TABLES, *CONTEXT_TABLES)

LOCAL_COLUMNS: dict[type[SQLModel], set[str]] = {AnnotatedBox: {"id"}, Deployment: {"id", "bento_tag"}}
"""Columns without meaning on another machine: database ids, and the tag in the local model store."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

Values = dict[str, Any]


def file_name(table: type[SQLModel]) -> str:
    """Name of the table's file in an export."""
    return f"{table.__tablename__}.jsonl"


def read_lines(folder: Path, table: type[SQLModel]) -> Iterator[tuple[int, Values]]:
    """The number and the values of each line of the table's file. The values are not checked against the table's columns.

    Raises:
        RedactionError: there is no such file, or a line is not a JSON object.
    """
    path = folder / file_name(table)
    if not path.is_file():
        raise RedactionError(f"The catalog's export has no file {path.name}: restore another checkpoint.")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                values = json.loads(line)
            except ValueError as error:
                raise invalid_line(table, number) from error
            if not isinstance(values, dict):
                raise invalid_line(table, number)
            yield number, values


def invalid_line(table: type[SQLModel], number: int) -> RedactionError:
    """The error for a line that is not a row of the table."""
    return RedactionError(
        f"Line {number} of {file_name(table)} in the catalog's export is not a row of {table.__tablename__}: "
        "restore another checkpoint, or update the project if a newer version made this one."
    )


def contradictions(folder: Path) -> list[str]:
    """What prevents the export from being imported: rows that refer to missing rows, twice the same key, unsafe paths.

    Raises:
        RedactionError: a file is missing, or a line is not a JSON object.
    """
    keys: dict[str, set[Any]] = {}
    references: dict[str, Counter[Any]] = {}
    found = []
    for table in EXPORTED_TABLES:
        name, unsafe, twice = str(table.__tablename__), 0, 0
        key, foreign = _key_and_references(table)
        rows_by_key = keys.setdefault(name, set())
        for _, values in read_lines(folder, table):
            unsafe += not _PATH_CHECKS.get(table, _always)(values)
            if key is not None:
                value = _hashable(values.get(key))
                twice += value in rows_by_key
                rows_by_key.add(value)
            for column, target in foreign.items():
                references.setdefault(f"{name}.{column} {target}", Counter())[_hashable(values.get(column))] += 1
        found += [f"{twice} rows of {name} have the key of another row"] * bool(twice)
        found += [f"{unsafe} rows of {name} have names or paths that no workspace has"] * bool(unsafe)
    for reference, values in references.items():
        column, target = reference.split()
        missing = sum(count for value, count in values.items() if value is not None and value not in keys[target])
        found += [f"{missing} rows refer with {column} to {target} that are not there"] * bool(missing)
    return found


def _key_and_references(table: type[SQLModel]) -> tuple[str | None, dict[str, str]]:
    """The table's key, None if it is a local column, and the table that each foreign key refers to by that table's key."""
    columns = table.__table__.columns  # type: ignore[attr-defined]
    keys = [column.name for column in columns if column.primary_key and column.name not in LOCAL_COLUMNS.get(table, ())]
    foreign = {column.name: key.column.table.name for column in columns for key in column.foreign_keys}
    return (keys[0] if keys else None), foreign


def _hashable(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _always(_values: Values) -> bool:
    return True


def _is_safe_document(values: Values) -> bool:
    return bool(_SHA256.fullmatch(str(values.get("sha256"))))


def _is_safe_page(values: Values) -> bool:
    image = values.get("image")
    try:
        named = values.get("name") == page_name(str(values.get("document")), int(values["page_index"]))
    except (KeyError, TypeError, ValueError):
        return False
    if image is None:
        return named
    path = PurePosixPath(str(image))
    return named and path.parts[:1] == ("pages",) and ".." not in path.parts


def _is_safe_deployment(values: Values) -> bool:
    return PurePosixPath(str(values.get("version"))).name == values.get("version")


_PATH_CHECKS: dict[type[SQLModel], Callable[[Values], bool]] = {
    Document: _is_safe_document,
    Page: _is_safe_page,
    Deployment: _is_safe_deployment,
}
