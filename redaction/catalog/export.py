"""The catalog as JSON lines: what a checkpoint carries of it, and the way back.

Two kinds of tables are carried. The *content* (documents, pages, annotations, boxes) is what the registry holds; a change in it
is worth a checkpoint. The *context* (sources, links, training runs, deployments) goes along whenever there is one, but is not
worth one by itself: every look at a source changes it. The monitoring windows stay out: they tell of the service on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import Session, SQLModel, select

from redaction.catalog.tables import (
    AnnotatedBox,
    Annotation,
    Deployment,
    Document,
    Link,
    Page,
    Source,
    Stage,
    TrainingRun,
)
from redaction.errors import RedactionError
from redaction.files import new_file

CONTENT: tuple[type[SQLModel], ...] = (Document, Page, Annotation, AnnotatedBox)
CONTEXT: tuple[type[SQLModel], ...] = (Source, Link, TrainingRun, Deployment)

_REPLACED: tuple[type[SQLModel], ...] = (Source, Document, Link, Page, Annotation, AnnotatedBox)
"""Tables that a restore replaces, each after those that it refers to."""

_ORDER: dict[type[SQLModel], tuple[str, ...]] = {
    Source: ("name",),
    Link: ("url",),
    Document: ("sha256",),
    Page: ("name",),
    Annotation: ("page",),
    AnnotatedBox: ("page", "y0", "x0", "y1", "x1", "label", "style"),
    TrainingRun: ("data_read_at", "run"),
    Deployment: ("deployed_at", "version"),
}
_OF_THIS_MACHINE: dict[type[SQLModel], set[str]] = {AnnotatedBox: {"id"}, Deployment: {"id", "bento_tag"}}
"""Columns that mean nothing elsewhere: numbers that the database gave, and the name in this machine's model store."""

_ROWS_AT_ONCE = 1000


def file_name(table: type[SQLModel]) -> str:
    """Name of the file that holds the table in an export."""
    return f"{table.__tablename__}.jsonl"


def export_tables(session: Session, tables: tuple[type[SQLModel], ...], folder: Path) -> None:
    """Write each table to ``<folder>/<table>.jsonl``, a row a line; keys and rows are ordered, so equal rows give equal bytes."""
    for table in tables:
        with new_file(folder / file_name(table)) as path, path.open("w", encoding="utf-8") as file:
            for row in session.exec(_in_order(table)).yield_per(_ROWS_AT_ONCE):
                values = row.model_dump(mode="json", exclude=_OF_THIS_MACHINE.get(table))
                file.write(json.dumps(values, sort_keys=True, ensure_ascii=False) + "\n")


def import_tables(session: Session, folder: Path) -> None:
    """Bring an export back.

    Sources, links, documents, pages, annotations and boxes become exactly what the export says. Training runs and deployments are
    a record of what happened, so those that this catalog knows stay as they are and only unknown ones are added; a deployment
    from elsewhere does not unseat the detector that is in production here. Monitoring windows are left alone.

    Raises:
        RedactionError: a file of the export is missing or holds something else.
    """
    rows = {table: list(_read(folder / file_name(table), table)) for table in (*CONTENT, *CONTEXT)}
    for table in reversed(_REPLACED):
        session.exec(delete(table))
    for table in _REPLACED:
        _insert(session, table, rows[table])
    known_runs = set(session.exec(select(TrainingRun.run)))
    _insert(session, TrainingRun, [row for row in rows[TrainingRun] if row["run"] not in known_runs])
    _add_deployments(session, rows[Deployment])


def _add_deployments(session: Session, rows: list[dict[str, Any]]) -> None:
    here = list(session.exec(select(Deployment)))
    known = {(row.version, row.deployed_at) for row in here}
    new = [row for row in rows if (row["version"], row["deployed_at"]) not in known]
    if any(row.stage == Stage.PRODUCTION for row in here):
        new = [row | {"stage": Stage.ARCHIVED} if row["stage"] == Stage.PRODUCTION else row for row in new]
    _insert(session, Deployment, new)


def _in_order(table: type[SQLModel]) -> Any:
    return select(table).order_by(*(getattr(table, column) for column in _ORDER[table]))


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _read(path: Path, table: type[SQLModel]) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise RedactionError(f"The catalog's export has no file {path.name}; restore a checkpoint of this project.")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = table.model_validate(json.loads(line))
            except ValueError as error:
                raise RedactionError(
                    f"Line {number} of {path.name} in the catalog's export is no row of {table.__tablename__}; "
                    "restore another checkpoint, or update the project if a newer version made this one."
                ) from error
            yield row.model_dump(exclude=_OF_THIS_MACHINE.get(table))
