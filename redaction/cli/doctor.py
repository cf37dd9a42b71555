"""``redaction doctor``: is everything there that a run needs?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from redaction.doctor import Need

COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    need: Annotated[
        list[str] | None,
        typer.Option(help="Something that must be there: gpu, service-port, dashboard-port, tracking-key; repeatable."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check everything that a run needs and say what to do about what is missing; exit status 1 if a run would fail."""
    from pydantic import TypeAdapter
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from redaction.doctor import Finding, Status, check_environment
    from redaction.workspace import Workspace

    findings = check_environment(Workspace.at(), _needs(need or []))
    if json:
        typer.echo(TypeAdapter(list[Finding]).dump_json(findings, indent=2))
    else:
        table = Table(box=None, header_style="bold")
        for column in ("", "check", "what was found", "what to do"):
            table.add_column(column, overflow="fold")
        for finding in findings:
            table.add_row(
                f"[{COLORS[finding.status]}]{finding.status}[/]", finding.name, escape(finding.detail), escape(finding.remedy)
            )
        Console(highlight=False).print(table)
    if any(finding.status is Status.FAIL for finding in findings):
        raise typer.Exit(1)


def _needs(names: list[str]) -> set[Need]:
    from redaction.configuration import unknown
    from redaction.doctor import Need
    from redaction.errors import RedactionError

    known = {str(need): need for need in Need}
    for name in names:
        if name not in known:
            raise RedactionError(f"--need: {unknown('need', name, known)}.")
    return {known[name] for name in names}
