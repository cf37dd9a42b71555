"""``redaction configs``: are the configuration files right?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Check configuration files.")


@app.callback()
def _group() -> None:
    """A group, although it has one command so far."""


@app.command("check", epilog="Example: redaction configs check configs/ct_cd.yaml")
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="The files; without any, all under configs/.", show_default=False)
    ] = None,
) -> None:
    """Check files strictly, as each run does before it starts; every mistake is named with the nearest valid name.

    A file belongs to the pipeline that its name begins with: ct_cd.gpu.yaml to ct_cd.
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
