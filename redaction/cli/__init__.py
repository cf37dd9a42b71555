"""The ``redaction`` command: what people do by hand.

Each group lives in a module of its own and imports what is heavy only when it runs, so that ``redaction --help`` is quick and
nothing but training ever loads torch.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from redaction.errors import RedactionError

app = typer.Typer(
    name="redaction",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Keep a redaction detector alive: find documents, annotate, train, deploy, watch.",
)


def main() -> None:
    """Run the command; a fault that a person can put right is one sentence and exit status 1."""
    from redaction.cli import commands

    commands.register(app)
    try:
        app()
    except RedactionError as error:
        Console(stderr=True).print(f"[red]redaction:[/red] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)
