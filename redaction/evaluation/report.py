"""Write an evaluation: evaluation.json, and evaluation.html as one self-contained page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from redaction.evaluation.bootstrap import Interval
from redaction.evaluation.coco_pages import PageList
from redaction.evaluation.differences import FALSE_BOXES_PER_PAGE, Difference
from redaction.evaluation.drawing import LEGEND
from redaction.evaluation.metrics import SIZES, Evaluation, Metrics, format_metric, metrics_by_group
from redaction.evaluation.predicting import EvaluatedPage
from redaction.evaluation.worst_pages import worst_pages
from redaction.files import write_text
from redaction.html import render
from redaction.pages.image import PageImage
from redaction.values import Frozen

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


def write_report(folder: Path, report: EvaluationReport, listed: PageList, evaluated: Sequence[EvaluatedPage]) -> None:
    """Write ``evaluation.json`` and ``evaluation.html`` into `folder`.

    Args:
        folder: created if missing; other files in it are kept.
        report: the evaluation.
        listed: the pages; the images of the worst are opened again to draw on them.
        evaluated: the detections on them, in the same order.
    """

    def open_images(numbers: list[int]) -> Iterator[PageImage]:
        return (image for _, image in listed.images([listed.pages[number] for number in numbers]))

    names = [page.name for page in listed.pages]
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
        worst=list(worst_pages(evaluated, report.evaluation.operating_point, names, open_images)),
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
