"""``redaction documents``: what the sources list, and how far the documents have come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from redaction.documents.discovery import Problem

app = typer.Typer(no_args_is_help=True, help="Look at the sources of documents and at what was fetched from them.")


@app.command("check-sources")
def check_sources(
    file: Annotated[Path, typer.Argument(help="The sources, such as configs/sources.yaml.")] = Path("configs/sources.yaml"),
    show: Annotated[int, typer.Option(min=0, help="How many addresses to show for each source.")] = 5,
) -> None:
    """Check the file and list what its sources offer. Index pages are read; no document is downloaded, nothing is written."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from redaction.documents.discovery import discover
    from redaction.documents.sources import load_sources
    from redaction.progress import shown

    console = Console()
    config = load_sources(file)
    with shown(console) as progress:
        found = discover(config, progress)
    table = Table("source", "kind", "documents", "such as", title=str(file))
    for source in config.sources:
        links = [link.url for link in found.links if link.source == source.name]
        table.add_row(source.name, source.kind, str(len(links)) if source.enabled else "off", escape("\n".join(links[:show])))
    console.print(table)
    _print_problems("Could not be read", found.problems)
    if found.problems:
        raise typer.Exit(1)


@app.command("status")
def status() -> None:
    """Count links, documents and pages, and say what is in quarantine and why."""
    from rich.console import Console
    from rich.table import Table

    from redaction.catalog import open_catalog
    from redaction.documents.inventory import take_inventory
    from redaction.workspace import Workspace

    place = Workspace.existing()
    inventory = take_inventory(open_catalog(place))
    table = Table("source", "links", "documents", "waiting", "quarantined", "pages", title=str(place.root))
    for row in inventory.sources:
        numbers = (row.links, row.documents, row.waiting, row.quarantined, row.pages)
        table.add_row(row.source, *(str(number) for number in numbers))
    Console().print(table)
    _print_problems("In quarantine", inventory.quarantine)
    _print_problems("Failed at the last visit", inventory.failures)


@app.command("retry", epilog="Example: redaction documents retry, then the pipeline annotation_ingestion")
def retry() -> None:
    """Let the next ingestion render the documents in quarantine again: for limits that were raised in the sources file."""
    from redaction.catalog import open_catalog
    from redaction.documents.inventory import retry_quarantined
    from redaction.workspace import Workspace

    waiting = retry_quarantined(open_catalog(Workspace.existing()))
    typer.echo(f"Documents that the next ingestion renders again: {waiting}")


def _print_problems(title: str, problems: tuple[Problem, ...]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not problems:
        return
    # Addresses and file names were chosen by strangers: nothing in them may be taken for markup.
    table = Table("source", "where", "why", title=title)
    for problem in problems:
        table.add_row(escape(problem.source), escape(problem.where), escape(problem.reason))
    Console().print(table)
