"""Inventory of the catalog: counts per source, and what is in quarantine and why."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import col, select

from redaction.catalog import Catalog
from redaction.catalog.tables import Document, DocumentStatus, Link, LinkOutcome, Page, Source
from redaction.documents.discovery import Problem
from redaction.values import Frozen


class SourceInventory(Frozen):
    """Counts of one source."""

    source: str
    links: int
    documents: int
    waiting: int
    """Documents that are fetched and not yet rendered."""
    quarantined: int
    """Documents, pages and links that cannot be used."""
    pages: int
    """Rendered pages."""


class Inventory(Frozen):
    """Counts of all sources, and all problems."""

    sources: tuple[SourceInventory, ...]
    quarantine: tuple[Problem, ...]
    failures: tuple[Problem, ...]


def take_inventory(catalog: Catalog) -> Inventory:
    """Count the links, documents and pages in the catalog."""
    with catalog.snapshot() as session:
        of_documents = select(Document.source, func.count()).group_by(Document.source)
        of_pages = select(Document.source, func.count()).join(Page).where(col(Page.image).is_not(None)).group_by(Document.source)
        links = dict(session.exec(select(Link.source, func.count()).group_by(Link.source)).all())
        documents = dict(session.exec(of_documents).all())
        waiting = dict(session.exec(of_documents.where(Document.status == DocumentStatus.FETCHED)).all())
        pages = dict(session.exec(of_pages).all())
        names = session.exec(select(Source.name).order_by(Source.name)).all()
        bad_links = session.exec(select(Link).where(col(Link.reason).is_not(None)).order_by(Link.source, Link.url)).all()
        bad_documents = session.exec(select(Document).where(Document.status == DocumentStatus.QUARANTINED)).all()
        bad_pages = session.exec(select(Page, Document.source).join(Document).where(col(Page.reason).is_not(None))).all()
    quarantine = (
        *(_link_problem(link) for link in bad_links if link.outcome is LinkOutcome.QUARANTINED),
        *(Problem(source=row.source, where=row.file_name, reason=row.reason or "") for row in bad_documents),
        *(Problem(source=source, where=page.file_name, reason=page.reason or "") for page, source in bad_pages),
    )
    return Inventory(
        sources=tuple(
            SourceInventory(
                source=name,
                links=links.get(name, 0),
                documents=documents.get(name, 0),
                waiting=waiting.get(name, 0),
                quarantined=sum(problem.source == name for problem in quarantine),
                pages=pages.get(name, 0),
            )
            for name in names
        ),
        quarantine=quarantine,
        failures=tuple(_link_problem(link) for link in bad_links if link.outcome is LinkOutcome.FAILED),
    )


class Retry(Frozen):
    """What the next ingestion tries again."""

    documents: int
    links: int


def retry_quarantined(catalog: Catalog) -> Retry:
    """Mark quarantined documents for rendering in the next run, for example after raising a limit, and forget quarantined links.

    A link that leads to a stored document stays, without what would make the next request conditional. Quarantined pages of
    rendered documents stay as well: other pages of the same document may already be annotated.
    """
    with catalog.transaction() as session:
        quarantined = session.exec(select(Document).where(Document.status == DocumentStatus.QUARANTINED)).all()
        for document in quarantined:
            document.status, document.reason = DocumentStatus.FETCHED, None
            session.add(document)
        links = session.exec(select(Link).where(col(Link.outcome).in_((LinkOutcome.QUARANTINED, LinkOutcome.FAILED)))).all()
        for link in links:
            link.etag = link.last_modified = None
            session.add(link)
            if link.outcome is LinkOutcome.QUARANTINED and link.document is None:
                session.delete(link)
        forgotten = sum(link.outcome is LinkOutcome.QUARANTINED for link in links)
        return Retry(documents=len(quarantined), links=forgotten)


def _link_problem(link: Link) -> Problem:
    return Problem(source=link.source, where=link.url, reason=link.reason or "")
