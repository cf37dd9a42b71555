"""``redaction stack``: the ZenML stack that takes schedules on one machine."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Set up the local stack that takes schedules.")


@app.callback()
def _group() -> None:
    """A group, although it has one command so far."""


@app.command("setup", epilog="Then: zenml pipeline run pipelines.ct_cd.ct_cd -c FILE -s local_cron")
def setup() -> None:
    """Register the schedulable stack 'local_cron' with ZenML; may be repeated, and repairs what is half there."""
    from stacks.local.stack import STACK, set_up_stack

    for line in set_up_stack() or [f"The stack {STACK!r} is there already."]:
        typer.echo(line)
    typer.echo(f"A run whose configuration has a 'schedule:' is stored with '-s {STACK}', and run by 'redaction scheduler'.")
