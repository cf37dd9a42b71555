"""All metrics of a detector on a set of pages, as values that flow between steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from redaction.dataset import Dataset
from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.evaluation.bootstrap import CONFIDENCE, Interval, Resampling, bootstrap_weights, interval
from redaction.evaluation.gains import Gain
from redaction.evaluation.matching import METRIC_NAMES, Group, Matches, counts_by_page, weighted_metrics
from redaction.evaluation.predicting import NO_REDACTION, EvaluatedPage, predict_pages
from redaction.pages.image import page_from_file
from redaction.values import Frozen

SIZES = {"small": (0.0, 0.001), "medium": (0.001, 0.01), "large": (0.01, float("inf"))}
"""By the share of the page that a box covers: up to a word or two, up to most of a line, and larger."""


class Metrics(Frozen):
    """Metrics of a set of pages. A metric that is undefined (no box, no detection) is None, never 0."""

    pages: int
    boxes: int
    ap: float | None
    ap50: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    false_positives: int
    pixel_precision: float | None = None
    """The share of the area under detections that is redacted; overlapping detections count once."""
    pixel_recall: float | None = None
    """The share of the redacted area that is under detections."""
    intervals: dict[str, Interval] = Field(default_factory=dict)
    """By the name of the metric, where the pages belong to enough documents."""


class Evaluation(Frozen):
    """Metrics of one detector on one set of pages."""

    version: str
    detector_digest: str
    dataset_digest: str
    operating_point: float
    overall: Metrics
    by_style: dict[str, Metrics]
    """By the style of the redactions. A page with several styles counts for each of them, with its boxes of that style and all
    its false detections; pages without redactions are in the group ``no redaction``."""
    by_size: dict[str, Metrics] = Field(default_factory=dict)
    """By `SIZES`; a false detection counts for its own size."""
    false_positives_per_clean_page: float | None
    """Mean number of detections on pages without redactions; None if there is no such page."""
    false_positives_per_clean_page_interval: Interval | None = None
    seconds_per_page: float | None
    """Median time of one prediction; None if there is no page."""
    reading_seconds_per_page: float | None = None
    """Median time of decoding or rendering a page image."""
    resampling: Resampling | None = None
    """How the intervals were computed; None in evaluations older than this field."""


class Comparison(Frozen):
    """The candidate and the champion on the same pages: the test split and the synthetic panel."""

    candidate: Evaluation
    """On the test split, as `champion`."""
    champion: Evaluation | None
    """The detector to beat; None in comparisons older than `in_production`, made when nothing was in production."""
    in_production: bool = True
    """Whether the champion is in production; otherwise nothing is, and the champion is the starter."""
    candidate_on_panel: Evaluation | None = None
    """On the synthetic panel, as `champion_on_panel`; None in comparisons older than the panel, as `gains` are then empty."""
    champion_on_panel: Evaluation | None = None
    gains: tuple[Gain, ...] = ()
    confidence: float = CONFIDENCE
    """Of the bounds of `gains`."""


def evaluate_detector(detector: Detector, dataset: Dataset) -> Evaluation:
    """Run a detector on a dataset and compute all metrics, at its own operating point."""
    return evaluate_predictions(detector, predict_dataset(detector, dataset), dataset)


def predict_dataset(detector: Detector, dataset: Dataset) -> list[EvaluatedPage]:
    """Run a detector on every page of a dataset."""
    images = ((page, page_from_file(dataset.image_path(page))) for page in dataset.pages)
    return list(predict_pages(Predictor(detector), images))


def evaluate_predictions(detector: Detector, pages: Sequence[EvaluatedPage], dataset: Dataset) -> Evaluation:
    """Compute all metrics of what a detector found on a dataset, at its own operating point."""
    return evaluate(
        pages,
        dataset.digest,
        version=detector.version,
        detector_digest=detector.digest,
        operating_point=detector.operating_point,
    )


def evaluate(
    pages: Sequence[EvaluatedPage], dataset_digest: str, *, version: str, detector_digest: str, operating_point: float
) -> Evaluation:
    """Compute all metrics of one detector on one set of pages."""
    matches = Matches.of(pages)
    weights = bootstrap_weights([page.document for page in pages])
    per_clean_page, per_clean_page_interval = _false_positives_per_clean_page(matches, operating_point, weights)
    return Evaluation(
        version=version,
        detector_digest=detector_digest,
        dataset_digest=dataset_digest,
        operating_point=operating_point,
        overall=_group_metrics(matches, matches.everything, operating_point, weights),
        by_style={
            style: _group_metrics(matches, group, operating_point, weights) for style, group in groups_by_style(matches).items()
        },
        by_size={
            size: _group_metrics(matches, group, operating_point, weights, holds_all_boxes=False)
            for size, group in _groups_by_size(matches).items()
        },
        false_positives_per_clean_page=per_clean_page,
        false_positives_per_clean_page_interval=per_clean_page_interval,
        seconds_per_page=_median(page.seconds for page in pages),
        reading_seconds_per_page=_median(page.reading_seconds for page in pages),
        resampling=Resampling(documents=len({page.document for page in pages})),
    )


def compute_metrics(pages: Sequence[EvaluatedPage], operating_point: float) -> Metrics:
    """Compute AP over all scores and the other metrics at `operating_point`, without intervals."""
    matches = Matches.of(pages)
    return _group_metrics(matches, matches.everything, operating_point, np.zeros((0, len(pages))))


def groups_by_style(matches: Matches) -> dict[str, Group]:
    """The group of each style that occurs on the pages, and of the pages without redactions."""
    of_box = np.array([style for page in matches.pages for style in page.styles], str)
    all_detections = np.ones(len(matches.scores), bool)
    groups = {}
    for style in sorted(set(of_box)):
        boxes = of_box == style
        pages = np.isin(np.arange(len(matches.pages)), matches.box_page[boxes])
        groups[style] = Group(pages, boxes, all_detections)
    clean = _clean_pages(matches)
    if clean.any():
        groups[NO_REDACTION] = Group(clean, np.zeros(len(of_box), bool), all_detections)
    return groups


def _groups_by_size(matches: Matches) -> dict[str, Group]:
    pages = np.ones(len(matches.pages), bool)
    return {
        size: Group(
            pages,
            (min_share <= matches.box_share) & (matches.box_share < max_share),
            (min_share <= matches.detection_share) & (matches.detection_share < max_share),
        )
        for size, (min_share, max_share) in SIZES.items()
    }


def _clean_pages(matches: Matches) -> NDArray[np.bool_]:
    return np.array([not len(page.truth) for page in matches.pages], bool)


def _group_metrics(
    matches: Matches, group: Group, operating_point: float, weights: NDArray[np.float64], holds_all_boxes: bool = True
) -> Metrics:
    """Compute the metrics of a group.

    Args:
        matches: the pages.
        group: the part of them to count.
        operating_point: see `weighted_metrics`.
        weights: of the pages in each resample, for the intervals; with no rows there are no intervals.
        holds_all_boxes: false if boxes outside the group may lie on its pages, so that pixel precision has no meaning.
    """
    values = weighted_metrics(matches, group, operating_point, np.concatenate([np.ones((1, len(matches.pages))), weights]))
    if not holds_all_boxes:
        values["pixel_precision"][:] = np.nan
    documents = len({page.document for page, counts in zip(matches.pages, group.pages, strict=True) if counts})
    intervals = {name: interval(values[name][1:], documents) for name in METRIC_NAMES} if len(weights) else {}
    _, false, boxes = (int(counts.sum()) for counts in counts_by_page(matches, group, operating_point))
    return Metrics(
        pages=int(group.pages.sum()),
        boxes=boxes,
        false_positives=false,
        intervals={name: known for name, known in intervals.items() if known},
        **{name: _none_if_nan(values[name][0]) for name in METRIC_NAMES},
    )


def _false_positives_per_clean_page(
    matches: Matches, operating_point: float, weights: NDArray[np.float64]
) -> tuple[float | None, Interval | None]:
    clean = _clean_pages(matches)
    if not clean.any():
        return None, None
    false = counts_by_page(matches, matches.everything, operating_point)[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        resampled = weights[:, clean] @ false[clean] / weights[:, clean].sum(axis=1)
    documents = len({page.document for page, counts in zip(matches.pages, clean, strict=True) if counts})
    return float(false[clean].mean()), interval(resampled, documents)


def _none_if_nan(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _median(seconds: Iterable[float]) -> float | None:
    values = list(seconds)
    return float(np.median(values)) if values else None


def metrics_by_group(evaluation: Evaluation) -> Iterator[tuple[str, Metrics]]:
    """The metrics of each group of pages with the group's name, in the order of tables."""
    yield "all", evaluation.overall
    yield from evaluation.by_style.items()
    yield from evaluation.by_size.items()


def format_metric(value: float | None, digits: int = 3) -> str:
    """Format a metric for a table; a dash if it is undefined."""
    return "–" if value is None else f"{value:.{digits}f}"
