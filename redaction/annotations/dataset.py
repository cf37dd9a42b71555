"""The annotated pages of the catalog as a dataset."""

from __future__ import annotations

from collections import defaultdict

from sqlmodel import Session, col, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Annotation, Document, Page
from redaction.dataset import AnnotatedPage, Box, Dataset, Split
from redaction.errors import RedactionError
from redaction.workspace import Workspace


def read_dataset(workspace: Workspace, revision: str | None) -> Dataset:
    """Read every annotated page with its boxes and its document's split, ordered by page name.

    Args:
        workspace: holds the catalog and the images.
        revision: git revision of the checkpoint that was just made of this workspace; recorded in the dataset.

    Raises:
        RedactionError: an annotated page has no image.
    """
    with open_catalog(workspace).snapshot() as session:
        boxes = boxes_by_page(session)
        rows = session.exec(
            select(Page, Document.split)
            .join(Annotation, col(Annotation.page) == Page.name)
            .join(Document, col(Document.sha256) == Page.document)
            .order_by(Page.name)
        )
        pages = tuple(_annotated_page(page, split, boxes[page.name]) for page, split in rows)
    return Dataset(root=str(workspace.root), revision=revision, pages=pages)


def boxes_by_page(session: Session) -> defaultdict[str, tuple[Box, ...]]:
    """The boxes of every annotated page, from top to bottom; an empty tuple for any other name."""
    lists: dict[str, list[Box]] = {}
    order = (getattr(AnnotatedBox, column) for column in ("page", "y0", "x0", "y1", "x1"))
    for row in session.exec(select(AnnotatedBox).order_by(*order)):
        lists.setdefault(row.page, []).append(Box(**row.model_dump(exclude={"id", "page"})))
    return defaultdict(tuple, {page: tuple(boxes) for page, boxes in lists.items()})


def _annotated_page(page: Page, split: str | None, boxes: tuple[Box, ...]) -> AnnotatedPage:
    if page.image is None or page.sha256 is None or page.width is None or page.height is None or split is None:
        raise RedactionError(f"The annotated page {page.file_name} has no image or no split; import its annotation again.")
    return AnnotatedPage(
        page=page.name,
        document=page.document,
        image=page.image,
        sha256=page.sha256,
        width=page.width,
        height=page.height,
        split=Split(split),
        boxes=boxes,
    )
