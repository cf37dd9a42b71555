from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from redaction.catalog import Catalog, open_catalog
from redaction.catalog.tables import MonitoringWindow, Verdict
from redaction.lifecycle.trigger import open_retraining_requests
from redaction.monitoring.judgement import MonitoringJudgement
from redaction.monitoring.records import PageRecord
from redaction.monitoring.windows import Requests, last_judged_at, read_requests, record_window
from redaction.workspace import Workspace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(minute: float, boxes: float = 1.0, version: str = "v1", **change: object) -> str:
    logged: dict[str, object] = {**dict.fromkeys(PageRecord.model_fields, 0.5), "boxes": boxes, "version": version}
    logged |= {
        "received_at": (NOON + timedelta(minutes=minute)).timestamp(),
        "timestamp": "x",
        "request_id": "1",
        "trace_id": "2",
    }
    return json.dumps(logged | change)


def log(folder: Path, name: str, *lines: str, end: str = "\n") -> Path:
    path = folder / "redaction_pages" / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + end)
    return path


def test_files_of_all_workers_and_rotated_files_make_one_window(tmp_path: Path) -> None:
    log(tmp_path, "data.0.log", line(5, 5), line(6, 6))
    log(tmp_path, "data.1.log", line(4, 4))
    log(tmp_path, "data.0.log.2026-02-28", line(1, 1), line(2, 2))
    requests = read_requests(tmp_path, "v1")
    assert requests.pages["boxes"].tolist() == [1, 2, 4, 5, 6]
    assert (requests.started_at, requests.ended_at) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=6))
    assert list(requests.pages.columns) == [*PageRecord.model_fields, "document"]


def test_pages_keep_the_document_that_the_client_named(tmp_path: Path) -> None:
    log(tmp_path, "data.0.log", line(1, document="ab"), line(2, document=None), line(3), line(4, document="ab"))
    requests = read_requests(tmp_path, "v1")
    assert requests.pages["document"].tolist() == ["ab", None, None, "ab"], "earlier services recorded no document"
    assert requests.unreadable == 0


def test_no_page_is_judged_twice_when_timestamps_are_finer_than_the_catalog(tmp_path: Path) -> None:
    # within one microsecond, the resolution with which the catalog stores the end of a window
    log(
        tmp_path,
        "data.0.log",
        line(1, received_at=NOON.timestamp() + 0.1234564),
        line(1, received_at=NOON.timestamp() + 0.1234567),
    )
    first = read_requests(tmp_path, "v1")
    assert len(first.pages) == 2
    assert len(read_requests(tmp_path, "v1", first.ended_at).pages) == 0


def test_an_unfinished_line_is_left_for_the_next_window(tmp_path: Path) -> None:
    log(tmp_path, "data.0.log", line(1), line(2)[:-20], end="")
    requests = read_requests(tmp_path, "v1")
    assert (len(requests.pages), requests.unreadable) == (1, 0)
    log(tmp_path, "data.0.log", line(1), line(2))
    assert len(read_requests(tmp_path, "v1", requests.ended_at).pages) == 1


@pytest.mark.parametrize(
    "damaged",
    [
        line(2)[:40] + line(3),
        "",
        "[]",
        "null",
        "\x00\x00\x00",
        line(2, boxes="many"),  # type: ignore[arg-type]
        line(2, received_at="noon"),
        line(2, document=7),
        json.dumps({"version": "v1", "received_at": NOON.timestamp()}),
    ],
)
def test_a_damaged_line_is_counted_and_the_others_are_read(tmp_path: Path, damaged: str) -> None:
    log(tmp_path, "data.0.log", line(1), damaged, line(4))
    requests = read_requests(tmp_path, "v1")
    assert (len(requests.pages), requests.unreadable) == (2, 1)


def test_other_versions_are_skipped(tmp_path: Path) -> None:
    log(tmp_path, "data.0.log", line(1, 1), line(2, 2, version="v2"), line(3, 3))
    assert read_requests(tmp_path, "v2").pages["boxes"].tolist() == [2]
    assert read_requests(tmp_path, "v3").ended_at is None


def test_a_window_starts_after_the_last_judged_one(tmp_path: Path) -> None:
    log(tmp_path, "data.0.log", *(line(minute, minute) for minute in range(6)))
    assert read_requests(tmp_path, "v1", NOON + timedelta(minutes=3)).pages["boxes"].tolist() == [4, 5]


