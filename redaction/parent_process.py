"""A process that ends when its parent does, however the parent ends.

``python redaction/parent_process.py PARENT ARGUMENT...`` ties this process to the process PARENT and becomes
``python ARGUMENT...``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

SUPERVISED_BY = "REDACTION_SUPERVISED_BY"
"""Environment variable that `main` sets: the process that the workers of its program must not outlive."""

PR_SET_PDEATHSIG = 1
"""See prctl(2). The setting survives an exec but is not inherited, so a child has to set it again."""


def die_with_parent(parent: int, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent ends. Does nothing on systems other than Linux.

    Args:
        parent: the process number of the parent.
        with_signal: the signal; it is sent at once if the parent is gone already.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, with_signal, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), with_signal)


def main() -> None:
    """Tie this process to its parent and replace it by another Python program."""
    die_with_parent(int(sys.argv[1]))
    os.environ[SUPERVISED_BY] = str(os.getpid())
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])  # noqa: S606


if __name__ == "__main__":
    main()
