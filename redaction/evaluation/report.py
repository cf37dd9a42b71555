"""The evaluation for people and for machines: evaluation.json, and one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import jinja2
import numpy as np
from PIL import Image

from redaction.evaluation.bootstrap import Interval
from redaction.evaluation.coco_pages import PageList
from redaction.evaluation.differences import FALSE_BOXES, Difference
from redaction.evaluation.drawing import LEGEND, drawn_page
from redaction.evaluation.judging import EvaluatedPage
from redaction.evaluation.matching import Matches, counts_by_page
from redaction.evaluation.metrics import SIZES, Evaluation, Metrics, rows
from redaction.files import write_text
from redaction.values import Frozen

WORST_PAGES = 12
TEMPLATE = Path(__file__).with_name("report.html")
COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "AP50": "ap50",
    "AP": "ap",
    "pixel precision": "pixel_precision",
    "pixel recall": "pixel_recall",
}
"""The figures in the order of tables, by what people call them."""


class EvaluationReport(Frozen):
    """What ``evaluation.json`` holds."""

    coco: str
    """File name of the annotations."""
    evaluation: Evaluation
    against: Evaluation | None = None
    differences: tuple[Difference, ...] = ()
    """Of the first detector less the other."""


class WorstPage(Frozen):
    """A page on which much went wrong, drawn."""

    name: str
    found: int
    missed: int
    false: int
    picture: str
    """A JPEG as a ``data:`` address."""


def write_report(folder: Path, report: EvaluationReport, listed: PageList, judged: Sequence[EvaluatedPage]) -> None:
    """Write ``evaluation.json`` and ``evaluation.html`` into `folder`.

    Args:
        folder: made where it is not there; other files in it stay.
        report: the figures.
        listed: the pages, whose images are opened again for drawing the worst.
        judged: what the detector says of them, in the same order.
    """
    write_text(folder / "evaluation.json", report.model_dump_json(indent=1) + "\n")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"rate": rate, "interval": interval_text, "signed": lambda value: f"{value:+.3f}"}
    html = environment.from_string(TEMPLATE.read_text()).render(
        report=report,
        columns=COLUMNS,
        differing=[*COLUMNS.values(), FALSE_BOXES],
        rows=rows,
        starts=[next(iter(report.evaluation.by_style)), next(iter(SIZES))],
        sizes={name: size_text(name) for name in SIZES},
        legend=LEGEND,
        worst=list(_worst(listed, judged, report.evaluation.operating_point)),
    )
    write_text(folder / "evaluation.html", html)


def rate(value: float | None, digits: int = 3) -> str:
    """A figure as tables show it."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval_text(interval: Interval | None, digits: int = 3) -> str:
    """An interval as tables show it, or nothing."""
    if interval is None:
        return ""
    low, high = (re.sub(r"^(-?)0\.", r"\1.", f"{end:.{digits}f}") for end in (interval.low, interval.high))
    return f"{low}–{high}"


def figure_of(figures: Metrics, name: str) -> float | None:
    """A figure by its name."""
    value: float | None = getattr(figures, name)
    return value


def size_text(size: str) -> str:
    """What a size means, in words."""
    least, most = SIZES[size]
    if not least:
        return f"below {most:.1%} of the page"
    return f"{least:.1%} of the page and more" if most == float("inf") else f"{least:.1%} to {most:.1%} of the page"


def _worst(listed: PageList, judged: Sequence[EvaluatedPage], operating_point: float) -> Iterator[WorstPage]:
    """The pages with most boxes missed or falsely reported; of equal ones, those that come first."""
    matches = Matches.of(judged)
    hits, false, boxes = counts_by_page(matches, matches.everything, operating_point)
    faults = boxes - hits + false
    worst = [int(number) for number in np.argsort(-faults, kind="stable")[:WORST_PAGES] if faults[number]]
    images = dict(zip(worst, (image for _, image in listed.images([listed.pages[number] for number in worst])), strict=False))
    for number in worst:
        yield WorstPage(
            name=listed.pages[number].name,
            found=int(hits[number]),
            missed=int(boxes[number] - hits[number]),
            false=int(false[number]),
            picture=_address(drawn_page(images[number], judged[number], operating_point)),
        )


def _address(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=72, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
