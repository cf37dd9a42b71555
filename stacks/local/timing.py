"""When a schedule is due: pure arithmetic on the clock.

Cron expressions are read in the time zone of the machine (``TZ``, else the system's), as cron reads them. When clocks go forward,
a time that is skipped runs an hour later by the clock; when they go back, a time that comes twice runs once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from croniter import croniter

from redaction.values import Frozen


class Timing(Frozen):
    """The times of a schedule: by cron expression, else by interval from `start`, else once; never outside `start` to `end`."""

    cron: str | None = None
    interval: timedelta | None = None
    once: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None

    def last_due(self, after: datetime, until: datetime) -> datetime | None:
        """The latest of the times after `after` and not after `until`: however many were missed, one run makes up for them."""
        if self.end is not None:
            until = min(until, self.end)
        due = self._last_before_or_at(until)
        if due is None or not after < due <= until or (self.start is not None and due < self.start):
            return None
        return due

    def next_due(self, after: datetime) -> datetime | None:
        """The first of the times after `after`, if there is one."""
        due = self._first_after(max(after, self.start - timedelta(microseconds=1)) if self.start else after)
        return None if due is None or (self.end is not None and due > self.end) else due

    def _last_before_or_at(self, moment: datetime) -> datetime | None:
        if self.cron is not None:
            # croniter looks strictly before, and a cron time lies on a whole second
            before = _by_the_clock(moment).replace(microsecond=0) + timedelta(seconds=1)
            due: datetime = croniter(self.cron, before).get_prev(datetime)
            return _moment(due)
        if self.interval is not None and self.start is not None:
            passed = (moment - self.start) // self.interval
            return self.start + passed * self.interval if passed >= 0 else None
        return self.once if self.once is not None and self.once <= moment else None

    def _first_after(self, moment: datetime) -> datetime | None:
        if self.cron is not None:
            due: datetime = croniter(self.cron, _by_the_clock(moment)).get_next(datetime)
            return _moment(due)
        if self.interval is not None and self.start is not None:
            passed = (moment - self.start) // self.interval
            return self.start + max(passed + 1, 0) * self.interval
        return self.once if self.once is not None and self.once > moment else None


def _by_the_clock(moment: datetime) -> datetime:
    """What the clock on the wall shows, without a zone; `astimezone` of such a moment takes the machine's zone again."""
    return moment.astimezone().replace(tzinfo=None, fold=0)


def _moment(by_the_clock: datetime) -> datetime:
    first = by_the_clock.astimezone(UTC)
    # a time that the clocks skip comes back as another one; the later reading of it lies behind the gap
    return first if _by_the_clock(first) == by_the_clock else by_the_clock.replace(fold=1).astimezone(UTC)
