"""``redaction scheduler``: run the scheduled pipelines."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from redaction.workspace import Workspace


def scheduler(
    once: Annotated[bool, typer.Option("--once", help="Run what is due now, wait for it and exit; for cron.")] = False,
) -> None:
    """Run scheduled pipelines when they are due.

    `redaction run ... -s local_cron` stores a run that has a schedule.
    Stays in the foreground; Ctrl+C or SIGTERM stops it and the runs in progress.
    Exit status 1 when a run of --once fails.

    Example: redaction scheduler --once
    """
    from stacks.local.daemon import Scheduler
    from stacks.local.run_history import Outcome

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    daemon = Scheduler(Workspace.named_must_exist(), typer.echo)
    if not once:
        daemon.run_until(stop)
        return
    runs = daemon.run_once(stop)
    if not runs:
        typer.echo("Nothing is due.")
    if any(run.outcome is not Outcome.COMPLETED for run in runs):
        raise typer.Exit(1)
