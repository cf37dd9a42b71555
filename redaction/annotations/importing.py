"""Import annotation files into the catalog: valid rows are stored, and each refused row is reported with its reason."""

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
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.annotations.tools.formats import read_annotation_file
from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation, Document, now
from redaction.dataset import Box
from redaction.values import Frozen
from redaction.workspace import Workspace

UNKNOWN_ANNOTATOR = "unknown"
"""Recorded when neither the file nor the caller names the annotator."""


class ImportReport(Frozen):
    """The outcome of one import."""

    file: str
    tool: AnnotationFormat
    pages_in_file: int
    """Pages of the file that could be parsed."""
    added: int
    """Pages annotated for the first time."""
    updated: int
    """Pages whose boxes changed."""
    unchanged: int
    boxes: int
    """Boxes on the pages of this file that are now in the catalog."""
    rescaled: int
    """Pages that were annotated at another resolution."""
    clipped: int
    """Boxes that extended beyond the page by a few pixels and were clipped; see `redaction.annotations.box_checks`."""
    refused: tuple[RefusedRow, ...]


class _AcceptedPage(Frozen):
    page: str
    document: str
    parsed: ParsedPage
    checked: CheckedBoxes


def import_annotations(
    workspace: Workspace, file: Path, annotator: str | None = None, format: AnnotationFormat | None = None
) -> ImportReport:
    """Import an annotation file into the catalog in one transaction. Importing is idempotent.

    Args:
        workspace: its catalog must know the pages.
        file: COCO, Prodigy ``image.manual`` JSONL or Label Studio JSON.
        annotator: annotator to record; when None, the one that the file names.
        format: format of the file; detected from its content when None.

    Raises:
        RedactionError: the file is in none of these formats.
    """
    detected, parsed = read_annotation_file(file, format)
    refused = list(parsed.refused)
    with open_catalog(workspace).transaction() as session:
        accepted = _accept_pages(PageIndex(session), parsed.pages, refused)
        outcomes = [_store_page(session, detected, annotator, page) for page in accepted]
    return ImportReport(
        file=str(file),
        tool=detected,
        pages_in_file=len(parsed.pages),
        added=outcomes.count("added"),
        updated=outcomes.count("updated"),
        unchanged=outcomes.count("unchanged"),
        boxes=sum(len(page.checked.boxes) for page in accepted),
        rescaled=sum(page.checked.rescaled for page in accepted),
        clipped=sum(page.checked.clipped for page in accepted),
        refused=tuple(refused),
    )


def _accept_pages(index: PageIndex, pages: Sequence[ParsedPage], refused: list[RefusedRow]) -> list[_AcceptedPage]:
    accepted: dict[str, _AcceptedPage] = {}
    for parsed in pages:
        page = index.find(parsed)
        if isinstance(page, RefusedRow):
            refused.append(page)
            continue
        if page.name in accepted:
            detail = f"{accepted[page.name].parsed.row} annotates the same page"
            refused.append(RefusedRow(row=parsed.row, reason=RefusalReason.DUPLICATE_PAGE, detail=detail))
            continue
        checked = check_boxes(parsed, page)
        refused.extend(checked.refused)
        if not checked.page_refused:
            accepted[page.name] = _AcceptedPage(page=page.name, document=page.document, parsed=parsed, checked=checked)
    return list(accepted.values())


def _store_page(session: Session, format: AnnotationFormat, annotator: str | None, page: _AcceptedPage) -> str:
    digest = digest_of_boxes(page.checked.boxes)
    annotation = session.get(Annotation, page.page)
    if annotation is not None and annotation.digest == digest:
        return "unchanged"
    outcome = "added" if annotation is None else "updated"
    annotation = annotation or Annotation(page=page.page, annotator=UNKNOWN_ANNOTATOR, tool=format, digest=digest)
    annotation.annotator = annotator or page.parsed.annotator or UNKNOWN_ANNOTATOR
    annotation.tool = format.value
    annotation.annotated_at = page.parsed.annotated_at or now()
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


def digest_of_boxes(boxes: Sequence[Box]) -> str:
    """SHA-256 of the boxes' content, independent of their order."""
    rows = sorted(json.dumps(box.model_dump(mode="json"), sort_keys=True) for box in boxes)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
