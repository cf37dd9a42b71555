"""The command as a whole: what it shows first, its help, its exit codes and its start-up time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from redaction.cli import FIRST_STEPS, build
from redaction.cli.console import PIPE_WIDTH, new_table, open_console, print_json

MAIN = "from redaction.cli import main; main()"
LONG_PATH = "/srv/archive/" + "a-rather-long-name-of-a-folder/" * 4 + "document.pdf"


def commands(group: Any, name: str = "redaction") -> Iterator[tuple[str, Any]]:
    """Every command that help lists, with its full name."""
    for child, command in getattr(group, "commands", {}).items():
        if not command.hidden:
            yield from commands(command, f"{name} {child}")
    if not hasattr(group, "commands"):
        yield name, group


COMMANDS = dict(commands(typer.main.get_command(build())))


def test_redaction_alone_shows_the_first_steps() -> None:
    done = subprocess.run([sys.executable, "-c", MAIN], capture_output=True, text=True, check=True)
    assert done.stdout == FIRST_STEPS
    for command in (
        "redaction detect report.pdf",
        "make demo",
        "redaction run annotation_ingestion",
        "redaction run ct_cd",
        "--help",
    ):
        assert command in done.stdout
    assert max(len(line) for line in FIRST_STEPS.splitlines()) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_one_line_of_help_and_an_example(name: str) -> None:
    summary, *rest = COMMANDS[name].help.split("\n\n")
    assert summary.endswith(".")
    assert "\n" not in summary.strip()
    assert "Example: " in rest[-1]
    if not rest[-1].startswith("Example: curl"):
        assert name in rest[-1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_documented(name: str) -> None:
    undocumented = [parameter.name for parameter in COMMANDS[name].params if not getattr(parameter, "help", None)]
    assert undocumented == []


def test_json_is_a_flag_everywhere() -> None:
    flags = {name: option.is_flag for name, command in COMMANDS.items() for option in command.params if "--json" in option.opts}
    assert all(flags.values())
    assert {name.removeprefix("redaction ") for name in flags} >= {
        "detect",
        "doctor",
        "evaluate",
        "annotations import",
        "annotations queue",
        "checkpoints list",
        "checkpoints verify",
        "documents check-sources",
        "documents status",
        "service status",
    }


def test_the_version_is_that_of_the_package() -> None:
    shown = CliRunner().invoke(build(), ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"redaction {metadata.version('redaction-detector')}\n")


@pytest.mark.parametrize("words", [(), *{tuple(name.split()[1:stop]) for name in COMMANDS for stop in (2, 3)}], ids=" ".join)
def test_help_is_short_named_and_shows_flags_without_types_in_80_columns(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(build(), [*words, "-h"])
    assert shown.exit_code == 0
    assert shown.output == CliRunner().invoke(build(), [*words, "--help"]).output
    assert not re.search("bool", shown.output, re.IGNORECASE)
    assert max(len(line) for line in shown.output.splitlines()) <= 80


def test_exit_codes_are_documented_and_kept() -> None:
    shown = CliRunner().invoke(build(), ["--help"])
    assert shown.exit_code == 0
    assert "0 success; 1 findings or failure; 2 usage error" in shown.output
    assert CliRunner().invoke(build(), ["detect", "nowhere.pdf"]).exit_code == 2
    assert CliRunner().invoke(build(), ["no-such-command"]).exit_code == 2


def test_the_former_rollback_command_works_but_is_not_listed() -> None:
    assert "rollback" in CliRunner().invoke(build(), ["rollback", "--help"]).output
    listed = CliRunner().invoke(build(), ["--help"]).output
    assert "│ rollback" not in listed


def test_help_loads_no_heavy_package() -> None:
    heavy = "{'torch', 'zenml', 'bentoml', 'dvc', 'numpy', 'cv2', 'sqlmodel', 'pydantic'}"
    code = f"import sys; from redaction.cli import build; build(); print(*sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("", PIPE_WIDTH)])
def test_a_long_path_is_folded_and_never_cut(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = new_table("path", "pages")
    table.add_row(LONG_PATH, "3")
    open_console().print(table)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= width
    assert LONG_PATH in "".join(line.split("│")[1].strip() for line in lines if line.startswith("│"))


def test_text_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    open_console().print("[red]file[/red] :warning: [b]")
    assert capsys.readouterr().out == "[red]file[/red] :warning: [b]\n"


def test_json_has_no_value_that_json_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"path": Path("a"), "score": float("nan")})
    assert capsys.readouterr().out == '{\n  "path": "a",\n  "score": null\n}\n'


def test_an_error_on_a_pipe_has_no_color(tmp_path: Path) -> None:
    environment = os.environ | {"REDACTION_WORKSPACE": str(tmp_path / "nowhere")}
    environment.pop("FORCE_COLOR", None)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "service", "status"], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("redaction: There is no workspace at ")
