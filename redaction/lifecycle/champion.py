"""Look up the detector in production."""

from __future__ import annotations

from sqlmodel import select

from redaction.catalog import Catalog
from redaction.catalog.tables import Deployment, Stage
from redaction.values import Frozen


class Champion(Frozen):
    """The detector in production."""

    version: str
    detector_digest: str


class Production(Frozen):
    """The champion of a workspace; None if nothing is in production."""

    workspace: str
    champion: Champion | None


def production(catalog: Catalog, workspace_root: str) -> Production:
    """Look the champion up in the catalog."""
    with catalog.snapshot() as session:
        row = session.exec(select(Deployment).where(Deployment.stage == Stage.PRODUCTION)).one_or_none()
    champion = Champion(version=row.version, detector_digest=row.detector_digest) if row else None
    return Production(workspace=workspace_root, champion=champion)
