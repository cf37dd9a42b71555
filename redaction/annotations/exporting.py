"""Export the catalog's annotations to an annotation file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from sqlmodel import Session, col, select

from redaction.annotations.dataset import boxes_by_page
from redaction.annotations.records import ParsedBox, ParsedPage
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.annotations.tools.formats import write_annotation_file
from redaction.catalog import open_catalog
from redaction.catalog.tables import Annotation, Document, Page
from redaction.workspace import Workspace


def export_annotations(workspace: Workspace, file: Path, format: AnnotationFormat) -> int:
    """Write every annotation of the catalog to a file.

    Returns:
        The number of annotated pages written.
    """
    with open_catalog(workspace).snapshot() as session:
        pages = pages_to_export(session)
    write_annotation_file(file, format, pages)
    return len(pages)


def pages_to_export(session: Session) -> list[ParsedPage]:
    """Every annotated page with its boxes, ordered by the page's file name."""
    boxes = boxes_by_page(session)
    rows = session.exec(
        select(Page, Annotation, Document)
        .join(Annotation, col(Annotation.page) == Page.name)
        .join(Document, col(Document.sha256) == Page.document)
        .order_by(Page.file_name, Page.name)
    )
    return [
        _page_to_export(
            page, annotation, document, tuple(ParsedBox(row=page.name, **box.model_dump()) for box in boxes[page.name])
        )
        for page, annotation, document in rows
    ]


def _page_to_export(page: Page, annotation: Annotation, document: Document, boxes: tuple[ParsedBox, ...]) -> ParsedPage:
    image = page.image or ""
    return ParsedPage(
        row=page.name,
        paths=(page.file_name + PurePosixPath(image).suffix, image),
        sha256=page.sha256,
        document=document.sha256,
        pdf=document.file_name,
        page_index=page.page_index,
        width=page.width,
        height=page.height,
        annotator=annotation.annotator,
        annotated_at=annotation.annotated_at,
        boxes=boxes,
    )
