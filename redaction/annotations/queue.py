"""Which pages to annotate next."""

from __future__ import annotations

from sqlmodel import col, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Annotation, Page
from redaction.workspace import Workspace


def unannotated_pages(workspace: Workspace, limit: int | None = None) -> list[Page]:
    """Rendered pages that nobody has annotated, those most likely to hold redactions first.

    Pages with large dark areas come first, because that is what most redactions are; pages of equal darkness, the latest first.
    """
    with open_catalog(workspace).transaction() as session:
        pages = list(
            session.exec(
                select(Page)
                .outerjoin(Annotation, col(Annotation.page) == Page.name)
                .where(col(Annotation.page).is_(None), col(Page.image).is_not(None))
                .order_by(col(Page.rendered_at).desc(), Page.name)
            )
        )
    pages.sort(key=lambda page: -(page.features or {}).get("block_density", 0.0))
    return pages[:limit]
