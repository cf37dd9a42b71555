"""What is found in a document: one schema for the command line, the service and every later interface.

Coordinates, everywhere in this schema: pixels of the page image, with the origin at its top left corner, x to the right and y
downwards; ``x1`` and ``y1`` lie just outside the box. See `redaction.pages.geometry`.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from redaction.pages.geometry import Detections, covered_share
from redaction.pages.image import PageImage
from redaction.values import Frozen


class Redaction(Frozen):
    """One detected redaction, in pixels of the page image."""

    x0: float = Field(description="Left edge.")
    y0: float = Field(description="Top edge.")
    x1: float = Field(description="Right edge, just outside the box.")
    y1: float = Field(description="Bottom edge, just outside the box.")
    score: float = Field(ge=0, le=1, description="The detector's confidence.")


class PageFindings(Frozen):
    """What is found on one page image."""

    width: int = Field(description="Of the page image, in pixels.")
    height: int = Field(description="Of the page image, in pixels.")
    redactions: tuple[Redaction, ...] = Field((), description="Highest score first.")
    covered_share: float = Field(ge=0, le=1, description="Share of the page under at least one redaction.")


class PageReport(Frozen):
    """One page of a document."""

    page: int = Field(ge=1, description="Number of the page, counted from 1.")
    findings: PageFindings | None = Field(None, description="Null where the page could not be read.")
    error: str | None = Field(None, description="Why the page could not be read.")
    warnings: tuple[str, ...] = Field((), description="What makes the findings on this page less reliable, such as its shape.")


class DocumentReport(Frozen):
    """What is found in one document."""

    file: str = Field(description="Name of the file.")
    detector: str = Field(description="Version of the detector.")
    digest: str = Field(description="SHA-256 that identifies the detector.")
    workspace: str | None = Field(None, description="Folder of the workspace that the detector was found in; null for any other.")
    threshold: float = Field(ge=0, le=1, description="Lowest score that counts.")
    pages: tuple[PageReport, ...]
    warnings: tuple[str, ...] = Field((), description="What was not looked at or may be missing, such as embedded files.")

    @property
    def redaction_count(self) -> int:
        """Number of redactions on all pages."""
        return sum(len(page.findings.redactions) for page in self.pages if page.findings)

    @property
    def redacted_pages(self) -> int:
        """Number of pages with at least one redaction."""
        return sum(bool(page.findings and page.findings.redactions) for page in self.pages)

    @property
    def unread_pages(self) -> int:
        """Number of pages that could not be read."""
        return sum(page.findings is None for page in self.pages)


def page_findings(image: PageImage, detections: Detections, threshold: float) -> PageFindings:
    """The detections on a page image whose score is `threshold` or more."""
    height, width = image.shape[:2]
    found = detections.at_least(threshold)
    return PageFindings(
        width=width, height=height, redactions=_redactions(found), covered_share=covered_share(found.xyxy, width, height)
    )


def _redactions(detections: Detections) -> tuple[Redaction, ...]:
    rows = np.column_stack([detections.xyxy, detections.scores])
    # the shortest decimal number that is the same float32: 164.4 and not 164.3999938964844
    return tuple(Redaction(**dict(zip(Redaction.model_fields, map(float, map(str, row)), strict=True))) for row in rows)
