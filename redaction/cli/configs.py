"""``redaction configs``: check the run configurations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Check run configurations.")


@app.callback()
def _group() -> None:
    """Keep this a group although it has only one command."""


@app.command("check")
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to check; by default all under configs/.", show_default=False)
    ] = None,
) -> None:
    """Check run configurations strictly, as every run does before it starts.

    Each mistake is shown with the nearest valid name.
    The file name begins with the pipeline's: ct_cd.gpu.yaml configures ct_cd.
    Exit status 1 when a file is wrong.

    Example: redaction configs check configs/ct_cd.yaml
    """
    from pipelines.configurations import check_configuration
    from redaction.errors import RedactionError

    wrong = 0
    for file in files or sorted(Path("configs").glob("*.yaml")):
        try:
            typer.echo(f"{file}: {check_configuration(file)}")
        except RedactionError as error:
            typer.echo(str(error), err=True)
            wrong += 1
    if wrong:
        raise typer.Exit(1)
