"""``redaction dashboard``: ZenML's own dashboard."""

from __future__ import annotations

from typing import Annotated

import typer


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8237,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the dashboard; runs are not affected.")] = False,
) -> None:
    """Start ZenML's dashboard: runs, their graphs, logs and reports.

    It runs in the background until it is stopped.

    Example: redaction dashboard --port 8300
    """
    from stacks.local.dashboard import close_dashboard, open_dashboard

    if stop:
        typer.echo("The dashboard is stopped." if close_dashboard() else "The dashboard is not running.")
    else:
        typer.echo("Opening ZenML's dashboard, which takes a minute if it does not run yet ...", err=True)
        typer.echo(f"The runs are at {open_dashboard(port)} ('redaction dashboard --stop' stops the dashboard).")
