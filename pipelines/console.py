"""What ``redaction run`` shows of a run: one line for each step, the steps' own lines, and nothing of ZenML's in between."""

from __future__ import annotations

import logging
import os
import re
import sys
import time

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text
from zenml.logger import ZenMLConsoleHandler

STEP_STARTED = re.compile(r"Step `(.+)` has started\.")
STEP_FINISHED = re.compile(r"Step `(.+)` has finished in `.+`\.")
HOOK_FAILED = re.compile(r"Failed to run `.+` hook from source `(.+)`: (.*)", re.DOTALL)
STEP_CACHED = re.compile(r"Using cached version of step `(.+)`\.")
SILENT = ("zenml", "httpx", "py.warnings", "pipelines.run")
"""Loggers whose lines stay in the log file."""
STYLES = {"completed": "green", "cached": "green", "failed": "red", "interrupted": "yellow"}
NAME_WIDTH = 16


class RunConsole(ZenMLConsoleHandler):
    """Takes the place of ZenML's console handler; the logs that ZenML stores are not touched."""

    def __init__(self) -> None:
        super().__init__()
        self._is_live = is_live()
        self._console = Console(
            file=self.stream, force_terminal=self._is_live, no_color=not self._is_live, markup=False, emoji=False, highlight=False
        )
        self._started: dict[str, float] = {}
        self.failure: BaseException | None = None
        """The first error that ZenML logged with its traceback; in some execution modes it raises another one in its place."""
        self._shows_running = False

    @property
    def unfinished_step(self) -> str | None:
        """The step that is running, or the last one that did not finish."""
        return next(reversed(self._started), None)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, if it is a step's own or tells of a step."""
        message = record.getMessage()
        if record.name.split(".")[0] == "zenml":
            self._follow_steps(message)
            self.failure = self.failure or (record.exc_info[1] if record.exc_info else None)
        elif not record.name.startswith(SILENT):
            self._print(Text(f"  {message}", style="yellow" if record.levelno >= logging.WARNING else ""))

    def say(self, text: str) -> None:
        """Print a line of our own."""
        self._print(Text(text))

    def end_unfinished(self, state: str) -> None:
        """Print the line of each step that did not finish."""
        for name in list(self._started):
            self._end_step(name, state)

    def _follow_steps(self, message: str) -> None:
        if started := STEP_STARTED.fullmatch(message):
            self._started[started[1]] = time.monotonic()
            self._show_running(started[1])
        elif finished := STEP_FINISHED.fullmatch(message):
            self._end_step(finished[1], "completed")
        elif cached := STEP_CACHED.fullmatch(message):
            self._end_step(cached[1], "cached")
        elif hook := HOOK_FAILED.fullmatch(message):
            self._print(Text(f"  {hook[1]} failed: {hook[2]}", style="yellow"))

    def _end_step(self, name: str, state: str) -> None:
        started = self._started.pop(name, None)
        seconds = "" if started is None else f"{time.monotonic() - started:9.1f} s"
        shown_state = f"{state:<11}" if seconds else state
        self._print(Text.assemble((f"{name:<{NAME_WIDTH}}", "bold"), (shown_state, STYLES[state]), seconds))

    def _print(self, text: Text) -> None:
        try:
            if self._shows_running:
                self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
                self._shows_running = False
            self._console.print(text, soft_wrap=True)
            self.flush()
        except BrokenPipeError:  # nobody reads any more, which is no reason to end a training; the log file has every line
            logging.getLogger().removeHandler(self)

    def _show_running(self, name: str) -> None:
        """On a terminal, name the step until there is another line to print."""
        if self._is_live:
            self._console.print(Text.assemble((name, "bold"), " …"), end="")
            self._shows_running = True
            self.flush()


def is_live() -> bool:
    """Whether output goes to a terminal that may show colors."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def use_console(console: RunConsole) -> None:
    """Let `console` show the run instead of ZenML's console handler."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, ZenMLConsoleHandler):
            root.removeHandler(handler)
    root.addHandler(console)
