"""Processes that end with their parent, even if the parent is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""See prctl(2). The setting survives exec but is not inherited, so each child sets it again."""


def die_with_parent(parent: int, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent ends. Does nothing on systems other than Linux.

    Args:
        parent: process id of the parent.
        with_signal: the signal; sent immediately if the parent has already ended.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, with_signal, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), with_signal)
