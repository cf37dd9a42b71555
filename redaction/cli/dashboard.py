"""``redaction dashboard``: ZenML's own dashboard."""

from __future__ import annotations

from typing import Annotated

import typer


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens, on 127.0.0.1 only.")] = 8237,
    stop: Annotated[bool, typer.Option("--stop", help="Stop it. No run is touched.")] = False,
) -> None:
    """Start ZenML's dashboard in the background and print its address; runs, their graphs, logs and reports are there."""
    from stacks.local.dashboard import close_dashboard, open_dashboard

    if stop:
        typer.echo("The dashboard is stopped." if close_dashboard() else "The dashboard is not running.")
    else:
        typer.echo(f"The dashboard is at {open_dashboard(port)} ('redaction dashboard --stop' ends it).")
