"""All figures of a detector on some pages, as values that flow between steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from redaction.dataset import Dataset
from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.evaluation.bootstrap import Interval, Resampling, document_draws, interval
from redaction.evaluation.judging import NO_REDACTION, EvaluatedPage, predict_pages
from redaction.evaluation.matching import FIGURES, Group, Matches, counts_by_page, measure
from redaction.pages.image import page_from_file
from redaction.values import Frozen

SIZES = {"small": (0.0, 0.001), "medium": (0.001, 0.01), "large": (0.01, float("inf"))}
"""By the share of the page that a box covers: up to a word or two, up to most of a line, and above."""


class Metrics(Frozen):
    """What was counted on a set of pages. A figure that cannot be had (no box, no detection) is None, never 0."""

    pages: int
    boxes: int
    ap: float | None
    ap50: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    false_positives: int
    pixel_precision: float | None = None
    """Of the pixels that detections cover, the share that is redacted: of the union, so that overlaps count once."""
    pixel_recall: float | None = None
    """Of the redacted pixels, the share that detections cover."""
    intervals: dict[str, Interval] = Field(default_factory=dict)
    """Of the figures, by name, as far as the pages are of enough documents."""


class Evaluation(Frozen):
    """One detector on one set of pages."""

    version: str
    detector_digest: str
    dataset_digest: str
    operating_point: float
    overall: Metrics
    by_style: dict[str, Metrics]
    """By the style of the redactions. A page with several styles counts for each of them, with its boxes of that style and all of
    its false detections; pages without redactions are ``no redaction``."""
    by_size: dict[str, Metrics] = Field(default_factory=dict)
    """By the sizes of `SIZES`: of boxes, and of the detections that find none."""
    false_positives_per_clean_page: float | None
    """Detections on pages without redactions, a page; None when there is no such page."""
    false_positives_per_clean_page_interval: Interval | None = None
    seconds_per_page: float | None
    """Median time of one prediction; None when there was no page."""
    reading_seconds_per_page: float | None = None
    """Median time of opening, or rendering, a page's image."""
    resampling: Resampling | None = None
    """How the intervals were made; None in evaluations older than this field."""


class Comparison(Frozen):
    """The candidate and, where there is one, the champion, on the same pages."""

    candidate: Evaluation
    champion: Evaluation | None


def evaluate_detector(detector: Detector, dataset: Dataset) -> Evaluation:
    """All figures of a detector on a dataset, at its own operating point."""
    predictor = Predictor(detector)
    images = ((page, page_from_file(dataset.image_path(page))) for page in dataset.pages)
    return evaluate(
        list(predict_pages(predictor, images)),
        dataset.digest,
        version=detector.version,
        detector_digest=detector.digest,
        operating_point=detector.operating_point,
    )


def evaluate(
    judged: Sequence[EvaluatedPage], dataset_digest: str, *, version: str, detector_digest: str, operating_point: float
) -> Evaluation:
    """All figures of one detector on one set of pages."""
    matches = Matches.of(judged)
    draws = document_draws([page.document for page in judged])
    per_clean_page, per_clean_page_interval = _false_on_clean(matches, operating_point, draws)
    return Evaluation(
        version=version,
        detector_digest=detector_digest,
        dataset_digest=dataset_digest,
        operating_point=operating_point,
        overall=_figures(matches, matches.everything, operating_point, draws),
        by_style={style: _figures(matches, group, operating_point, draws) for style, group in styles(matches).items()},
        by_size={size: _figures(matches, group, operating_point, draws, whole=False) for size, group in _sizes(matches).items()},
        false_positives_per_clean_page=per_clean_page,
        false_positives_per_clean_page_interval=per_clean_page_interval,
        seconds_per_page=_median(page.seconds for page in judged),
        reading_seconds_per_page=_median(page.reading_seconds for page in judged),
        resampling=Resampling(documents=len({page.document for page in judged})),
    )


def figures(pages: Sequence[EvaluatedPage], operating_point: float) -> Metrics:
    """AP over all scores; the rest of what scores at least `operating_point`. Without intervals."""
    matches = Matches.of(pages)
    return _figures(matches, matches.everything, operating_point, np.zeros((0, len(pages))))


