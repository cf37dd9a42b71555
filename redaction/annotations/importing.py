"""Import annotation files into the catalog: complete pages are stored, and each refused row is reported with its reason."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sqlmodel import Session, col, delete

from redaction.annotations.answers import last_word
from redaction.annotations.box_checks import CheckedBoxes, check_boxes
from redaction.annotations.page_index import PageIndex, in_different_folders
from redaction.annotations.records import ParsedPage, RefusalReason, RefusedRow
from redaction.annotations.splits import split_of
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.annotations.tools.formats import read_annotation_file
from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation, Document, Page, now
from redaction.dataset import Box
from redaction.values import Frozen
from redaction.workspace import Workspace

UNKNOWN_ANNOTATOR = "unknown"
"""Recorded when neither the file nor the caller names the annotator."""


class WaitingPage(Frozen):
    """A page of the catalog that is left as it was, because part of its answer was refused."""

    page: str
    file_name: str
    row: str
    """The answer's place in the file."""
    waits_for: tuple[RefusedRow, ...]
    """What to correct in the tool before the page is imported again."""


class ImportReport(Frozen):
    """The outcome of one import."""

    file: str
    tool: AnnotationFormat
    pages_in_file: int
    """Answers of the file that name a page."""
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
    duplicates: int
    """Boxes that were left out because another one is in the same place."""
    superseded: int
    """Answers that do not count because the page has another one; see `redaction.annotations.answers`."""
    waiting: tuple[WaitingPage, ...]
    refused: tuple[RefusedRow, ...]
    """Every refused row, those that pages wait for included."""


class _CheckedPage(NamedTuple):
    page: Page
    answer: ParsedPage
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
    with open_catalog(workspace).transaction() as session:
        pages, unknown = _find_pages(session, parsed.pages)
        accepted = [page for page in pages if not page.checked.refused]
        outcomes = [_store_page(session, detected, annotator, page) for page in accepted]
        waiting = tuple(_waiting_page(page) for page in pages if page.checked.refused)
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
        duplicates=sum(page.checked.duplicates for page in accepted),
        superseded=sum(page.answer.superseded for page in pages),
        waiting=waiting,
        refused=(*parsed.refused, *unknown, *(row for page in waiting for row in page.waits_for)),
    )


def _find_pages(session: Session, answers: Sequence[ParsedPage]) -> tuple[list[_CheckedPage], list[RefusedRow]]:
    """The catalog's pages with the answer that counts for each, and the refusals of answers for other pages."""
    index, pages, refused = PageIndex(session), dict[str, Page](), list[RefusedRow]()
    answers_by_page: dict[str, list[ParsedPage]] = defaultdict(list)
    for answer in answers:
        page = index.find(answer)
        if isinstance(page, RefusedRow):
            refused += (page, *answer.refused)
        else:
            pages[page.name] = page
            answers_by_page[page.name].append(answer)
    checked = []
    for name, page in pages.items():
        found = answers_by_page[name]
        if in_different_folders(found):
            detail = "the file has images of this name in different folders; add the page's sha256, or document and page_index"
            refused += (RefusedRow(row=answer.row, reason=RefusalReason.AMBIGUOUS_PAGE, detail=detail) for answer in found)
            continue
        answer = last_word(found)
        checked.append(_CheckedPage(page, answer, check_boxes(answer, page)))
    return checked, refused


def _waiting_page(page: _CheckedPage) -> WaitingPage:
    return WaitingPage(page=page.page.name, file_name=page.page.file_name, row=page.answer.row, waits_for=page.checked.refused)


def _store_page(session: Session, format: AnnotationFormat, annotator: str | None, accepted: _CheckedPage) -> str:
    page, answer, boxes = accepted.page, accepted.answer, accepted.checked.boxes
    digest = digest_of_boxes(boxes)
    annotation = session.get(Annotation, page.name)
    if annotation is not None and annotation.digest == digest:
        return "unchanged"
    outcome = "added" if annotation is None else "updated"
    annotation = annotation or Annotation(page=page.name, annotator=UNKNOWN_ANNOTATOR, tool=format, digest=digest)
    annotation.annotator = annotator or answer.annotator or UNKNOWN_ANNOTATOR
    annotation.tool = format.value
    annotation.annotated_at = answer.annotated_at or now()
    annotation.imported_at = now()
    annotation.digest = digest
    session.add(annotation)
    session.flush()
    session.exec(delete(AnnotatedBox).where(col(AnnotatedBox.page) == page.name))
    session.add_all(AnnotatedBox(page=page.name, **box.model_dump()) for box in boxes)
    document = session.get_one(Document, page.document)
    if document.split is None:
        document.split = split_of(document.sha256)
    return outcome


def digest_of_boxes(boxes: Sequence[Box]) -> str:
    """SHA-256 of the boxes' content, independent of their order."""
    rows = sorted(json.dumps(box.model_dump(mode="json"), sort_keys=True) for box in boxes)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
