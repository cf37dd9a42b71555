"""What the commands print with: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Column, Table

PIPE_WIDTH = 132
"""Width of tables on a pipe, in columns. A pipe has no width of its own, and rich would assume 80."""

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output, and nothing else.")]


def open_console(stderr: bool = False) -> Console:
    """A console as wide as the terminal, `COLUMNS` or `PIPE_WIDTH`; it prints text as it is, without rich's markup.

    Much of what the commands print was chosen by strangers: file names, addresses, rows of annotation files.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def new_table(*columns: str | Column, title: str | None = None) -> Table:
    """A table whose text columns wrap what does not fit, instead of cutting it off."""
    from rich.table import Column, Table

    folding = (Column(column, overflow="fold") if isinstance(column, str) else column for column in columns)
    return Table(*folding, title=title)


def print_table_that_fits(console: Console, build: Callable[[bool], Table]) -> bool:
    """Print the detailed table `build(True)` if it fits the console, and otherwise `build(False)`; tells whether it fitted."""
    detailed = build(True)
    needed = console.measure(detailed, options=console.options.update_width(10_000)).maximum
    fits = needed <= console.width
    console.print(detailed if fits else build(False))
    return fits


def print_json(result: object) -> None:
    """Print a pydantic model, or a list of them, as indented JSON."""
    from pydantic_core import to_json

    typer.echo(to_json(result, indent=2, inf_nan_mode="null"))


def former_names(**options: str) -> dict[str, Any]:
    """Context settings under which a command takes options by their former names, too; its help does not list these.

    Args:
        options: the present name of each former name, both without dashes.
    """
    return {"token_normalize_func": lambda name: options.get(name, name)}
