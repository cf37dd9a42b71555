"""``redaction stack``: set up the ZenML stack that runs schedules on one machine."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Set up the local ZenML stack that supports schedules.")


@app.callback()
def _group() -> None:
    """Keep this a group although it has only one command."""


@app.command("setup")
def setup() -> None:
    """Register the stack 'local_cron' with ZenML, or repair it.

    Afterwards: redaction run ct_cd -c FILE -s local_cron

    Example: redaction stack setup
    """
    from stacks.local.stack import STACK_NAME, set_up_stack

    for line in set_up_stack() or [f"The stack {STACK_NAME!r} is already registered."]:
        typer.echo(line)
    typer.echo(f"Store a run whose configuration has a 'schedule:' with '-s {STACK_NAME}'; 'redaction scheduler' runs it.")
