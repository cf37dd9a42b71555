"""``redaction run``: run a pipeline."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

QUIET_ENVIRONMENT = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
}
INTERRUPTED = 130
"""Exit status after Ctrl-C, as of a shell: 128 and the number of the signal."""


def run(
    pipeline: Annotated[
        str, typer.Argument(help="annotation_ingestion, ct_cd, or the dotted name of another pipeline.", show_default=False)
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="Run configuration; by default configs/PIPELINE.yaml of the current folder, or else the one that ships with "
            "the program.",
            show_default=False,
        ),
    ] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", help="ZenML stack; by default the active one.", show_default=False)
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show everything that ZenML logs, with tracebacks.")] = False,
) -> None:
    """Run a pipeline, and write a page about the run.

    If the configuration has a schedule, it is stored instead; 'redaction scheduler' runs it.
    Ctrl+C stops the run; the same command continues it.
    Exit status 1 when the run fails, 130 when it is interrupted.

    Example: redaction run ct_cd --config configs/ct_cd.yaml
    """
    _prepare_environment(verbose)
    # a scheduler and a process manager stop a run with SIGTERM
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # only now, since ZenML reads its environment when it is imported
        from pipelines.run import RunInterrupted
        from pipelines.run import run as run_pipeline

        try:
            run_pipeline(pipeline, config, stack)
        except RunInterrupted as stopped:
            typer.echo(str(stopped), err=True)
            raise typer.Exit(INTERRUPTED) from stopped
    except KeyboardInterrupt as stopped:
        typer.echo("Interrupted before the run began.", err=True)
        raise typer.Exit(INTERRUPTED) from stopped


def _prepare_environment(verbose: bool) -> None:
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if verbose:
        os.environ["ZENML_LOGGING_VERBOSITY"] = "DEBUG"
    if "NO_COLOR" in os.environ or not sys.stdout.isatty():
        os.environ["ZENML_LOGGING_COLORS_DISABLED"] = "true"
