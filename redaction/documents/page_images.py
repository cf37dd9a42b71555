"""Image files of pages, looked up by page name."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import col, select

from redaction.catalog import Catalog
from redaction.catalog.tables import Page
from redaction.values import Frozen
from redaction.workspace import Workspace


class PageFile(Frozen):
    """A page and the path of its image, relative to the root."""

    name: str
    file_name: str
    image: str


class RenderedPages(Frozen):
    """Rendered pages of one workspace."""

    root: str
    pages: tuple[PageFile, ...]


def rendered_pages(catalog: Catalog, workspace: Workspace, names: Collection[str]) -> RenderedPages:
    """The pages in `names` that have an image, sorted by document and page number."""
    wanted = set(names)
    with catalog.snapshot() as session:
        rows = session.exec(select(Page).where(col(Page.image).is_not(None)).order_by(Page.file_name)).all()
    pages = tuple(PageFile(name=row.name, file_name=row.file_name, image=row.image or "") for row in rows if row.name in wanted)
    return RenderedPages(root=str(workspace.root), pages=pages)
