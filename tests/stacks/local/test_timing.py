"""When a schedule is due, including around clock changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.local.timing import Timing


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A time zone with clock changes, at 1:00 UTC on 29 March and on 25 October 2026."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHTLY = Timing(cron="30 2 * * *")
HOURLY_FROM_NOON = Timing(interval=timedelta(hours=1), start=utc("2026-06-01 12:00"))


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("timing", "after", "until", "due"),
    [
        (NIGHTLY, "2026-06-01 00:00", "2026-06-01 00:29:59", None),
        (NIGHTLY, "2026-06-01 00:00", "2026-06-01 00:30", "2026-06-01 00:30"),  # 2:30 in summer
        (NIGHTLY, "2026-06-01 00:30", "2026-06-01 00:30", None),  # that time has been run
        (NIGHTLY, "2026-06-01 00:00", "2026-06-09 12:00", "2026-06-09 00:30"),  # nine missed times: one run
        (NIGHTLY, "2026-12-01 00:00", "2026-12-01 01:30", "2026-12-01 01:30"),  # 2:30 in winter
        # 2:30 is skipped that night: the run is at 3:30 summer time
        (NIGHTLY, "2026-03-28 12:00", "2026-03-29 01:10", None),
        (NIGHTLY, "2026-03-28 12:00", "2026-03-29 01:30", "2026-03-29 01:30"),
        # 2:30 comes twice that night: only the first counts
        (NIGHTLY, "2026-10-24 12:00", "2026-10-25 00:30", "2026-10-25 00:30"),
        (NIGHTLY, "2026-10-25 00:30", "2026-10-25 01:45", None),
        (Timing(cron="30 2 * * *", start=utc("2026-06-05 00:00")), "2026-06-01 00:00", "2026-06-02 12:00", None),
        (Timing(cron="30 2 * * *", end=utc("2026-06-05 00:00")), "2026-06-01 00:00", "2026-06-09 12:00", "2026-06-04 00:30"),
        (Timing(cron="30 2 * * *", end=utc("2026-06-05 00:00")), "2026-06-04 00:30", "2026-06-09 12:00", None),
        (HOURLY_FROM_NOON, "2026-05-01 00:00", "2026-06-01 11:59", None),
        (HOURLY_FROM_NOON, "2026-05-01 00:00", "2026-06-01 12:00", "2026-06-01 12:00"),
        (HOURLY_FROM_NOON, "2026-06-01 12:30", "2026-06-01 15:59", "2026-06-01 15:00"),
        (Timing(once=utc("2026-06-01 12:00")), "2026-05-01 00:00", "2026-06-03 00:00", "2026-06-01 12:00"),
        (Timing(once=utc("2026-06-01 12:00")), "2026-06-01 12:00", "2026-06-03 00:00", None),
        # a cron expression takes precedence over an interval, as ZenML documents
        (Timing(cron="30 2 * * *", interval=timedelta(hours=1), start=utc("2026-06-01 00:00")),
         "2026-06-01 00:00", "2026-06-01 09:00", "2026-06-01 00:30"),
    ],
)  # fmt: skip
def test_the_last_due_time_replaces_all_missed_ones(timing: Timing, after: str, until: str, due: str | None) -> None:
    assert timing.last_due(utc(after), utc(until)) == (utc(due) if due else None)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
timings = st.one_of(
    st.sampled_from(["* * * * *", "*/7 3-9 * * 1-5", "30 2 * * *", "0 0 1 * *"]).map(lambda cron: Timing(cron=cron)),
    st.builds(lambda start, minutes: Timing(interval=timedelta(minutes=minutes), start=start), moments, st.integers(1, 5000)),
    moments.map(lambda once: Timing(once=once)),
)


@given(timings, moments)
def test_the_next_due_time_is_due_at_that_moment_and_not_before(timing: Timing, now: datetime) -> None:
    due = timing.next_due(now)
    if due is None:
        assert timing.once is not None
    else:
        assert due > now
        assert timing.last_due(now, due) == due
        assert timing.last_due(now, due - timedelta(microseconds=1)) is None
