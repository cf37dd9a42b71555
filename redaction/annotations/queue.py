"""The queue of pages to annotate next."""

from __future__ import annotations

from sqlmodel import col, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Annotation, Page
from redaction.workspace import Workspace


def unannotated_pages(workspace: Workspace, limit: int | None = None) -> list[Page]:
    """Rendered pages without an annotation, those most likely to hold redactions first.

    Most redactions are large dark areas, so pages are ordered by the share of such areas, then by rendering time, newest first.
    """
    with open_catalog(workspace).snapshot() as session:
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
