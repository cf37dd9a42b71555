"""Which detection finds which box, and the figures that follow, for the pages as they are and for any weighting of them.

Detections are matched to boxes greedily, best score first, at an intersection over union of at least 0.5. AP is COCO's: the
mean of the 101-point interpolated precision over the thresholds .50, .55, ..., .95 (cocodataset.org/#detection-eval), without
COCO's limit of 100 detections a page, since a dense page holds more redactions than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redaction.evaluation.judging import EvaluatedPage
from redaction.pages.geometry import Detections, Xyxy, union_area

MATCH_IOU = 0.5
IOUS = np.arange(0.5, 0.96, 0.05)
RECALLS = np.linspace(0, 1, 101)

FIGURES = ("ap", "ap50", "precision", "recall", "f1", "pixel_precision", "pixel_recall")


def match(truth: Xyxy, detections: Detections, iou: float = MATCH_IOU) -> NDArray[np.bool_]:
    """For each detection, best score first, whether it finds a box that no better one has found; shape (detections,)."""
    return match_boxes(truth, detections, iou) >= 0


def match_boxes(truth: Xyxy, detections: Detections, iou: float = MATCH_IOU) -> NDArray[np.intp]:
    """For each detection, best score first, the number of the box that it finds and no better one has, or -1."""
    return assign(_overlaps(truth, detections), iou)


def assign(overlaps: NDArray[np.float64], iou: float) -> NDArray[np.intp]:
    """For each detection, best score first, the box that it finds, or -1; shape (detections,).

    Args:
        overlaps: intersection over union of each detection with each box, (detections, boxes).
        iou: how much of them must be common.
    """
    found = np.full(len(overlaps), -1, np.intp)
    if not overlaps.size:
        return found
    free = overlaps.copy()
    for row in np.flatnonzero(overlaps.max(axis=1) >= iou):
        best = int(free[row].argmax())
        if free[row, best] >= iou:
            found[row] = best
            free[:, best] = -1
    return found


def _overlaps(truth: Xyxy, detections: Detections) -> NDArray[np.float64]:
    """In double precision, and with the grain of sand in the divisor that keeps a box just half covered from counting.

    The published scorer that these figures are compared with does the same; single precision would now and then decide otherwise.
    """
    a, b = detections.xyxy.astype(np.float64), truth.astype(np.float64)
    sides = np.clip(np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]), 0, None)
    common = sides[..., 0] * sides[..., 1]
    area_a, area_b = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) for boxes in (a, b))
    return np.asarray(common / (area_a[:, None] + area_b[None, :] - common + 1e-9), np.float64)


@dataclass(frozen=True)
class Group:
    """What counts for some figures: pages, some of their boxes, and some of the detections that find none.

    A detection that finds a box outside the group counts neither for nor against.
    """

    pages: NDArray[np.bool_]
    boxes: NDArray[np.bool_]
    detections: NDArray[np.bool_]


@dataclass(frozen=True)
class Matches:
    """All detections, best first, and all boxes of some pages, matched once: every figure is read off this."""

    pages: tuple[EvaluatedPage, ...]
    score: NDArray[np.float64]
    page: NDArray[np.intp]
    """Of each detection."""
    box: NDArray[np.intp]
    """At each of `IOUS`, the box that each detection finds, or -1; shape (thresholds, detections)."""
    box_page: NDArray[np.intp]
    box_share: NDArray[np.float64]
    """Of each box, the share of its page that it covers; below, the same of each detection."""
    share: NDArray[np.float64]

    @classmethod
    def of(cls, pages: Sequence[EvaluatedPage]) -> Matches:
        """Match the detections of each page with its boxes."""
        found: list[NDArray[np.intp]] = [np.zeros((len(IOUS), 0), np.intp)]
        boxes = 0
        for page in pages:
            overlaps = _overlaps(page.truth, page.detections)
            at = np.stack([assign(overlaps, iou) for iou in IOUS])
            found.append(np.where(at >= 0, at + boxes, -1))
            boxes += len(page.truth)
        score = np.concatenate([np.zeros(0), *(page.detections.scores for page in pages)])
        order = np.argsort(-score, kind="stable")
        numbers = np.arange(len(pages))
        return cls(
            tuple(pages),
            score[order],
            np.repeat(numbers, [len(page.detections) for page in pages])[order],
            np.concatenate(found, axis=1)[:, order],
            np.repeat(numbers, [len(page.truth) for page in pages]),
            _shares([(page.truth, page.area) for page in pages]),
            _shares([(page.detections.xyxy, page.area) for page in pages])[order],
        )

    @property
    def everything(self) -> Group:
        """The group that leaves nothing out."""
        return Group(np.ones(len(self.pages), bool), np.ones(len(self.box_page), bool), np.ones(len(self.score), bool))


def _shares(boxes: list[tuple[Xyxy, float]]) -> NDArray[np.float64]:
    shares = [(xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1]) / area for xyxy, area in boxes]
    return np.concatenate(shares or [np.zeros(0)]).astype(np.float64)


def average_precision(pages: Sequence[EvaluatedPage]) -> tuple[float | None, float | None]:
    """AP and AP50 as COCO defines them; both None when no page holds a box."""
    matches = Matches.of(pages)
    ap = _average_precision(matches, matches.everything, np.ones((1, len(pages))))[0]
    return (float(ap.mean()), float(ap[0])) if not np.isnan(ap).any() else (None, None)


def measure(
    matches: Matches, group: Group, operating_point: float, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Each of `FIGURES`, once for each weighting of the pages; NaN where it cannot be had.

    Args:
        matches: the pages.
        group: which of them, and what of them, counts.
        operating_point: precision, recall, F1 and the covered pixels are those of what scores at least this.
        weights: how often each page counts, (weightings, pages); ones for the pages as they are.
    """
    ap = _average_precision(matches, group, weights)
    hits, false, boxes = (weights @ counts for counts in counts_by_page(matches, group, operating_point))
    right, found, covered, truth = (weights @ pixels for pixels in _pixels_by_page(matches, group, operating_point))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "ap": ap.mean(axis=1),
            "ap50": ap[:, 0],
            "precision": hits / (hits + false),
            "recall": hits / boxes,
            "f1": np.where(boxes > 0, 2 * hits / (hits + false + boxes), np.nan),
            "pixel_precision": right / found,
            "pixel_recall": covered / truth,
        }


