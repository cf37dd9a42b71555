"""Progress of long work: one callback, shown as bars in a terminal or as lines in a log."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

ProgressCallback = Callable[[str, int, int], None]
"""Called with the kind of work, the amount done, and the total as far as it is known."""

MIN_LOG_INTERVAL_S = 10.0
"""Time between two progress lines in the log."""

log = logging.getLogger(__name__)


def log_progress() -> ProgressCallback:
    """Report progress in the log, at most one line every `MIN_LOG_INTERVAL_S`."""
    last = time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= MIN_LOG_INTERVAL_S:
            last = time.monotonic()
            log.info("%s: %d of %d", what, done, total)

    return report


def shows_bars(console: Console) -> bool:
    """Whether to draw bars: on a terminal, unless ``NO_COLOR`` asks for plain text."""
    return console.is_terminal and "NO_COLOR" not in os.environ


@contextmanager
def progress_bars(console: Console) -> Iterator[ProgressCallback]:
    """Report progress as one bar for each kind of work, with the time remaining; only where `shows_bars`, cleared at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not shows_bars(console)) as bars:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


def format_duration(seconds: float) -> str:
    """A duration in words, in its two largest units: ``"1 h 5 min"``, ``"12 s"``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = {"d": days, "h": hours, "min": minutes, "s": seconds}
    return " ".join([f"{value} {unit}" for unit, value in parts.items() if value][:2]) or "0 s"
