"""The README and the docs agree with the program: commands, options, links, make targets and shown output."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from redaction.cli import build

REPOSITORY = Path(__file__).parents[2]
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
    *sorted((REPOSITORY / "docs" / "decisions").glob("*.md")),
]
CODE_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PROGRAM = typer.main.get_command(build())

Invocation = tuple[Path, list[str]]


def name(value: object) -> str:
    """For test ids: a page by its path, a command line by its words."""
    return str(value.relative_to(REPOSITORY)) if isinstance(value, Path) else " ".join(map(str, value))  # type: ignore[call-overload]


def shell_commands(page: Path) -> Iterator[list[str]]:
    """Every command line in a page's code blocks and code spans, as words."""
    text = page.read_text(encoding="utf-8")
    lines = [line for _, block in CODE_BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    lines += CODE_SPAN.findall(CODE_BLOCK.sub("", text))
    for line in lines:
        for command in re.split(r"\|\||&&|;|\||\$\(", line.split(" #")[0].removeprefix("$ ")):
            try:
                words = shlex.split(command)
            except ValueError:  # an apostrophe in a line that is no command
                continue
            if words:
                yield words


def invocations() -> list[Invocation]:
    return [(page, words) for page in PAGES for words in shell_commands(page) if words[0] == "redaction" and len(words) > 1]


def resolve(words: list[str]) -> tuple[list[str], Any, list[str]]:
    """The path of the command that the words name, the command, and the remaining words."""
    command, path, rest = PROGRAM, ["redaction"], words[1:]
    while rest and hasattr(command, "commands"):
        if rest[0] == "--workspace":
            rest = rest[2:]
        elif rest[0] in command.commands:
            command, path, rest = command.commands[rest[0]], [*path, rest[0]], rest[1:]
        else:
            break
    return path, command, rest


def options(command: Any) -> set[str]:
    return {"--help", *(name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts))}


def visible_commands(command: Any = PROGRAM, path: tuple[str, ...] = ("redaction",)) -> Iterator[tuple[str, ...]]:
    for word, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            if hasattr(child, "commands"):
                yield from visible_commands(child, (*path, word))
            else:
                yield *path, word


@pytest.mark.parametrize(("page", "words"), invocations(), ids=name)
def test_every_command_and_option_that_is_named_exists(page: Path, words: list[str]) -> None:
    path, command, rest = resolve(words)
    if hasattr(command, "commands"):
        assert not rest or rest[0].startswith("-"), f"{' '.join(path)} has no command {rest[0]!r}"
    named = {word.split("=")[0] for word in rest if re.match(r"--?[a-zA-Z]", word)}
    assert named <= options(command), f"{' '.join(path)} has no option {named - options(command)}"


@pytest.mark.parametrize("path", list(visible_commands()), ids=name)
def test_every_command_is_documented(path: tuple[str, ...]) -> None:
    assert any(tuple(resolve(words)[0]) == path for _, words in invocations())


@pytest.mark.parametrize("path", list(visible_commands()), ids=name)
def test_every_command_has_one_line_that_says_what_it_is_for(path: tuple[str, ...]) -> None:
    _, command, _ = resolve(list(path))
    summary = command.help.strip().splitlines()[0]
    assert summary.endswith("."), summary
    assert len(summary) <= 130, summary
    undocumented = [parameter.name for parameter in command.params if not parameter.help and parameter.name != "help"]
    assert not undocumented, undocumented


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words[1] for page in PAGES for words in shell_commands(page) if words[0] == "make" and len(words) > 1}
    assert named - targets == set()


@pytest.mark.parametrize("page", [*PAGES, *sorted((REPOSITORY / "docs" / "experiments").glob("*.md"))], ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_needs_files_that_a_user_does_not_have(page: Path) -> None:
    assert "../shared" not in page.read_text(encoding="utf-8")


def console_blocks() -> list[tuple[Path, str]]:
    found = ((page, CODE_BLOCK.findall(page.read_text(encoding="utf-8"))) for page in PAGES)
    return [(page, block) for page, blocks in found for language, block in blocks if language == "console"]


@pytest.mark.parametrize(("page", "block"), console_blocks(), ids=lambda value: name(value) if isinstance(value, Path) else "")
def test_shown_output_is_what_the_commands_print(page: Path, block: str, tmp_path: Path) -> None:
    """The commands of a block run one after the other in an empty folder that has the repository's configs and docs."""
    for name in ("configs", "docs"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "80"}
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        done = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.stdout == shown, command
