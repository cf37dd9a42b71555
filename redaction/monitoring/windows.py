"""Windows of requests: what the service logged since the last judged one, and the judgement in the catalog."""

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
"""BentoML's monitor: a file for each worker, and one more with the date at its end for each day gone by."""


@dataclass(frozen=True)
class Requests:
    """Pages that one version of the detector answered, oldest first."""

    pages: pd.DataFrame
    """One row a page, with the fields of `PageRecord`."""
    started_at: datetime | None
    """When the first of them was received."""
    ended_at: datetime | None
    unreadable: int
    """Lines that are no page record: cut off by a crash, say."""


def read_requests(folder: Path, version: str, since: datetime | None = None) -> Requests:
    """What the service logged of pages that `version` answered, received after `since`.

    Args:
        folder: where the service's monitor writes (``.../redaction_pages``), or a folder above it; one that is not there holds no
            request.
        version: the detector's; lines of other versions are passed over.
        since: end of the last judged window. A page that was received before it but logged after it was read is lost: at most
            the few that were in flight.
    """
    rows: list[tuple[datetime, PageRecord]] = []
    unreadable = 0
    for line in _lines(folder, since):
        try:
            logged = json.loads(line)
            received_at = datetime.fromtimestamp(logged["received_at"], UTC)
            if logged["version"] != version or (since and received_at <= since):
                continue
            rows.append((received_at, _record(logged)))
        except (ValueError, KeyError, TypeError, OverflowError):  # pydantic's and JSON's errors are ValueErrors
            unreadable += 1
    rows.sort(key=lambda row: row[0])
    times = [received_at for received_at, _ in (*rows[:1], *rows[-1:])]
    pages = pd.DataFrame([record.model_dump() for _, record in rows], columns=list(PageRecord.model_fields), dtype=float)
    return Requests(pages, times[0] if times else None, times[-1] if times else None, unreadable)


def judged_until(catalog: Catalog, version: str) -> datetime | None:
    """Where the next window of `version` begins: after the last that was judged. Too few requests wait for more to come."""
    with catalog.transaction() as session:
        windows = select(MonitoringWindow.ended_at).where(
            MonitoringWindow.version == version,
            col(MonitoringWindow.verdict) != Verdict.TOO_FEW_REQUESTS,
            col(MonitoringWindow.ended_at).is_not(None),
        )
        return session.exec(windows.order_by(col(MonitoringWindow.ended_at).desc())).first()


def record_window(
    catalog: Catalog, judgement: MonitoringJudgement, version: str, requests: Requests, report: str | None = None
) -> int:
    """Keep the judgement in the catalog, where the next check for a retraining reads it.

    Args:
        catalog: an open one.
        judgement: of `requests`.
        version: the detector's.
        requests: the window.
        report: where the readable report lies, relative to the workspace.

    Returns:
        the window's number.
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
        assert window.id is not None  # noqa: S101 - the database has just given it
        return window.id


def _lines(folder: Path, since: datetime | None) -> Iterator[bytes]:
    for path in sorted(folder.rglob(LOG_FILES)):
        # a file of a day gone by is passed over unread
        if since and path.stat().st_mtime < since.timestamp():
            continue
        with path.open("rb") as file:
            # the service may be writing the last line just now
            yield from (line for line in file if line.endswith(b"\n"))


def _record(logged: dict[str, Any]) -> PageRecord:
    return PageRecord.model_validate({name: logged[name] for name in PageRecord.model_fields})
