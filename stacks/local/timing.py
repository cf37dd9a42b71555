"""When a schedule is due: pure date arithmetic.

Cron expressions are read in the machine's time zone (``TZ``, else the system's), as cron reads them. When clocks go forward, a
skipped time runs one hour later; when clocks go back, a repeated time runs once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

from croniter import croniter

from redaction.values import Frozen


@overload
def as_utc(moment: datetime) -> datetime: ...
@overload
def as_utc(moment: None) -> None: ...
def as_utc(moment: datetime | None) -> datetime | None:
    """Add the zone to a datetime without one: ZenML stores datetimes in UTC, without a zone."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


class Timing(Frozen):
    """The times of a schedule: a cron expression, else an interval from `start`, else one time; only from `start` to `end`."""

    cron: str | None = None
    interval: timedelta | None = None
    once: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None

    def last_due(self, after: datetime, until: datetime) -> datetime | None:
        """The latest due time in ``(after, until]``, so that one run makes up for any number of missed ones."""
        if self.end is not None:
            until = min(until, self.end)
        due = self._last_before_or_at(until)
        if due is None or not after < due <= until or (self.start is not None and due < self.start):
            return None
        return due

    def next_due(self, after: datetime) -> datetime | None:
        """The first due time later than `after`, if there is one."""
        due = self._first_after(max(after, self.start - timedelta(microseconds=1)) if self.start else after)
        return None if due is None or (self.end is not None and due > self.end) else due

    def _last_before_or_at(self, moment: datetime) -> datetime | None:
        if self.cron is not None:
            # croniter searches strictly before, and cron times fall on whole seconds
            before = _wall_clock(moment).replace(microsecond=0) + timedelta(seconds=1)
            due: datetime = croniter(self.cron, before).get_prev(datetime)
            return _from_wall_clock(due)
        if self.interval is not None and self.start is not None:
            passed = (moment - self.start) // self.interval
            return self.start + passed * self.interval if passed >= 0 else None
        return self.once if self.once is not None and self.once <= moment else None

    def _first_after(self, moment: datetime) -> datetime | None:
        if self.cron is not None:
            due: datetime = croniter(self.cron, _wall_clock(moment)).get_next(datetime)
            return _from_wall_clock(due)
        if self.interval is not None and self.start is not None:
            passed = (moment - self.start) // self.interval
            return self.start + max(passed + 1, 0) * self.interval
        return self.once if self.once is not None and self.once > moment else None


def _wall_clock(moment: datetime) -> datetime:
    """Local time without a zone; `astimezone` of the result assumes the machine's zone."""
    return moment.astimezone().replace(tzinfo=None, fold=0)


def _from_wall_clock(wall_clock: datetime) -> datetime:
    first = wall_clock.astimezone(UTC)
    # a skipped time does not survive the round trip; with fold=1 it is read as the time after the gap
    return first if _wall_clock(first) == wall_clock else wall_clock.replace(fold=1).astimezone(UTC)