def styles(matches: Matches) -> dict[str, Group]:
    """What counts for each style on the pages, by name."""
    of_box = np.array([style for page in matches.pages for style in page.styles], str)
    groups = {}
    for style in sorted(set(of_box)):
        boxes = of_box == style
        pages = np.isin(np.arange(len(matches.pages)), matches.box_page[boxes])
        groups[style] = Group(pages, boxes, np.ones(len(matches.score), bool))
    clean = _clean(matches)
    if clean.any():
        groups[NO_REDACTION] = Group(clean, np.zeros(len(of_box), bool), np.ones(len(matches.score), bool))
    return groups


def _sizes(matches: Matches) -> dict[str, Group]:
    pages = np.ones(len(matches.pages), bool)
    return {
        size: Group(
            pages,
            (least <= matches.box_share) & (matches.box_share < most),
            (least <= matches.share) & (matches.share < most),
        )
        for size, (least, most) in SIZES.items()
    }


def _clean(matches: Matches) -> NDArray[np.bool_]:
    return np.array([not len(page.truth) for page in matches.pages], bool)


def _figures(matches: Matches, group: Group, operating_point: float, draws: NDArray[np.float64], whole: bool = True) -> Metrics:
    """The figures of a group.

    Args:
        matches: the pages.
        group: what of them counts.
        operating_point: see `measure`.
        draws: weights of the pages for the intervals; none for no intervals.
        whole: the group takes all boxes of a style; if not, others lie on its pages, and precision of pixels has no meaning.
    """
    measured = measure(matches, group, operating_point, np.concatenate([np.ones((1, len(matches.pages))), draws]))
    if not whole:
        measured["pixel_precision"][:] = np.nan
    documents = len({page.document for page, counts in zip(matches.pages, group.pages, strict=True) if counts})
    intervals = {name: interval(measured[name][1:], documents) for name in FIGURES} if len(draws) else {}
    _, false, boxes = (int(counts.sum()) for counts in counts_by_page(matches, group, operating_point))
    return Metrics(
        pages=int(group.pages.sum()),
        boxes=boxes,
        false_positives=false,
        intervals={name: known for name, known in intervals.items() if known},
        **{name: _known(measured[name][0]) for name in FIGURES},
    )


def _false_on_clean(matches: Matches, operating_point: float, draws: NDArray[np.float64]) -> tuple[float | None, Interval | None]:
    clean = _clean(matches)
    if not clean.any():
        return None, None
    false = counts_by_page(matches, matches.everything, operating_point)[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = draws[:, clean] @ false[clean] / draws[:, clean].sum(axis=1)
    documents = len({page.document for page, counts in zip(matches.pages, clean, strict=True) if counts})
    return float(false[clean].mean()), interval(drawn, documents)


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _median(seconds: Iterable[float]) -> float | None:
    values = list(seconds)
    return float(np.median(values)) if values else None


def comparison_markdown(comparison: Comparison) -> str:
    """The figures of both detectors, overall, by style and by size, as a Markdown table."""
    head = [
        "pages",
        "detector",
        "n",
        "boxes",
        "AP",
        "AP50",
        "precision",
        "recall",
        "F1",
        "false boxes",
        "pixel precision",
        "pixel recall",
    ]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    evaluations = [comparison.candidate, *([comparison.champion] if comparison.champion else [])]
    for group in dict(rows(comparison.candidate)):
        for evaluation in evaluations:
            row = dict(rows(evaluation)).get(group)
            if row is None:
                continue
            rates = [row.ap, row.ap50, row.precision, row.recall, row.f1]
            pixels = [row.pixel_precision, row.pixel_recall]
            cells = [group, evaluation.version, str(row.pages), str(row.boxes), *map(_shown, rates), str(row.false_positives)]
            lines.append(f"| {' | '.join([*cells, *map(_shown, pixels)])} |")
    lines.append("")
    for evaluation in evaluations:
        lines.append(
            f"- {evaluation.version}: operating point {evaluation.operating_point:.2f}, "
            f"{_shown(evaluation.false_positives_per_clean_page)} false boxes a page without redactions, "
            f"{_shown(evaluation.seconds_per_page)} s a page"
        )
    return "\n".join(lines) + "\n"


def rows(evaluation: Evaluation) -> Iterator[tuple[str, Metrics]]:
    """All figures of an evaluation with the name of what they are of, as tables show them."""
    yield "all", evaluation.overall
    yield from evaluation.by_style.items()
    yield from evaluation.by_size.items()


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
