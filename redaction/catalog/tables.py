"""Tables of the catalog: everything that was discovered, fetched, rendered, annotated, trained, deployed and monitored."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, TypeDecorator
from sqlmodel import Field, SQLModel

from redaction.dataset import Split, Style


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC. SQLite stores no time zone: it is removed on write and restored on read."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC without a time zone, for the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Restore the time zone of a value from the database."""
        return None if value is None else value.replace(tzinfo=UTC)


def _time(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)


class DocumentStatus(StrEnum):
    """Processing state of a document."""

    FETCHED = "fetched"
    RENDERED = "rendered"
    QUARANTINED = "quarantined"


class LinkOutcome(StrEnum):
    """Result of the last visit to a link."""

    FETCHED = "fetched"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"
    FAILED = "failed"


class Stage(StrEnum):
    """Deployment stage of a detector version."""

    PRODUCTION = "production"
    ARCHIVED = "archived"
    REFUSED = "refused"
    """The deployment failed the check with golden pages."""


class Verdict(StrEnum):
    """Result of monitoring one window of requests."""

    STABLE = "stable"
    DRIFTED = "drifted"
    TOO_FEW_REQUESTS = "too_few_requests"


class Source(SQLModel, table=True):
    """A place where documents are published."""

    __tablename__ = "sources"
    name: str = Field(primary_key=True)
    kind: str
    location: str
    checked_at: datetime | None = _time(default=None)


class Link(SQLModel, table=True):
    """A URL or local file at which a document was looked for."""

    __tablename__ = "links"
    url: str = Field(primary_key=True)
    source: str = Field(foreign_key="sources.name", index=True)
    etag: str | None = None
    last_modified: str | None = None
    outcome: LinkOutcome
    reason: str | None = None
    document: str | None = Field(default=None, foreign_key="documents.sha256", index=True)
    checked_at: datetime = _time(default_factory=now)


class Document(SQLModel, table=True):
    """One PDF, named by the SHA-256 of its bytes."""

    __tablename__ = "documents"
    sha256: str = Field(primary_key=True)
    file_name: str
    """Name under which it was published; shown to people and used to match annotations, never as a path."""
    source: str = Field(foreign_key="sources.name", index=True)
    size_bytes: int
    page_count: int | None = None
    status: DocumentStatus = DocumentStatus.FETCHED
    reason: str | None = None
    split: Split | None = None
    """Set when the first page is annotated and never changed afterwards."""
    first_seen_at: datetime = _time(default_factory=now)


class Page(SQLModel, table=True):
    """One page of a document: its image, or the reason why it could not be rendered."""

    __tablename__ = "pages"
    name: str = Field(primary_key=True)
    """``<document>/<four-digit page index>``; the index starts at 0."""
    document: str = Field(foreign_key="documents.sha256", index=True)
    page_index: int
    file_name: str = Field(index=True)
    """``<stem of the document's file name>_p<four-digit page number>``; the number starts at 1."""
    image: str | None = None
    """Path of the image, relative to the workspace; None for a page in quarantine."""
    width: int | None = None
    height: int | None = None
    dpi: float | None = None
    sha256: str | None = Field(default=None, index=True)
    perceptual_hash: str | None = None
    features: dict[str, float] | None = Field(default=None, sa_column=Column(JSON))
    """See `redaction.pages.features.PageFeatures`."""
    reason: str | None = None
    """Why the page is in quarantine; None for a rendered page."""
    rendered_at: datetime = _time(default_factory=now)


class Annotation(SQLModel, table=True):
    """The boxes that a person accepted for a page, possibly none: pages without redactions are annotations, too."""

    __tablename__ = "annotations"
    page: str = Field(primary_key=True, foreign_key="pages.name")
    annotator: str
    tool: str
    annotated_at: datetime = _time(default_factory=now)
    imported_at: datetime = _time(default_factory=now, index=True)
    digest: str
    """SHA-256 of the boxes, which makes imports idempotent."""


class AnnotatedBox(SQLModel, table=True):
    """One box of an annotation, in page pixels."""

    __tablename__ = "boxes"
    id: int | None = Field(default=None, primary_key=True)
    page: str = Field(foreign_key="annotations.page", index=True)
    x0: float
    y0: float
    x1: float
    y1: float
    label: str = "redaction"
    style: Style = Style.UNKNOWN


class TrainingRun(SQLModel, table=True):
    """One training, recorded when its data are read."""

    __tablename__ = "training_runs"
    run: str = Field(primary_key=True)
    """Name of the pipeline run."""
    revision: str
    annotated_pages: int
    data_read_at: datetime = _time(default_factory=now)
    finished_at: datetime | None = _time(default=None)
    version: str | None = None
    """Version of the trained detector."""
    comparison: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """See `redaction.evaluation.metrics.Comparison`."""
    decision: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """See `redaction.lifecycle.gate.Decision`."""


class Deployment(SQLModel, table=True):
    """Deployment of a detector version, or an attempt at one."""

    __tablename__ = "deployments"
    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(index=True)
    detector_digest: str
    bento_tag: str | None = None
    revision: str | None = None
    """Workspace revision that holds the detector."""
    stage: Stage
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON))
    deployed_at: datetime = _time(default_factory=now)
    retired_at: datetime | None = _time(default=None)


class MonitoringWindow(SQLModel, table=True):
    """A monitored window of requests to the service."""

    __tablename__ = "monitoring_windows"
    id: int | None = Field(default=None, primary_key=True)
    version: str
    started_at: datetime | None = _time(default=None)
    ended_at: datetime | None = _time(default=None)
    judged_at: datetime = _time(default_factory=now)
    requests: int
    verdict: Verdict
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON))
    retraining_requested: bool = False
    report: str | None = None
    """Path of the HTML report, relative to the workspace."""
    answered_by: str | None = Field(default=None, foreign_key="training_runs.run")
    """Training run that followed the retraining request."""


def page_name(document: str, page_index: int) -> str:
    """Name of a page: ``<document>/<four-digit page index>``."""
    return f"{document}/{page_index:04d}"
