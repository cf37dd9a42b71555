"""``redaction starter``: train the detector that ships with the program again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from redaction.dataset import Dataset
    from redaction.detection.artifact import Detector


def starter(
    config: Annotated[Path, typer.Option(help="What it is made from.")] = Path("configs/starter.yaml"),
    folder: Annotated[Path, typer.Option(help="For pages, the training's state and the detector; kept between calls.")] = Path(
        "starter"
    ),
) -> None:
    """Make synthetic pages, train on them, and say how close the detector came to the one that ships.

    Takes more than an hour on two cores. After an interruption the same command goes on with the epoch that was not finished.

    Example: redaction starter --config my-starter.yaml --folder my-starter
    """
    from rich.console import Console

    from redaction.configuration import read_yaml
    from redaction.detection.starter import starter_detector
    from redaction.progress import shown
    from redaction.training.starter_recipe import StarterConfig, synthetic_pages

    console = Console()
    wanted = read_yaml(config, StarterConfig)
    with shown(console) as progress:
        training = synthetic_pages(wanted.training_pages, folder, "training pages", progress)
        validation = synthetic_pages(wanted.validation_pages, folder, "validation pages", progress)
    console.print("Loading what trains …")
    from redaction.training.vfnet.training import train

    trainings = logging.getLogger("redaction.training")
    trainings.setLevel(logging.INFO)
    trainings.addHandler(_Said())
    made = train(training, validation, wanted.training, folder / "training")
    console.print(f"The detector is in {made.folder}.", highlight=False, soft_wrap=True)
    console.print(_compare(made, starter_detector(), validation))


class _Said(logging.Handler):
    """Log lines as they are, above a bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(self.format(record), err=True)


def _compare(made: Detector, shipped: Detector, pages: Dataset) -> Table:
    """Both detectors on the pages that chose the new one's operating point and best epoch; neither was trained on them."""
    from rich.table import Table

    from redaction.evaluation import evaluate_detector

    title = f"{len(pages.pages)} synthetic validation pages"
    table = Table("detector", "AP", "AP50", "precision", "recall", "F1", title=title, min_width=60)
    for name, detector in (("made now", made), ("ships", shipped)):
        figures = evaluate_detector(detector, pages).overall
        values = (figures.ap, figures.ap50, figures.precision, figures.recall, figures.f1)
        table.add_row(f"{name} ({detector.version})", *("none" if value is None else f"{value:.3f}" for value in values))
    return table