def counts_by_page(
    matches: Matches, group: Group, operating_point: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each page: boxes found at the operating point, false detections, and boxes."""
    hit, counted = _hits(matches, group, 0)
    reported = matches.score >= operating_point
    pages = len(matches.pages)
    return (
        np.bincount(matches.page[hit & reported], minlength=pages).astype(np.float64),
        np.bincount(matches.page[counted & ~hit & reported], minlength=pages).astype(np.float64),
        np.bincount(matches.box_page[group.boxes], minlength=pages).astype(np.float64),
    )


def _hits(matches: Matches, group: Group, threshold: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each detection: whether it finds a box of the group, and whether it counts at all."""
    box = matches.box[threshold]
    hit = (box >= 0) & np.append(group.boxes, False)[box]
    return hit, (hit | ((box < 0) & group.detections)) & group.pages[matches.page]


def _pixels_by_page(matches: Matches, group: Group, operating_point: float) -> NDArray[np.float64]:
    """Of each page of the group, in square pixels; shape (4, pages).

    What its detections cover of any box, what they cover, what they cover of the group's boxes, and the group's boxes.
    """
    firsts = np.cumsum([len(page.truth) for page in matches.pages])[:-1]
    kept_of = np.split(group.boxes, firsts) if matches.pages else []
    pixels = np.zeros((4, len(matches.pages)))
    for number, (page, kept) in enumerate(zip(matches.pages, kept_of, strict=True)):
        if group.pages[number]:
            found = page.detections.at_least(operating_point).xyxy
            counted = page.truth[kept]
            pixels[:, number] = _common(found, page.truth), union_area(found), _common(found, counted), union_area(counted)
    return pixels


def _common(a: Xyxy, b: Xyxy) -> float:
    return union_area(a) + union_area(b) - union_area(np.concatenate([a, b]))


def _average_precision(matches: Matches, group: Group, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """At each threshold, for each weighting; shape (weightings, thresholds); NaN where no box counts."""
    boxes = weights @ np.bincount(matches.box_page[group.boxes], minlength=len(matches.pages))
    known = boxes > 0
    ap = np.full((len(weights), len(IOUS)), np.nan)
    for threshold in range(len(IOUS)):
        hit, counted = _hits(matches, group, threshold)
        ap[known, threshold] = _interpolated(weights[known], matches.page[counted], hit[counted], boxes[known])
    return ap


def _interpolated(
    weights: NDArray[np.float64], page: NDArray[np.intp], hit: NDArray[np.bool_], boxes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of the 101-point interpolated precision for each weighting.

    Only ranks at which a box is found matter: between them precision falls. So the detections up to each of those are counted by
    page once, and each weighting is a product of matrices.

    Args:
        weights: of the pages, (weightings, pages).
        page: of each detection, best first.
        hit: whether each detection finds a box.
        boxes: how many there are under each weighting.
    """
    ranks = np.flatnonzero(hit)
    if not len(ranks):
        return np.zeros(len(weights))
    up_to = np.searchsorted(ranks, np.arange(len(hit)), side="left")
    before_last = up_to < len(ranks)
    hits = weights @ _cumulative(page[ranks], np.arange(len(ranks)), weights.shape[1], len(ranks))
    reported = weights @ _cumulative(page[before_last], up_to[before_last], weights.shape[1], len(ranks))
    precision = np.divide(hits, reported, out=np.zeros_like(hits), where=reported > 0)
    best_from_here = np.append(np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1], np.zeros((len(weights), 1)), axis=1)
    recall = hits / boxes[:, None]
    return np.array(
        [best[np.searchsorted(r, RECALLS, side="left")].mean() for best, r in zip(best_from_here, recall, strict=True)]
    )


def _cumulative(page: NDArray[np.intp], column: NDArray[np.intp], pages: int, columns: int) -> NDArray[np.float64]:
    """How many of something each page has up to each column; shape (pages, columns)."""
    counts = np.zeros((pages, columns))
    np.add.at(counts, (page, column), 1)
    return np.cumsum(counts, axis=1)
