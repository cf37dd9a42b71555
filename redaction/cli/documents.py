"""``redaction documents``: check the sources, and show the state of the fetched documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import JsonFlag, new_table, open_console, print_json

if TYPE_CHECKING:
    from redaction.documents.discovery import Problem, UnusedLinks

app = typer.Typer(no_args_is_help=True, help="Check the sources of documents, and show what was fetched.")


@app.command("check-sources")
def check_sources(
    file: Annotated[Path, typer.Argument(help="File with the sources.")] = Path("configs/sources.yaml"),
    show: Annotated[int, typer.Option(min=0, help="How many addresses to show per source.")] = 5,
    as_json: JsonFlag = False,
) -> None:
    """Check a sources file and list the documents that its sources offer.

    Reads the index pages, downloads no document and writes nothing. Shows the links that lead to no document, too.
    --json lists every address. Exit status 1 when a source could not be read.

    Example: redaction documents check-sources configs/sources.yaml --show 3
    """
    from redaction.documents.discovery import discover
    from redaction.documents.sources import load_sources
    from redaction.progress import progress_bars

    config = load_sources(file)
    with progress_bars(open_console(stderr=True)) as progress:
        found = discover(config, progress)
    if as_json:
        print_json(found)
    else:
        table = new_table("source", "kind", "documents", "such as", title=str(file))
        for source in config.sources:
            urls = [link.url for link in found.links if link.source == source.name]
            table.add_row(source.name, source.kind, str(len(urls)) if source.enabled else "off", "\n".join(urls[:show]))
        open_console().print(table)
        _print_unused_links(found.unused)
        _print_problems("Warnings", found.warnings)
        _print_problems("Could not be read", found.problems)
    if found.problems:
        raise typer.Exit(1)


@app.command("status")
def status(as_json: JsonFlag = False) -> None:
    """Count links, documents and pages, and list what is in quarantine and why.

    Example: redaction documents status
    """
    from redaction.catalog import open_catalog
    from redaction.documents.inventory import take_inventory
    from redaction.workspace import Workspace

    workspace = Workspace.existing()
    inventory = take_inventory(open_catalog(workspace))
    if as_json:
        print_json(inventory)
        return
    table = new_table("source", "links", "documents", "waiting", "quarantined", "pages", title=str(workspace.root))
    for row in inventory.sources:
        counts = (row.links, row.documents, row.waiting, row.quarantined, row.pages)
        table.add_row(row.source, *(str(count) for count in counts))
    open_console().print(table)
    _print_problems("In quarantine", inventory.quarantine)
    _print_problems("Failed at the last visit", inventory.failures)


@app.command("retry")
def retry() -> None:
    """Fetch the links and render the documents in quarantine again at the next ingestion.

    Use this after raising a limit in the sources file.

    Example: redaction documents retry
    """
    from redaction.catalog import open_catalog
    from redaction.documents.inventory import retry_quarantined
    from redaction.workspace import Workspace

    retried = retry_quarantined(open_catalog(Workspace.existing()))
    typer.echo(f"Documents to render again at the next ingestion: {retried.documents}")
    typer.echo(f"Links to fetch again at the next ingestion: {retried.links}")


def _print_unused_links(unused: tuple[UnusedLinks, ...]) -> None:
    if not unused:
        return
    table = new_table("source", "links", "why", "such as", title="Links that lead to no document")
    for links in unused:
        table.add_row(links.source, str(links.count), links.reason, links.example)
    open_console().print(table)


def _print_problems(title: str, problems: tuple[Problem, ...]) -> None:
    if not problems:
        return
    table = new_table("source", "where", "why", title=title)
    for problem in problems:
        table.add_row(problem.source, problem.where, problem.reason)
    open_console().print(table)