def test_rotated_files_of_earlier_days_are_not_read(tmp_path: Path) -> None:
    old = log(tmp_path, "data.0.log.2026-02-28", "not even JSON")
    os.utime(old, (NOON.timestamp() - 90_000,) * 2)
    log(tmp_path, "data.0.log", line(1))
    assert read_requests(tmp_path, "v1", NOON).unreadable == 0
    assert read_requests(tmp_path, "v1").unreadable == 1


def test_a_missing_log_holds_no_requests(tmp_path: Path) -> None:
    requests = read_requests(tmp_path / "nowhere", "v1")
    assert (len(requests.pages), requests.started_at) == (0, None)
    assert list(requests.pages.columns) == [*PageRecord.model_fields, "document"]


def test_a_hundred_thousand_lines_take_seconds(tmp_path: Path) -> None:
    log(tmp_path, "data.0.log", *(line(n / 1000, n) for n in range(100_000)))
    started = time.process_time()
    assert len(read_requests(tmp_path, "v1").pages) == 100_000
    assert time.process_time() - started < 10


def test_the_log_of_the_real_service_is_read(tmp_path: Path) -> None:
    """Runs the service's own log writer in a subprocess, because BentoML sets up its monitor once per process."""
    program = (
        "import numpy as np\n"
        "from redaction.pages.geometry import Detections\n"
        "from serving.app.request_log import RequestLog\n"
        "log = RequestLog('v7', 0.5)\n"
        "image = np.full((110, 85, 3), 240, np.uint8)\n"
        "found = Detections(np.array([[10, 10, 40, 20], [10, 50, 40, 60]], np.float32), np.array([0.9, 0.4], np.float32))\n"
        "for n in range(3):\n"
        "    log.add(image, found, 12.5 + n, [None, 'ab', 'cd'][n])\n"
        "log.close()\n"
    )
    from serving.app.names import MONITORING_FOLDER_VARIABLE

    started = datetime.now(UTC)
    environment = os.environ | {MONITORING_FOLDER_VARIABLE: str(tmp_path), "BENTOML_DO_NOT_TRACK": "true"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, timeout=120)
    requests = read_requests(tmp_path, "v7")
    assert requests.unreadable == 0
    assert requests.pages["latency_ms"].tolist() == [12.5, 13.5, 14.5]
    assert requests.pages["boxes"].tolist() == [1, 1, 1]
    assert requests.pages["document"].tolist() == [None, "ab", "cd"]
    assert requests.started_at is not None
    assert started <= requests.started_at <= datetime.now(UTC)


@pytest.fixture
def catalog(workspace: Workspace) -> Catalog:
    return open_catalog(workspace)


def judgement(verdict: Verdict) -> MonitoringJudgement:
    drifted = verdict == Verdict.DRIFTED
    return MonitoringJudgement(
        verdict=verdict, requests=120, reference_pages=300, reasons=("because",), retraining_requested=drifted
    )


def window(until: float, tmp_path: Path) -> Requests:
    log(tmp_path, "data.0.log", line(0), line(until))
    return read_requests(tmp_path, "v1")


def test_a_drifted_window_requests_a_retraining_in_the_catalog(catalog: Catalog, tmp_path: Path) -> None:
    number = record_window(catalog, judgement(Verdict.DRIFTED), "v1", window(9, tmp_path), "state/reports/w.html")
    with catalog.transaction() as session:
        (recorded,) = session.exec(select(MonitoringWindow)).all()
        assert [request.id for request in open_retraining_requests(session)] == [number]
    assert (recorded.version, recorded.requests, recorded.verdict, recorded.reasons) == ("v1", 120, Verdict.DRIFTED, ["because"])
    assert (recorded.started_at, recorded.ended_at, recorded.report) == (
        NOON,
        NOON + timedelta(minutes=9),
        "state/reports/w.html",
    )


def test_a_stable_window_requests_nothing(catalog: Catalog, tmp_path: Path) -> None:
    record_window(catalog, judgement(Verdict.STABLE), "v1", window(9, tmp_path))
    with catalog.transaction() as session:
        assert open_retraining_requests(session) == []


def test_a_window_with_too_few_requests_stays_open(catalog: Catalog, tmp_path: Path) -> None:
    assert last_judged_at(catalog, "v1") is None
    record_window(catalog, judgement(Verdict.STABLE), "v1", window(10, tmp_path))
    record_window(catalog, judgement(Verdict.TOO_FEW_REQUESTS), "v1", window(20, tmp_path))
    assert last_judged_at(catalog, "v1") == NOON + timedelta(minutes=10)
    record_window(catalog, judgement(Verdict.DRIFTED), "v1", window(30, tmp_path))
    assert last_judged_at(catalog, "v1") == NOON + timedelta(minutes=30)
    assert last_judged_at(catalog, "v2") is None, "each version has its own windows"
