"""Put a detector into production: store its version, check it with golden pages, and serve it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlmodel import col, select

from redaction.annotations.dataset import read_dataset
from redaction.catalog import open_catalog
from redaction.catalog.tables import Page
from redaction.checkpoints import checkpoint
from redaction.dataset import AnnotatedPage, Dataset, Split
from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.evaluation.panel import PanelConfig, load_or_make_panel
from redaction.lifecycle.versions import golden_images, store_reference, store_version
from redaction.workspace import Workspace
from serving.release.golden import golden_pages
from serving.release.release import DeploymentOutcome, deploy

STAND_IN = PanelConfig(redacted_pages=15, clean_pages=15)
"""Synthetic pages for a workspace that has no annotated or no rendered ones yet; as few as make a reference window."""


def put_into_production(
    workspace: Workspace,
    detector: Detector,
    golden: Sequence[Path],
    store_reference: Callable[[Detector], None],
    host: str | None = None,
    port: int | None = None,
) -> DeploymentOutcome:
    """Store the detector as a version, in a checkpoint, and let it replace the service in production.

    Args:
        workspace: of the service.
        detector: the detector.
        golden: page images on which the service must give the detector's own detections.
        store_reference: writes the stored version's reference window for monitoring.
        host: see `serving.release.release.deploy`.
        port: see `serving.release.release.deploy`.

    Raises:
        RedactionError: the version is taken by another detector, or the Bento could not be built.
    """
    stored = store_version(workspace, detector)
    store_reference(stored)
    pinned = checkpoint(workspace, f"Detector {stored.version}")
    pages = golden_pages(Predictor(stored), golden)
    return deploy(workspace, stored.folder, stored.version, pages, host, port, pinned.revision)


def deploy_by_hand(
    workspace: Workspace, detector: Detector, host: str | None = None, port: int | None = None
) -> DeploymentOutcome:
    """Put any detector into production, whatever the gate says. Raises as `put_into_production` does.

    It is checked on annotated pages, or on synthetic ones where nothing is annotated. Its reference window is written again, from
    the pages that the workspace holds now.
    """
    annotated = read_dataset(workspace, None)
    golden = annotated if annotated.pages else load_or_make_panel(STAND_IN, workspace.state / "panel")
    ordinary = annotated if annotated.pages else _rendered_pages(workspace)
    if not ordinary.pages:
        ordinary = golden

    def renew_reference(stored: Detector) -> None:
        store_reference(workspace, stored, ordinary, renew=True)

    return put_into_production(workspace, detector, golden_images(golden), renew_reference, host, port)


def _rendered_pages(workspace: Workspace) -> Dataset:
    """Every rendered page, annotated or not. Nobody knows their boxes, and no detector was trained on them."""
    with open_catalog(workspace).snapshot() as session:
        rows = session.exec(select(Page).where(col(Page.image).is_not(None)).order_by(Page.name)).all()
    pages = tuple(
        AnnotatedPage(
            page=row.name, document=row.document, image=str(workspace.inside(row.image or "")), sha256=row.sha256 or "",
            width=row.width or 0, height=row.height or 0, split=Split.TEST,
        )
        for row in rows
    )  # fmt: skip
    return Dataset(root=str(workspace.root), pages=pages)
