"""Help that names a flag by its option alone, on every command and group; typer would add ``<bool>``."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
"""Context settings of the outermost group; the commands inherit them."""


class Command(TyperCommand):
    """A command whose flags have no type in its help."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters, among them the help option, which exists only in a context."""
        return _without_flag_types(super().get_params(ctx))


class Group(TyperGroup):
    """A group whose flags have no type in its help."""

    def get_params(self, ctx: Any) -> Any:
        """As those of a `Command`."""
        return _without_flag_types(super().get_params(ctx))


def name_flags_alone(app: typer.Typer) -> None:
    """Use `Command` and `Group` for everything below `app`."""
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        group.cls = Group
        if group.typer_instance is not None:
            name_flags_alone(group.typer_instance)


def _without_flag_types(params: Any) -> Any:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params
