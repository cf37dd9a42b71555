"""``redaction scheduler``: run the pipelines that were stored with a schedule."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from redaction.workspace import Workspace


def scheduler(
    once: Annotated[bool, typer.Option("--once", help="Run what is due now, wait for it, and end: for cron.")] = False,
) -> None:
    """Run what 'zenml pipeline run ... -s local_cron' stored with a schedule, when it is due.

    Stays in the foreground; Ctrl+C or SIGTERM stops it and the runs in progress.
    """
    from stacks.local.daemon import Scheduler
    from stacks.local.record import Outcome

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    daemon = Scheduler(Workspace.at(), typer.echo)
    if not once:
        daemon.run_until(stop)
        return
    fires = daemon.run_once(stop)
    if not fires:
        typer.echo("Nothing is due.")
    if any(fire.outcome is not Outcome.COMPLETED for fire in fires):
        raise typer.Exit(1)
