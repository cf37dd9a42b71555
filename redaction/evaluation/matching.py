"""Match detections to ground-truth boxes and compute metrics, for any weighting of the pages.

Detections are matched to boxes greedily, best score first, at an intersection over union above 0.5. AP is COCO's: the mean of
the 101-point interpolated precision over the thresholds .50, .55, ..., .95 (cocodataset.org/#detection-eval), but without
COCO's limit of 100 detections a page, because a dense page holds more redactions than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redaction.evaluation.predicting import EvaluatedPage
from redaction.pages.geometry import Detections, Xyxy, union_area

MATCH_IOU = 0.5
IOUS = np.arange(0.5, 0.96, 0.05)
RECALLS = np.linspace(0, 1, 101)
EPSILON = 1e-9

METRIC_NAMES = ("ap", "ap50", "precision", "recall", "f1", "pixel_precision", "pixel_recall")


def match(truth: Xyxy, detections: Detections, iou: float = MATCH_IOU) -> NDArray[np.bool_]:
    """For each detection, best score first: whether it finds a box that no better one has found; shape (detections,)."""
    return match_boxes(truth, detections, iou) >= 0


def match_boxes(truth: Xyxy, detections: Detections, iou: float = MATCH_IOU) -> NDArray[np.intp]:
    """For each detection, best score first: the index of the box that it finds, or -1; shape (detections,)."""
    return assign(_ious(truth, detections), iou)


def assign(ious: NDArray[np.float64], min_iou: float) -> NDArray[np.intp]:
    """Assign detections to boxes greedily, best score first; the index of each detection's box, or -1.

    Args:
        ious: intersection over union of each detection with each box, (detections, boxes).
        min_iou: the least that makes a match.
    """
    matched = np.full(len(ious), -1, np.intp)
    if not ious.size:
        return matched
    free = ious.copy()
    for row in np.flatnonzero(ious.max(axis=1) >= min_iou):
        best = int(free[row].argmax())
        if free[row, best] >= min_iou:
            matched[row] = best
            free[:, best] = -1
    return matched


def _ious(truth: Xyxy, detections: Detections) -> NDArray[np.float64]:
    """Intersection over union in double precision, with an epsilon: an IoU of exactly 0.5 does not match.

    The published scorer with which we compare does the same; single precision would sometimes decide otherwise.
    """
    a, b = detections.xyxy.astype(np.float64), truth.astype(np.float64)
    sides = np.clip(np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]), 0, None)
    common = sides[..., 0] * sides[..., 1]
    area_a, area_b = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) for boxes in (a, b))
    return np.asarray(common / (area_a[:, None] + area_b[None, :] - common + EPSILON), np.float64)


@dataclass(frozen=True)
class Group:
    """The part of the pages on which metrics are computed: pages, some of their boxes, and some of the unmatched detections.

    A detection that finds a box outside the group counts neither as a hit nor as a false positive.
    """

    pages: NDArray[np.bool_]
    boxes: NDArray[np.bool_]
    detections: NDArray[np.bool_]


@dataclass(frozen=True)
class Matches:
    """All detections, best score first, and all boxes of some pages, matched once; every metric is computed from this."""

    pages: tuple[EvaluatedPage, ...]
    scores: NDArray[np.float64]
    """Of each detection; shape (detections,), as are `detection_page` and `detection_share`."""
    detection_page: NDArray[np.intp]
    """Index of the page of each detection."""
    matched_box: NDArray[np.intp]
    """At each of `IOUS`, the index of the box that each detection finds, or -1; shape (thresholds, detections)."""
    box_page: NDArray[np.intp]
    """Index of the page of each box."""
    box_share: NDArray[np.float64]
    """The share of its page that each box covers."""
    detection_share: NDArray[np.float64]
    """The share of its page that each detection covers."""

    @classmethod
    def of(cls, pages: Sequence[EvaluatedPage]) -> Matches:
        """Match the detections of each page with its boxes."""
        matched: list[NDArray[np.intp]] = [np.zeros((len(IOUS), 0), np.intp)]
        boxes = 0
        for page in pages:
            ious = _ious(page.truth, page.detections)
            on_page = np.stack([assign(ious, min_iou) for min_iou in IOUS])
            matched.append(np.where(on_page >= 0, on_page + boxes, -1))
            boxes += len(page.truth)
        scores = np.concatenate([np.zeros(0), *(page.detections.scores for page in pages)])
        order = np.argsort(-scores, kind="stable")
        numbers = np.arange(len(pages))
        return cls(
            tuple(pages),
            scores[order],
            np.repeat(numbers, [len(page.detections) for page in pages])[order],
            np.concatenate(matched, axis=1)[:, order],
            np.repeat(numbers, [len(page.truth) for page in pages]),
            _shares([(page.truth, page.area_px) for page in pages]),
            _shares([(page.detections.xyxy, page.area_px) for page in pages])[order],
        )

    @property
    def everything(self) -> Group:
        """The group of all pages, boxes and detections."""
        return Group(np.ones(len(self.pages), bool), np.ones(len(self.box_page), bool), np.ones(len(self.scores), bool))


def _shares(boxes: list[tuple[Xyxy, float]]) -> NDArray[np.float64]:
    shares = [(xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1]) / area_px for xyxy, area_px in boxes]
    return np.concatenate(shares or [np.zeros(0)]).astype(np.float64)


def average_precision(pages: Sequence[EvaluatedPage]) -> tuple[float | None, float | None]:
    """AP and AP50 as COCO defines them; both None if no page holds a box."""
    matches = Matches.of(pages)
    ap = _average_precision(matches, matches.everything, np.ones((1, len(pages))))[0]
    return (float(ap.mean()), float(ap[0])) if not np.isnan(ap).any() else (None, None)


def weighted_metrics(
    matches: Matches, group: Group, operating_point: float, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Compute each of `METRIC_NAMES` for each weighting of the pages; NaN where undefined.

    Args:
        matches: the pages.
        group: the part of them to count.
        operating_point: precision, recall, F1 and the pixel metrics are those of detections that score at least this.
        weights: how often each page counts, (weightings, pages); ones for the pages as they are.
    """
    ap = _average_precision(matches, group, weights)
    hits, false, boxes = (weights @ counts for counts in counts_by_page(matches, group, operating_point))
    correct, reported, covered, truth = (weights @ pixels for pixels in _pixels_by_page(matches, group, operating_point))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "ap": ap.mean(axis=1),
            "ap50": ap[:, 0],
            "precision": hits / (hits + false),
            "recall": hits / boxes,
            "f1": np.where(boxes > 0, 2 * hits / (hits + false + boxes), np.nan),
            "pixel_precision": correct / reported,
            "pixel_recall": covered / truth,
        }


