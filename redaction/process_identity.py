"""A process that can be found again later, by another process."""

from __future__ import annotations

import os

import psutil

from redaction.values import Frozen

MAX_CLOCK_DIFFERENCE_S = 0.1


class ProcessIdentity(Frozen):
    """A process ID with its creation time, because the operating system reuses process IDs."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """The process that has this ID now.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    @classmethod
    def own(cls) -> ProcessIdentity:
        """This process."""
        return cls.of(os.getpid())

    def process(self) -> psutil.Process | None:
        """The process, unless it has ended or is a zombie."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.created) < MAX_CLOCK_DIFFERENCE_S
            return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None
