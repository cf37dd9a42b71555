"""``redaction checkpoints``: create, list, verify, repair and restore checkpoints of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import JsonFlag, new_table, open_console, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from redaction.checkpoints import Checkpoint

app = typer.Typer(no_args_is_help=True, help="Create, verify and restore checkpoints of the workspace.")


@app.command("create")
def create(
    message: Annotated[str, typer.Option("--message", "-m", help="What is new, for the list of checkpoints.")] = "By hand",
    remote: Annotated[
        str | None,
        typer.Option(
            help="Push to this folder or address from now on, earlier checkpoints included. By default the configured remote, "
            "which is <workspace>-remote at first.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Create a checkpoint of the workspace, unless nothing has changed.

    A checkpoint holds the documents, pages, annotations, models and the catalog.

    Example: redaction checkpoints create --message "the October batch" --remote s3://bucket/registry
    """
    from redaction.checkpoints import change_remote, checkpoint
    from redaction.workspace import Workspace, is_named

    workspace = Workspace.existing() if is_named() else Workspace.at()
    if remote and (pushed := change_remote(workspace, remote)):
        typer.echo(f"Files of earlier checkpoints pushed to {remote}: {pushed}")
    made = checkpoint(workspace, message)
    open_console().print(_table([made], "Created" if made.created else "Nothing has changed since"))


@app.command("list")
def list_(as_json: JsonFlag = False) -> None:
    """List all checkpoints, oldest first.

    Example: redaction checkpoints list
    """
    from redaction.checkpoints import list_checkpoints
    from redaction.workspace import Workspace

    workspace = Workspace.existing()
    checkpoints = list_checkpoints(workspace)
    if as_json:
        print_json(checkpoints)
    elif checkpoints:
        open_console().print(_table(checkpoints, str(workspace.root)))
    else:
        typer.echo(f"There are no checkpoints in {workspace.root} yet.")


@app.command("restore")
def restore(
    tag: Annotated[str, typer.Argument(help="Tag of the checkpoint, as in `redaction checkpoints list`.")],
    discard: Annotated[
        bool, typer.Option("--discard", help="Restore even if changes that are in no checkpoint are lost.")
    ] = False,
) -> None:
    """Restore the files and the catalog of a checkpoint.

    Example: redaction checkpoints restore data/0003
    """
    from redaction.checkpoints import restore as restore_checkpoint
    from redaction.workspace import Workspace

    open_console().print(_table([restore_checkpoint(Workspace.existing(), tag, discard)], "Restored"))


@app.command("verify")
def verify(
    tag: Annotated[str | None, typer.Option(help="Verify this checkpoint only.", show_default=False)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Verify that the checkpoints can be restored: the remote holds every file, and the catalog's rows fit together.

    Every file is read back from the remote. Exit status 1 when one is missing or damaged, or rows are missing.

    Example: redaction checkpoints verify --tag data/0003
    """
    from redaction.checkpoints import verify as verify_remote
    from redaction.errors import RedactionError
    from redaction.workspace import Workspace

    found = verify_remote(Workspace.existing(), tag)
    if as_json:
        print_json(found)
    else:
        table = new_table("checkpoints", "files", "missing", "damaged", "recoverable from here", title=found.remote)
        counts = (found.checkpoints, found.files, found.missing, found.damaged, found.recoverable)
        table.add_row(*(str(count) for count in counts))
        open_console().print(table)
    if not found.complete:
        raise RedactionError(
            f"The remote {found.remote} is incomplete (missing files: {found.missing}, damaged: {found.damaged}, recoverable "
            f"from this machine: {found.recoverable}); push the recoverable ones again with `redaction checkpoints repair`."
        )
    for name, reasons in found.contradictory.items():
        raise RedactionError(
            f"{_count(len(found.contradictory), 'checkpoint')} cannot be restored, first {name} ({'; '.join(reasons)}): make "
            "a new one with `redaction checkpoints create`, and restore others only."
        )


@app.command("repair")
def repair() -> None:
    """Push the files that the remote has lost again, from this machine's copies.

    Example: redaction checkpoints repair
    """
    from redaction.checkpoints import repair as repair_remote
    from redaction.workspace import Workspace

    pushed = repair_remote(Workspace.existing())
    typer.echo(f"Files pushed again: {pushed}; the remote is complete.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _table(checkpoints: list[Checkpoint], title: str) -> Table:
    from rich.table import Column

    made = Column("made (UTC)", no_wrap=True)
    table = new_table("tag", made, "PDFs", "pages", "annotated", "what is new", title=title)
    for row in checkpoints:
        counts = (str(count) for count in (row.documents, row.pages, row.annotations))
        table.add_row(row.tag, f"{row.made_at:%Y-%m-%d %H:%M}", *counts, row.message)
    return table
