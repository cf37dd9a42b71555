"""``redaction annotations``: people's boxes into the catalog, out of it, and what to annotate next."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from redaction.annotations.importing import ImportReport

app = typer.Typer(no_args_is_help=True, help="Bring annotations in, hand them out, see what to annotate next.")

_ROWS_SHOWN = 10


class Format(StrEnum):
    """The formats that the command line offers; `redaction.annotations.tools.formats.Tool` without what it takes to load it."""

    COCO = "coco"
    PRODIGY = "prodigy"
    LABEL_STUDIO = "label-studio"


@app.command("import", epilog="Example: redaction annotations import project-1.json --annotator maria --report refused.json")
def import_(
    file: Annotated[Path, typer.Argument(help="COCO, Prodigy image.manual JSONL or Label Studio JSON.", dir_okay=False)],
    annotator: Annotated[str | None, typer.Option(help="Who made the annotations, where the file does not say.")] = None,
    tool: Annotated[Format | None, typer.Option(help="The format; found out from the content when not given.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the whole report, each refused row with its reason, as JSON.")
    ] = None,
) -> None:
    """Bring an annotation file in. Rows that are wrong are refused one by one and listed; importing again changes nothing."""
    from redaction.annotations.importing import import_annotations
    from redaction.annotations.tools.formats import Tool
    from redaction.errors import RedactionError
    from redaction.files import write_text
    from redaction.workspace import Workspace

    done = import_annotations(Workspace.existing(), file, annotator, Tool(tool.value) if tool else None)
    if report:
        write_text(report, done.model_dump_json(indent=1) + "\n")
    _show(done, report)
    if done.refused and not done.added + done.updated + done.unchanged:
        raise RedactionError(f"Nothing of {file} was taken: every row was refused, for the reasons above.")


@app.command("export", epilog="Example: redaction annotations export annotations.json --format label-studio")
def export(
    file: Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)],
    format: Annotated[Format, typer.Option(help="What to write.")] = Format.COCO,
) -> None:
    """Write every annotation of the catalog to a file."""
    from rich.console import Console

    from redaction.annotations.exporting import export_annotations
    from redaction.annotations.tools.formats import Tool
    from redaction.workspace import Workspace

    pages = export_annotations(Workspace.existing(), file, Tool(format.value))
    Console().print(f"Annotated pages written to {file}: {pages}", markup=False, highlight=False)


@app.command(
    "queue",
    epilog="Examples: redaction annotations queue --paths > pages.txt | redaction annotations queue --limit 50 --copy-to upload",
)
def queue(
    limit: Annotated[int, typer.Option(min=1, help="How many pages to list.")] = 20,
    paths: Annotated[bool, typer.Option("--paths", help="Print only the images' paths, one on a line.")] = False,
    copy_to: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Copy the images to this folder, under names by which an import knows them again."),
    ] = None,
) -> None:
    """List the pages to annotate next: those that nobody has annotated, those with large dark areas first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from redaction.annotations.page_copies import copy_pages
    from redaction.annotations.queue import unannotated_pages
    from redaction.workspace import Workspace

    place = Workspace.existing()
    pages = unannotated_pages(place)
    listed = pages[:limit]
    images = copy_pages(place, listed, copy_to) if copy_to else [place.root / str(page.image) for page in listed]
    if paths:
        for image in images:
            typer.echo(image)
        return
    if copy_to:
        typer.echo(f"Pages copied to {copy_to}: {len(images)}")
        return
    table = Table("page", Column("image", overflow="fold"), "dark areas", title=f"Pages without an annotation: {len(pages)}")
    for page in listed:
        dark = (page.features or {}).get("block_density")
        table.add_row(escape(page.file_name), escape(str(page.image)), "" if dark is None else f"{dark:.1%}")
    Console().print(table)


def _show(done: ImportReport, report: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table(title=escape(done.file), show_header=False)
    for name, count in (
        ("pages in the file", done.pages_in_file),
        ("annotated for the first time", done.added),
        ("with changed boxes", done.updated),
        ("as they were", done.unchanged),
        ("annotated at another resolution, and scaled", done.rescaled),
        ("boxes on these pages", done.boxes),
        ("boxes cut at the page's edge", done.clipped),
        ("rows refused", len(done.refused)),
    ):
        table.add_row(name, str(count))
    console.print(table)
    if not done.refused:
        return
    # What stands in an annotation file was written by strangers: nothing in it may be taken for markup.
    refused = Table("row", "refused because", "in detail")
    for refusal in done.refused[:_ROWS_SHOWN]:
        refused.add_row(escape(refusal.row), refusal.reason.value, escape(refusal.detail))
    console.print(refused)
    if len(done.refused) > _ROWS_SHOWN:
        where = f"all of them are in {report}" if report else "write all of them to a file with --report"
        console.print(f"… and {len(done.refused) - _ROWS_SHOWN} more; {where}", markup=False, highlight=False)
