"""``redaction doctor``: check everything that a run needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import JsonFlag, new_table, open_console, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from redaction.doctor import Finding, Need

STATUS_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    need: Annotated[
        list[str] | None,
        typer.Option(
            help="Fail without this: gpu, service-port, dashboard-port or tracking-key. May be repeated.", show_default=False
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check what a run needs, and say how to fix what is missing.

    A port that is taken is reported with the process, and the workspace whose service it is.
    Exit status 1 when a run would fail.

    Example: redaction doctor --need gpu
    """
    from redaction.doctor import Status, check_environment
    from redaction.workspace import Workspace

    workspace = Workspace.at()
    if not workspace.root.exists():
        Workspace.named_must_exist()
    findings = check_environment(workspace, _needs(need or []))
    if as_json:
        print_json(findings)
    else:
        open_console().print(_table(findings))
    if any(finding.status is Status.FAIL for finding in findings):
        raise typer.Exit(1)


def _table(findings: list[Finding]) -> Table:
    from rich.text import Text

    table = new_table("", "check", "result")
    table.box, table.header_style = None, "bold"
    for finding in findings:
        status = Text(finding.status, style=STATUS_COLORS[finding.status])
        table.add_row(status, finding.name, finding.detail + (f"\n→ {finding.remedy}" if finding.remedy else ""))
    return table


def _needs(names: list[str]) -> set[Need]:
    from redaction.configuration import unknown_name_message
    from redaction.doctor import Need
    from redaction.errors import RedactionError

    known = {str(need): need for need in Need}
    for name in names:
        if name not in known:
            raise RedactionError(f"--need: {unknown_name_message('need', name, known)}.")
    return {known[name] for name in names}
