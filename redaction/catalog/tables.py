"""The catalog's tables: the one place that knows what has been seen, fetched, rendered, annotated, learnt from and served."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, TypeDecorator
from sqlmodel import Field, SQLModel

from redaction.dataset import Split, Style


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC. SQLite keeps no time zone, so it is taken off on the way in and put back on the way out."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: UTC with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


def _time(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)


class DocumentStatus(StrEnum):
    """How far a document has come."""

    FETCHED = "fetched"
    RENDERED = "rendered"
    QUARANTINED = "quarantined"


class LinkOutcome(StrEnum):
    """What the last visit to a URL found."""

    FETCHED = "fetched"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"
    FAILED = "failed"


class Stage(StrEnum):
    """Where a detector's version stands."""

    PRODUCTION = "production"
    ARCHIVED = "archived"
    REFUSED = "refused"
    """It was to be deployed, but failed the check with golden pages."""


class Verdict(StrEnum):
    """What monitoring says of one window of requests."""

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
    """An address (a URL, or a file in a local folder) at which a document was looked for."""

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
    """As published, for people and for matching annotations; never used as a path."""
    source: str = Field(foreign_key="sources.name", index=True)
    size_bytes: int
    page_count: int | None = None
    status: DocumentStatus = DocumentStatus.FETCHED
    reason: str | None = None
    split: Split | None = None
    """Set when the first page is annotated, never changed afterwards."""
    first_seen_at: datetime = _time(default_factory=now)


class Page(SQLModel, table=True):
    """One rendered page of a document, or the reason why it could not be rendered."""

    __tablename__ = "pages"
    name: str = Field(primary_key=True)
    """``<document>/<four-digit page index>``; the index counts from 0."""
    document: str = Field(foreign_key="documents.sha256", index=True)
    page_index: int
    file_name: str = Field(index=True)
    """``<stem of the document's file name>_p<four-digit page number>``; the number counts from 1, as people do."""
    image: str | None = None
    """The image file, relative to the workspace; none for a page in quarantine."""
    width: int | None = None
    height: int | None = None
    dpi: float | None = None
    sha256: str | None = Field(default=None, index=True)
    perceptual_hash: str | None = None
    features: dict[str, float] | None = Field(default=None, sa_column=Column(JSON))
    """See `redaction.pages.features.PageFeatures`."""
    reason: str | None = None
    """Why the page is in quarantine; none for a rendered page."""
    rendered_at: datetime = _time(default_factory=now)


class Annotation(SQLModel, table=True):
    """What a person accepted for a page. Its boxes may be none: that the page holds no redaction is worth knowing."""

    __tablename__ = "annotations"
    page: str = Field(primary_key=True, foreign_key="pages.name")
    annotator: str
    tool: str
    annotated_at: datetime = _time(default_factory=now)
    imported_at: datetime = _time(default_factory=now, index=True)
    digest: str
    """SHA-256 of the boxes: the same annotation imported again changes nothing."""


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
    """A training, from the moment its data were read."""

    __tablename__ = "training_runs"
    run: str = Field(primary_key=True)
    """Name of the pipeline run."""
    revision: str
    annotated_pages: int
    data_read_at: datetime = _time(default_factory=now)
    finished_at: datetime | None = _time(default=None)
    version: str | None = None
    """Version of the detector that came out of it."""
    comparison: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """See `redaction.evaluation.Comparison`."""
    decision: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """See `redaction.lifecycle.gate.Decision`."""


class Deployment(SQLModel, table=True):
    """A detector version that was put, or was to be put, into production."""

    __tablename__ = "deployments"
    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(index=True)
    detector_digest: str
    bento_tag: str | None = None
    revision: str | None = None
    """Workspace revision that holds the detector's folder."""
    stage: Stage
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON))
    deployed_at: datetime = _time(default_factory=now)
    retired_at: datetime | None = _time(default=None)


class MonitoringWindow(SQLModel, table=True):
    """A stretch of requests to the service, judged."""

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
    """The readable report, relative to the workspace."""
    answered_by: str | None = Field(default=None, foreign_key="training_runs.run")
    """The training run that took the request up."""


def page_name(document: str, page_index: int) -> str:
    """The name of a page: ``<document>/<four-digit page index>``."""
    return f"{document}/{page_index:04d}"
