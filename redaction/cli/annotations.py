"""``redaction annotations``: import and export annotations, and list the pages to annotate next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.cli.console import JsonFlag, former_names, new_table, open_console, print_json

if TYPE_CHECKING:
    from redaction.annotations.importing import ImportReport

app = typer.Typer(no_args_is_help=True, help="Import and export annotations, and list the pages to annotate next.")

MAX_ROWS_SHOWN = 10


@app.command("import", context_settings=former_names(tool="format", report="output"))
def import_(
    file: Annotated[Path, typer.Argument(help="COCO, Prodigy image.manual JSONL or Label Studio JSON.", dir_okay=False)],
    annotator: Annotated[
        str | None, typer.Option(help="Annotator to record when the file names none.", show_default=False)
    ] = None,
    format: Annotated[
        AnnotationFormat | None,
        typer.Option(help="Format of the file; detected from its content by default.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the report, with every refused row and the reason, to this JSON file.", show_default=False),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Import an annotation file into the catalog.

    A page with an invalid row is not imported, but waits until the row is corrected.
    Importing is idempotent. Exit status 1 when nothing could be imported.

    Example: redaction annotations import project-1.json --annotator maria --output report.json
    """
    from redaction.annotations.importing import import_annotations
    from redaction.errors import RedactionError
    from redaction.files import write_text
    from redaction.workspace import Workspace

    report = import_annotations(Workspace.existing(), file, annotator, format)
    if output:
        write_text(output, report.model_dump_json(indent=1) + "\n", private=False)
    if as_json:
        print_json(report)
    else:
        _print_report(report, output)
    if report.refused and not report.added + report.updated + report.unchanged:
        raise RedactionError(f"Nothing was imported from {file}: every page has refused rows, for the reasons above.")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)],
    format: Annotated[AnnotationFormat, typer.Option(help="Format of the file.")] = AnnotationFormat.COCO,
) -> None:
    """Write every annotation in the catalog to a file.

    Example: redaction annotations export annotations.json --format label-studio
    """
    from redaction.annotations.exporting import export_annotations
    from redaction.workspace import Workspace

    pages = export_annotations(Workspace.existing(), file, format)
    typer.echo(f"Annotated pages written to {file}: {pages}")


@app.command("queue")
def queue(
    limit: Annotated[int, typer.Option(min=1, help="How many pages to list.")] = 20,
    paths: Annotated[bool, typer.Option("--paths", help="Print only the paths of the images, one per line.")] = False,
    copy_to: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Copy the images to this folder, under names that an import can match with their pages.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the pages to annotate next, those with the largest dark areas first.

    Example: redaction annotations queue --limit 50 --copy-to upload

    Example: redaction annotations queue --paths > pages.txt
    """
    from redaction.annotations.page_copies import copy_pages
    from redaction.annotations.queue import unannotated_pages
    from redaction.workspace import Workspace

    if paths and as_json:
        raise typer.BadParameter("--paths and --json exclude each other")
    workspace = Workspace.existing()
    pages = unannotated_pages(workspace)
    listed = pages[:limit]
    images = copy_pages(workspace, listed, copy_to) if copy_to else [workspace.inside(str(page.image)) for page in listed]
    dark_shares = [(page.features or {}).get("block_density") for page in listed]
    if paths:
        for image in images:
            typer.echo(image)
    elif as_json:
        rows = [
            {"page": page.name, "file_name": page.file_name, "document": page.document, "image": image, "dark_share": dark_share}
            for page, image, dark_share in zip(listed, images, dark_shares, strict=True)
        ]
        print_json({"unannotated": len(pages), "pages": rows})
    elif copy_to:
        typer.echo(f"Pages copied to {copy_to}: {len(images)}")
    else:
        console = open_console()
        console.print(f"Pages without an annotation: {len(pages)}")
        if not listed:
            return
        table = new_table("page", "image", "dark areas")
        for page, dark_share in zip(listed, dark_shares, strict=True):
            table.add_row(page.file_name, str(page.image), "" if dark_share is None else f"{dark_share:.1%}")
        console.print(table)


def _print_report(report: ImportReport, output: Path | None) -> None:
    from rich.table import Table

    console = open_console()
    counts = Table(title=report.file, show_header=False)
    for name, count in (
        ("pages in the file", report.pages_in_file),
        ("newly annotated", report.added),
        ("with changed boxes", report.updated),
        ("unchanged", report.unchanged),
        ("rescaled from another resolution", report.rescaled),
        ("boxes on these pages", report.boxes),
        ("boxes clipped at the edge of the page", report.clipped),
        ("boxes drawn twice, stored once", report.duplicates),
        ("answers replaced by a later or marked one", report.superseded),
        ("pages waiting for a correction", len(report.waiting)),
        ("rows refused", len(report.refused)),
    ):
        counts.add_row(name, str(count))
    console.print(counts)
    for title, headings, rows in (
        ("Pages waiting for a correction, not changed by this import", ("page", "row", "waits for"), _waiting_rows(report)),
        ("Refused rows", ("row", "refused because", "details"), _refused_rows(report)),
    ):
        if not rows:
            continue
        table = new_table(*headings, title=title)
        for row in rows[:MAX_ROWS_SHOWN]:
            table.add_row(*row)
        console.print(table)
        if len(rows) > MAX_ROWS_SHOWN:
            where = f"all of them are in {output}" if output else "write all of them to a file with --output"
            typer.echo(f"… and {len(rows) - MAX_ROWS_SHOWN} more; {where}")


def _waiting_rows(report: ImportReport) -> list[tuple[str, ...]]:
    return [(page.file_name, page.row, ", ".join(row.row for row in page.waits_for)) for page in report.waiting]


def _refused_rows(report: ImportReport) -> list[tuple[str, ...]]:
    return [(row.row, row.reason.value, row.detail) for row in report.refused]