def counts_by_page(
    matches: Matches, group: Group, operating_point: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each page: boxes found at the operating point, false detections, and boxes; each of shape (pages,)."""
    hit, counted = _hits(matches, group, 0)
    reported = matches.scores >= operating_point
    pages = len(matches.pages)
    return (
        np.bincount(matches.detection_page[hit & reported], minlength=pages).astype(np.float64),
        np.bincount(matches.detection_page[counted & ~hit & reported], minlength=pages).astype(np.float64),
        np.bincount(matches.box_page[group.boxes], minlength=pages).astype(np.float64),
    )


def _hits(matches: Matches, group: Group, threshold: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each detection: whether it finds a box of the group, and whether it counts at all."""
    matched = matches.matched_box[threshold]
    hit = (matched >= 0) & np.append(group.boxes, False)[matched]
    return hit, (hit | ((matched < 0) & group.detections)) & group.pages[matches.detection_page]


def _pixels_by_page(matches: Matches, group: Group, operating_point: float) -> NDArray[np.float64]:
    """Areas on each page of the group, in square pixels; shape (4, pages).

    The rows are: the intersection of its detections with all its boxes, the area of its detections, the intersection of its
    detections with the group's boxes, and the area of the group's boxes.
    """
    first_boxes = np.cumsum([len(page.truth) for page in matches.pages])[:-1]
    counted_by_page = np.split(group.boxes, first_boxes) if matches.pages else []
    pixels = np.zeros((4, len(matches.pages)))
    for number, (page, counted) in enumerate(zip(matches.pages, counted_by_page, strict=True)):
        if group.pages[number]:
            found = page.detections.at_least(operating_point).xyxy
            boxes = page.truth[counted]
            pixels[:, number] = (
                _intersection_area(found, page.truth),
                union_area(found),
                _intersection_area(found, boxes),
                union_area(boxes),
            )
    return pixels


def _intersection_area(a: Xyxy, b: Xyxy) -> float:
    return union_area(a) + union_area(b) - union_area(np.concatenate([a, b]))


def _average_precision(matches: Matches, group: Group, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """AP at each of `IOUS` for each weighting; shape (weightings, thresholds); NaN where no box counts."""
    boxes = weights @ np.bincount(matches.box_page[group.boxes], minlength=len(matches.pages))
    known = boxes > 0
    ap = np.full((len(weights), len(IOUS)), np.nan)
    for threshold in range(len(IOUS)):
        hit, counted = _hits(matches, group, threshold)
        ap[known, threshold] = _interpolated_precision(
            weights[known], matches.detection_page[counted], hit[counted], boxes[known]
        )
    return ap


def _interpolated_precision(
    weights: NDArray[np.float64], page: NDArray[np.intp], hit: NDArray[np.bool_], boxes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of the 101-point interpolated precision for each weighting.

    Only the ranks of hits matter, because precision falls between them. So the detections up to each hit are counted by page
    once, and applying all weightings is one matrix product.

    Args:
        weights: of the pages, (weightings, pages).
        page: index of the page of each detection, best score first.
        hit: whether each detection finds a box.
        boxes: their weighted number under each weighting.
    """
    ranks = np.flatnonzero(hit)
    if not len(ranks):
        return np.zeros(len(weights))
    up_to = np.searchsorted(ranks, np.arange(len(hit)), side="left")
    before_last = up_to < len(ranks)
    hits = weights @ _cumulative_counts(page[ranks], np.arange(len(ranks)), weights.shape[1], len(ranks))
    reported = weights @ _cumulative_counts(page[before_last], up_to[before_last], weights.shape[1], len(ranks))
    precision = np.divide(hits, reported, out=np.zeros_like(hits), where=reported > 0)
    best_from_rank = np.append(np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1], np.zeros((len(weights), 1)), axis=1)
    recall = hits / boxes[:, None]
    return np.array(
        [best[np.searchsorted(r, RECALLS, side="left")].mean() for best, r in zip(best_from_rank, recall, strict=True)]
    )


def _cumulative_counts(page: NDArray[np.intp], column: NDArray[np.intp], pages: int, columns: int) -> NDArray[np.float64]:
    """Count the items of each page up to each column; shape (pages, columns)."""
    counts = np.zeros((pages, columns))
    np.add.at(counts, (page, column), 1)
    return np.cumsum(counts, axis=1)
