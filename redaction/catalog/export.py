"""Export of the catalog as JSON lines for checkpoints, and its import.

A change in the *content tables* (documents, pages, annotations, boxes) makes a new checkpoint. The *context tables* (sources,
links, training runs, deployments) are exported with every checkpoint, but a change in them makes none: every visit to a source
changes them. Monitoring windows are not exported: they describe the service on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import Session, SQLModel, select

from redaction.catalog.export_files import (
    EXPORTED_TABLES,
    LOCAL_COLUMNS,
    Values,
    contradictions,
    file_name,
    invalid_line,
    read_lines,
)
from redaction.catalog.tables import AnnotatedBox, Annotation, Deployment, Document, Link, Page, Source, Stage, TrainingRun
from redaction.errors import RedactionError
from redaction.files import new_file

Rows = dict[type[SQLModel], list[Values]]

_REPLACED_TABLES: tuple[type[SQLModel], ...] = (Source, Document, Link, Page, Annotation, AnnotatedBox)
"""Tables that an import replaces, each after the tables that it references."""

_SORT_COLUMNS: dict[type[SQLModel], tuple[str, ...]] = {
    Source: ("name",),
    Link: ("url",),
    Document: ("sha256",),
    Page: ("name",),
    Annotation: ("page",),
    AnnotatedBox: ("page", "y0", "x0", "y1", "x1", "label", "style"),
    TrainingRun: ("data_read_at", "run"),
    Deployment: ("deployed_at", "version"),
}
_BATCH_ROWS = 1000


def export_tables(session: Session, tables: tuple[type[SQLModel], ...], folder: Path) -> None:
    """Write each table to ``<folder>/<table>.jsonl``, one row per line. Keys and rows are sorted: equal rows give equal bytes."""
    for table in tables:
        with new_file(folder / file_name(table)) as path, path.open("w", encoding="utf-8") as file:
            for row in session.exec(_select_sorted(table)).yield_per(_BATCH_ROWS):
                values = row.model_dump(mode="json", exclude=LOCAL_COLUMNS.get(table))
                file.write(json.dumps(values, sort_keys=True, ensure_ascii=False) + "\n")


def read_export(folder: Path) -> Rows:
    """Read and check an export.

    Raises:
        RedactionError: a file of the export is missing or invalid, or its rows contradict each other.
    """
    rows = {table: list(_read(folder, table)) for table in EXPORTED_TABLES}
    if found := contradictions(folder):
        raise RedactionError(f"The catalog's export cannot be imported ({'; '.join(found)}): restore another checkpoint.")
    return rows


def import_rows(session: Session, rows: Rows) -> None:
    """Import the rows of an export.

    Sources, links, documents, pages, annotations and boxes are replaced. Training runs and deployments are history: existing
    rows stay and missing ones are added, but an imported deployment never replaces the detector in production. Monitoring
    windows do not change.
    """
    for table in reversed(_REPLACED_TABLES):
        session.exec(delete(table))
    for table in _REPLACED_TABLES:
        _insert(session, table, rows[table])
    known_runs = set(session.exec(select(TrainingRun.run)))
    _insert(session, TrainingRun, [row for row in rows[TrainingRun] if row["run"] not in known_runs])
    _add_deployments(session, rows[Deployment])


def _add_deployments(session: Session, rows: list[Values]) -> None:
    existing = list(session.exec(select(Deployment)))
    known = {(row.version, row.deployed_at) for row in existing}
    new = [row for row in rows if (row["version"], row["deployed_at"]) not in known]
    if any(row.stage == Stage.PRODUCTION for row in existing):
        new = [row | {"stage": Stage.ARCHIVED} if row["stage"] == Stage.PRODUCTION else row for row in new]
    _insert(session, Deployment, new)


def _select_sorted(table: type[SQLModel]) -> Any:
    return select(table).order_by(*(getattr(table, column) for column in _SORT_COLUMNS[table]))


def _insert(session: Session, table: type[SQLModel], rows: list[Values]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _read(folder: Path, table: type[SQLModel]) -> Iterator[Values]:
    for number, values in read_lines(folder, table):
        try:
            row = table.model_validate(values)
        except ValueError as error:
            raise invalid_line(table, number) from error
        yield row.model_dump(exclude=LOCAL_COLUMNS.get(table))
