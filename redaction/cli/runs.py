"""``redaction runs``: the runs of the workspace, and their pages."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import JsonFlag, new_table, open_console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from redaction.lifecycle.run_records import RunFiles, RunRecord

app = typer.Typer(help="List the runs of the workspace, and open their pages.")
MIN_DETAILED_WIDTH = 110
"""Of the console, in columns, for the pipelines and the times."""
STYLES = {"completed": "green", "failed": "red", "killed": "red", "interrupted": "yellow"}


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    last: Annotated[int, typer.Option(min=1, help="How many runs to list, the latest first.")] = 20,
    as_json: JsonFlag = False,
) -> None:
    """List the last runs of the workspace, and open their pages.

    Example: redaction runs --last 5
    """
    if context.invoked_subcommand is not None:
        return
    records = _run_files().read()[:last]
    if as_json:
        print_json(records)
    elif records:
        console = open_console()
        console.print(_table(records, detailed=console.width >= MIN_DETAILED_WIDTH))
    else:
        typer.echo("No run yet: 'redaction run annotation_ingestion' starts one.")


@app.command()
def show(
    run: Annotated[
        str | None, typer.Argument(help="Name of a run, or a part of it; by default the latest.", show_default=False)
    ] = None,
    print_only: Annotated[bool, typer.Option("--print", help="Print the path of the page, and open no browser.")] = False,
) -> None:
    """Open the page of a run in a browser, and print its path.

    On a pipe and without a display, only the path is printed.

    Example: redaction runs show
    """
    from redaction.errors import RedactionError

    files = _run_files()
    record = files.find(run)
    page = files.page(record.name)
    if not page.is_file():
        state = record.present_state
        then = "it is written when the run ends" if state == "running" else f"its log is {files.log(record.name)}"
        raise RedactionError(f"{record.name} ({state}) has no page: {then}.")
    typer.echo(page)
    if not print_only and sys.stdout.isatty() and _has_display():
        typer.launch(page.as_uri())


def _run_files() -> RunFiles:
    from redaction.lifecycle.run_records import RunFiles
    from redaction.workspace import Workspace

    return RunFiles(Workspace.existing())


def _table(records: Sequence[RunRecord], detailed: bool) -> Table:
    """The runs; without their pipelines and times if it is not `detailed`, as the names of most runs have both."""
    from rich.table import Column
    from rich.text import Text

    between = [Column("pipeline", no_wrap=True), Column("started", no_wrap=True)] if detailed else []
    table = new_table(Column("run", no_wrap=True), *between, Column("state", no_wrap=True), "decision")
    table.box, table.header_style, table.padding = None, "bold", (0, 2, 0, 0)
    for record in records:
        state = record.present_state
        when = [record.pipeline, f"{record.started.astimezone():%d %b %H:%M}"] if detailed else []
        outcome = "" if state == "interrupted" else record.outcome or _first_clause(record.error or "")
        table.add_row(record.name, *when, Text(state, STYLES.get(state, "")), outcome)
    return table


def _first_clause(text: str) -> str:
    return text.partition(": ")[0].partition(". ")[0]


def _has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
