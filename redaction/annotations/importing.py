"""Annotations brought into the catalog: each row is checked, the good ones are kept, and each refused one is reported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from sqlmodel import Session, col, delete

from redaction.annotations.box_checks import CheckedBoxes, check_boxes
from redaction.annotations.page_index import PageIndex
from redaction.annotations.records import ParsedPage, RefusalReason, RefusedRow
from redaction.annotations.splits import split_of
from redaction.annotations.tools.formats import Tool, read_file
from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation, Document, now
from redaction.dataset import Box
from redaction.values import Frozen
from redaction.workspace import Workspace

NOBODY = "unknown"
"""The annotator of a file that names none, when the person who imports it names none either."""


class ImportReport(Frozen):
    """What became of an annotation file."""

    file: str
    tool: Tool
    pages_in_file: int
    """Pages that the file holds in a readable form."""
    added: int
    """Pages annotated for the first time."""
    updated: int
    """Pages whose boxes changed."""
    unchanged: int
    boxes: int
    """Boxes on the pages of this file that are now in the catalog."""
    rescaled: int
    """Pages that the annotator saw at another resolution."""
    clipped: int
    """Boxes that stuck out of their page by at most two pixels."""
    refused: tuple[RefusedRow, ...]


class _Accepted(Frozen):
    page: str
    document: str
    record: ParsedPage
    checked: CheckedBoxes


def import_annotations(workspace: Workspace, file: Path, annotator: str | None = None, tool: Tool | None = None) -> ImportReport:
    """Bring an annotation file into the catalog, in one transaction; doing it again changes nothing.

    Args:
        workspace: whose catalog knows the pages.
        file: COCO, Prodigy ``image.manual`` JSONL or Label Studio JSON.
        annotator: who made the annotations, where the file does not say.
        tool: the format, where it must not be left to the file's content.

    Raises:
        RedactionError: the file is in none of these formats.
    """
    found, parsed = read_file(file, tool)
    refused = list(parsed.refused)
    with open_catalog(workspace).transaction() as session:
        accepted = _accept(PageIndex(session), parsed.pages, refused)
        outcomes = [_store(session, found, annotator, page) for page in accepted]
    return ImportReport(
        file=str(file),
        tool=found,
        pages_in_file=len(parsed.pages),
        added=outcomes.count("added"),
        updated=outcomes.count("updated"),
        unchanged=outcomes.count("unchanged"),
        boxes=sum(len(page.checked.boxes) for page in accepted),
        rescaled=sum(page.checked.rescaled for page in accepted),
        clipped=sum(page.checked.clipped for page in accepted),
        refused=tuple(refused),
    )


def _accept(index: PageIndex, records: Sequence[ParsedPage], refused: list[RefusedRow]) -> list[_Accepted]:
    accepted: dict[str, _Accepted] = {}
    for record in records:
        page = index.find(record)
        if isinstance(page, RefusedRow):
            refused.append(page)
            continue
        if page.name in accepted:
            detail = f"{accepted[page.name].record.row} annotates the same page"
            refused.append(RefusedRow(row=record.row, reason=RefusalReason.DUPLICATE_PAGE, detail=detail))
            continue
        checked = check_boxes(record, page)
        refused.extend(checked.refused)
        if not checked.page_refused:
            accepted[page.name] = _Accepted(page=page.name, document=page.document, record=record, checked=checked)
    return list(accepted.values())


def _store(session: Session, tool: Tool, annotator: str | None, page: _Accepted) -> str:
    digest = digest_of(page.checked.boxes)
    annotation = session.get(Annotation, page.page)
    if annotation is not None and annotation.digest == digest:
        return "unchanged"
    outcome = "added" if annotation is None else "updated"
    annotation = annotation or Annotation(page=page.page, annotator=NOBODY, tool=tool, digest=digest)
    annotation.annotator = annotator or page.record.annotator or NOBODY
    annotation.tool = tool.value
    annotation.annotated_at = page.record.annotated_at or now()
    annotation.imported_at = now()
    annotation.digest = digest
    session.add(annotation)
    session.flush()
    session.exec(delete(AnnotatedBox).where(col(AnnotatedBox.page) == page.page))
    session.add_all(AnnotatedBox(page=page.page, **box.model_dump()) for box in page.checked.boxes)
    document = session.get_one(Document, page.document)
    if document.split is None:
        document.split = split_of(document.sha256)
    return outcome


def digest_of(boxes: Sequence[Box]) -> str:
    """SHA-256 of what the boxes say, in whatever order they come."""
    rows = sorted(json.dumps(box.model_dump(mode="json"), sort_keys=True) for box in boxes)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
