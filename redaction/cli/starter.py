"""``redaction starter``: train the detector that ships with the program again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redaction.cli.console import new_table, open_console
from redaction.cli.missing_extra import require

if TYPE_CHECKING:
    from rich.table import Table

    from redaction.dataset import Dataset
    from redaction.detection.artifact import Detector


def starter(
    config: Annotated[Path, typer.Option(help="Configuration of the pages and the training.")] = Path("configs/starter.yaml"),
    folder: Annotated[
        Path, typer.Option(help="Folder for the pages, the state of the training and the detector; kept between calls.")
    ] = Path("starter"),
) -> None:
    """Train the starter detector again, and compare it with the one that ships.

    The pages are synthetic. Takes more than an hour on two cores.
    After an interruption, the same command resumes at the unfinished epoch.

    Example: redaction starter --config my-starter.yaml --folder my-starter
    """
    require("torch")
    from redaction.configuration import read_yaml
    from redaction.detection.starter import starter_detector
    from redaction.progress import progress_bars
    from redaction.training.starter_recipe import StarterConfig, load_or_synthesize

    settings = read_yaml(config, StarterConfig)
    with progress_bars(open_console(stderr=True)) as progress:
        training = load_or_synthesize(settings.training_pages, folder, "training pages", progress)
        validation = load_or_synthesize(settings.validation_pages, folder, "validation pages", progress)
    typer.echo("Loading the training stack …")
    from redaction.training.vfnet.build import parity_images
    from redaction.training.vfnet.export import write_onnx_only
    from redaction.training.vfnet.training import train

    log = logging.getLogger("redaction.training")
    log.setLevel(logging.INFO)
    log.addHandler(_EchoHandler())
    trained = train(training, validation, settings.training, folder / "training")
    small = write_onnx_only(trained, trained.folder.with_name(f"{trained.folder.name}-onnx"), parity_images(validation))
    typer.echo(f"The detector is in {trained.folder}, and its export for the small install in {small.folder}.")
    open_console().print(_comparison(trained, starter_detector(), validation))


class _EchoHandler(logging.Handler):
    """Prints log records to standard error as they are, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(self.format(record), err=True)


def _comparison(trained: Detector, shipped: Detector, validation: Dataset) -> Table:
    """Both detectors on the validation pages.

    Neither was trained on these pages, but they chose the new detector's operating point and best epoch.
    """
    from redaction.evaluation import evaluate_detector
    from redaction.evaluation.metrics import format_metric

    title = f"{len(validation.pages)} synthetic validation pages"
    table = new_table("detector", "AP", "AP50", "precision", "recall", "F1", title=title)
    for name, detector in (("new", trained), ("shipped", shipped)):
        metrics = evaluate_detector(detector, validation).overall
        values = (metrics.ap, metrics.ap50, metrics.precision, metrics.recall, metrics.f1)
        table.add_row(f"{name} ({detector.version})", *(format_metric(value) for value in values))
    return table
