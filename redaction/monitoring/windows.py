"""Windows of requests: read what the service logged since the last judged window, and record judgements in the catalog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlmodel import col, select

from redaction.catalog import Catalog
from redaction.catalog.tables import MonitoringWindow, Verdict
from redaction.monitoring.judgement import MonitoringJudgement
from redaction.monitoring.records import PageRecord

LOG_FILES = "data/data.*.log*"
"""BentoML's monitor writes one file per worker, and renames it every day by appending the date."""


@dataclass(frozen=True)
class Requests:
    """Pages that one version of the detector answered, oldest first."""

    pages: pd.DataFrame
    """One row per page: the fields of `PageRecord`, and `document`, a name of the page's document or None if it is unknown."""
    started_at: datetime | None
    """When the first of them was received."""
    ended_at: datetime | None
    unreadable: int
    """Lines that are not page records, such as one cut off by a crash."""


def read_requests(folder: Path, version: str, since: datetime | None = None) -> Requests:
    """Read the log of the pages that `version` answered and that were received after `since`.

    Args:
        folder: where the service's monitor writes (``.../redaction_pages``), or a folder above it; a missing folder holds no
            requests.
        version: the detector's; lines of other versions are skipped.
        since: end of the last judged window. Pages that were received before it but logged after it was read are lost; these
            are at most the few in flight.
    """
    rows: list[tuple[datetime, PageRecord, str | None]] = []
    unreadable = 0
    for line in _lines(folder, since):
        try:
            logged = json.loads(line)
            received_at = datetime.fromtimestamp(logged["received_at"], UTC)
            if logged["version"] != version or (since and received_at <= since):
                continue
            rows.append((received_at, _record(logged), _document(logged)))
        except (ValueError, KeyError, TypeError, OverflowError):  # errors of pydantic and JSON are ValueErrors
            unreadable += 1
    rows.sort(key=lambda row: row[0])
    times = [row[0] for row in (*rows[:1], *rows[-1:])]
    pages = pd.DataFrame([record.model_dump() for _, record, _ in rows], columns=list(PageRecord.model_fields), dtype=float)
    pages["document"] = pd.Series([document for *_, document in rows], dtype=object)
    return Requests(pages, times[0] if times else None, times[-1] if times else None, unreadable)


def last_judged_at(catalog: Catalog, version: str) -> datetime | None:
    """End of the last judged window of `version`, after which the next begins; one with too few requests stays open."""
    with catalog.snapshot() as session:
        windows = select(MonitoringWindow.ended_at).where(
            MonitoringWindow.version == version,
            col(MonitoringWindow.verdict) != Verdict.TOO_FEW_REQUESTS,
            col(MonitoringWindow.ended_at).is_not(None),
        )
        return session.exec(windows.order_by(col(MonitoringWindow.ended_at).desc())).first()


def record_window(
    catalog: Catalog, judgement: MonitoringJudgement, version: str, requests: Requests, report: str | None = None
) -> int:
    """Record the judgement in the catalog, where the next retraining check reads it.

    Args:
        catalog: the open catalog.
        judgement: of `requests`.
        version: the detector's.
        requests: the window.
        report: path of the HTML report, relative to the workspace.

    Returns:
        The id of the window.
    """
    with catalog.transaction() as session:
        window = MonitoringWindow(
            version=version,
            started_at=requests.started_at,
            ended_at=requests.ended_at,
            requests=judgement.requests,
            verdict=judgement.verdict,
            reasons=list(judgement.reasons),
            retraining_requested=judgement.retraining_requested,
            report=report,
        )
        session.add(window)
        session.flush()
        assert window.id is not None  # noqa: S101 - assigned by the flush
        return window.id


def _lines(folder: Path, since: datetime | None) -> Iterator[bytes]:
    for path in sorted(folder.rglob(LOG_FILES)):
        # skip rotated files of earlier days
        if since and path.stat().st_mtime < since.timestamp():
            continue
        with path.open("rb") as file:
            # the service may still be writing the last line
            yield from (line for line in file if line.endswith(b"\n"))


def _record(logged: dict[str, Any]) -> PageRecord:
    return PageRecord.model_validate({name: logged[name] for name in PageRecord.model_fields})


def _document(logged: dict[str, Any]) -> str | None:
    """The document that the client named; None in lines of earlier services, which do not record it."""
    document = logged.get("document")
    if not isinstance(document, str | None):
        raise TypeError("the document is no string")
    return document or None
