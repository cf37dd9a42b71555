"""What the supervisor tells the service's process, and the first thing that runs there: it must not outlive its parent.

``python serving/environment.py PARENT ARGUMENT...`` ties this process to its parent and becomes ``python ARGUMENT...``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

SUPERVISED_BY = "REDACTION_SUPERVISED_BY"
"""Environment variable: the process whose end must be the end of the service's workers too."""

MONITORING_FOLDER = "REDACTION_MONITORING_FOLDER"
"""Environment variable: where the record of requests goes. Without it, where BentoML's own configuration says."""

PR_SET_PDEATHSIG = 1
"""See prctl(2). The setting survives an exec but is not inherited, so BentoML's workers ask for themselves."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process, gently, when its parent ends in whatever way. Does nothing where it is not Linux's."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # it ended before we asked
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """See the module."""
    die_with_parent(int(sys.argv[1]))
    os.environ[SUPERVISED_BY] = str(os.getpid())
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])  # noqa: S606


if __name__ == "__main__":
    main()
