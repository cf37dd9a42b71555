"""Write an evaluation: evaluation.json, and evaluation.html as one self-contained page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from redaction.evaluation.bootstrap import Interval
from redaction.evaluation.coco_pages import PageList
from redaction.evaluation.differences import FALSE_BOXES_PER_PAGE, Difference
from redaction.evaluation.drawing import LEGEND, draw_page
from redaction.evaluation.matching import Matches, counts_by_page
from redaction.evaluation.metrics import SIZES, Evaluation, Metrics, format_metric, metrics_by_group
from redaction.evaluation.predicting import EvaluatedPage
from redaction.files import write_text
from redaction.html import render
from redaction.values import Frozen

MAX_WORST_PAGES = 12
METRIC_COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "AP50": "ap50",
    "AP": "ap",
    "pixel precision": "pixel_precision",
    "pixel recall": "pixel_recall",
}
"""The metrics in the order of tables, by heading."""


class EvaluationReport(Frozen):
    """The content of ``evaluation.json``."""

    coco: str
    """File name of the annotations."""
    evaluation: Evaluation
    against: Evaluation | None = None
    differences: tuple[Difference, ...] = ()
    """`evaluation` minus `against`."""


class WorstPage(Frozen):
    """A page with many errors, drawn."""

    name: str
    found: int
    missed: int
    false: int
    picture: str
    """A JPEG as a ``data:`` URL."""


def write_report(folder: Path, report: EvaluationReport, listed: PageList, evaluated: Sequence[EvaluatedPage]) -> None:
    """Write ``evaluation.json`` and ``evaluation.html`` into `folder`.

    Args:
        folder: created if missing; other files in it are kept.
        report: the evaluation.
        listed: the pages; the images of the worst are opened again to draw on them.
        evaluated: the detections on them, in the same order.
    """
    write_text(folder / "evaluation.json", report.model_dump_json(indent=1) + "\n")
    html = render(
        "redaction.evaluation",
        "evaluation.html.j2",
        report=report,
        columns=METRIC_COLUMNS,
        difference_columns=[*METRIC_COLUMNS.values(), FALSE_BOXES_PER_PAGE],
        metrics_by_group=metrics_by_group,
        first_groups=[next(iter(report.evaluation.by_style)), next(iter(SIZES))],
        sizes={name: describe_size(name) for name in SIZES},
        legend=LEGEND,
        worst=list(_worst_pages(listed, evaluated, report.evaluation.operating_point)),
        metric=format_metric,
        interval=format_interval,
        signed=lambda value: f"{value:+.3f}",
    )
    write_text(folder / "evaluation.html", html)


def format_interval(interval: Interval | None, digits: int = 3) -> str:
    """Format an interval for a table; empty if there is none."""
    if interval is None:
        return ""
    low, high = (re.sub(r"^(-?)0\.", r"\1.", f"{end:.{digits}f}") for end in (interval.low, interval.high))
    return f"{low}–{high}"


def metric_value(metrics: Metrics, name: str) -> float | None:
    """Look a metric up by its name."""
    value: float | None = getattr(metrics, name)
    return value


def describe_size(size: str) -> str:
    """Describe one of `SIZES` in words."""
    min_share, max_share = SIZES[size]
    if not min_share:
        return f"below {max_share:.1%} of the page"
    return (
        f"{min_share:.1%} of the page and more"
        if max_share == float("inf")
        else f"{min_share:.1%} to {max_share:.1%} of the page"
    )


def _worst_pages(listed: PageList, evaluated: Sequence[EvaluatedPage], operating_point: float) -> Iterator[WorstPage]:
    """Yield the pages with the most missed and false boxes; ties keep the order of the list."""
    matches = Matches.of(evaluated)
    hits, false, boxes = counts_by_page(matches, matches.everything, operating_point)
    errors = boxes - hits + false
    worst = [int(number) for number in np.argsort(-errors, kind="stable")[:MAX_WORST_PAGES] if errors[number]]
    images = dict(zip(worst, (image for _, image in listed.images([listed.pages[number] for number in worst])), strict=False))
    for number in worst:
        yield WorstPage(
            name=listed.pages[number].name,
            found=int(hits[number]),
            missed=int(boxes[number] - hits[number]),
            false=int(false[number]),
            picture=_data_url(draw_page(images[number], evaluated[number], operating_point)),
        )


def _data_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=72, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
