"""``redaction checkpoints``: revisions of the workspace, made, listed, verified, repaired and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from redaction.checkpoints import Checkpoint

app = typer.Typer(no_args_is_help=True, help="Keep, check and bring back revisions of the workspace.")


@app.command("create", epilog='Example: redaction checkpoints create --message "the October batch" --remote s3://bucket/registry')
def create(
    message: Annotated[str, typer.Option("--message", "-m", help="What is new, for the list of checkpoints.")] = "By hand",
    remote: Annotated[
        str | None,
        typer.Option(
            help="From now on push to this folder or address, earlier checkpoints too; else to what is set (at first "
            "<workspace>-remote)."
        ),
    ] = None,
) -> None:
    """Keep documents, pages, annotations, models and the catalog as they are now; nothing happens when nothing changed."""
    from rich.console import Console

    from redaction.checkpoints import change_remote, checkpoint
    from redaction.workspace import Workspace

    place = Workspace.at()
    if remote and (pushed := change_remote(place, remote)):
        told = f"Files of earlier checkpoints pushed to {remote}: {pushed}"
        Console().print(told, markup=False, highlight=False, soft_wrap=True)
    made = checkpoint(place, message)
    Console().print(_table([made], "Made" if made.created else "Nothing has changed since"))


@app.command("list", epilog="Example: redaction checkpoints list")
def list_() -> None:
    """List every checkpoint, oldest first."""
    from rich.console import Console

    from redaction.checkpoints import list_checkpoints
    from redaction.workspace import Workspace

    place = Workspace.at()
    made = list_checkpoints(place)
    if made:
        Console().print(_table(made, str(place.root)))
    else:
        Console().print(f"There are no checkpoints in {place.root} yet.", markup=False, highlight=False)


@app.command("restore", epilog="Example: redaction checkpoints restore data/0003")
def restore(
    tag: Annotated[str, typer.Argument(help="Name of the checkpoint.")],
    discard: Annotated[bool, typer.Option("--discard", help="Go on even if something that no checkpoint holds is lost.")] = False,
) -> None:
    """Bring back exactly the files and the catalog of a checkpoint."""
    from rich.console import Console

    from redaction.checkpoints import restore as restore_checkpoint
    from redaction.workspace import Workspace

    Console().print(_table([restore_checkpoint(Workspace.at(), tag, discard)], "Restored"))


@app.command("verify", epilog="Example: redaction checkpoints verify --tag data/0003")
def verify(
    tag: Annotated[str | None, typer.Option(help="Look at this checkpoint only.")] = None,
) -> None:
    """Read back what the remote holds, and compare it with what the checkpoints need. Exit status 1 when something is missing."""
    from rich.console import Console
    from rich.table import Table

    from redaction.checkpoints import verify as verify_remote
    from redaction.errors import RedactionError
    from redaction.workspace import Workspace

    found = verify_remote(Workspace.at(), tag)
    table = Table("checkpoints", "files", "missing", "damaged", "of these still here", title=found.remote)
    table.add_row(*(str(number) for number in (found.checkpoints, found.files, found.missing, found.damaged, found.here)))
    Console().print(table)
    if not found.whole:
        raise RedactionError(
            f"The remote {found.remote} is not whole (missing files: {found.missing}, damaged: {found.damaged}, of these still "
            f"on this machine: {found.here}); push again what is here with `redaction checkpoints repair`."
        )


@app.command("repair", epilog="Example: redaction checkpoints repair")
def repair() -> None:
    """Push again what the remote has lost, from this machine's copies."""
    from rich.console import Console

    from redaction.checkpoints import repair as repair_remote
    from redaction.workspace import Workspace

    pushed = repair_remote(Workspace.at())
    Console().print(f"Files pushed again: {pushed}; the remote is whole.", highlight=False)


def _table(checkpoints: list[Checkpoint], title: str) -> object:
    from rich.markup import escape
    from rich.table import Column, Table

    table = Table(
        "tag", Column("made (UTC)", no_wrap=True), "PDFs", "pages", "annotated", "git", "what is new", title=escape(title)
    )
    for row in checkpoints:
        counts = (str(count) for count in (row.documents, row.pages, row.annotations))
        table.add_row(row.tag, f"{row.made_at:%Y-%m-%d %H:%M}", *counts, row.revision[:7], escape(row.message))
    return table
