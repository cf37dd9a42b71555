"""How good a detector is on annotated pages: the field's usual figures, overall and by style.

Detections are matched to boxes greedily, best score first, at an intersection over union of at least 0.5. AP is COCO's: the
mean of the 101-point interpolated precision over the thresholds .50, .55, ..., .95 (cocodataset.org/#detection-eval), computed by
pycocotools without its limit of 100 detections a page, since a dense page holds more redactions than that.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from redaction.dataset import AnnotatedPage, Dataset, Frozen
from redaction.detector.artifact import Detector
from redaction.detector.inference import Predictor
from redaction.detector.preprocessing import page_from_file
from redaction.geometry import Detections, Xyxy, iou_matrix, xyxy_to_xywh

MATCH_IOU = 0.5
MAX_DETECTIONS_PER_PAGE = 1000
NO_REDACTION = "no redaction"
MIXED = "mixed"


class Figures(Frozen):
    """What was counted on a set of pages. A figure that cannot be had (no box, no detection) is None, never 0."""

    pages: int
    boxes: int
    ap: float | None
    ap50: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    false_positives: int


class Evaluation(Frozen):
    """One detector on one set of pages."""

    version: str
    detector_digest: str
    dataset_digest: str
    operating_point: float
    overall: Figures
    by_style: dict[str, Figures]
    """By the style of a page's redactions; pages with several styles are ``mixed``, pages with none ``no redaction``."""
    false_positives_per_clean_page: float | None
    """Detections on pages without redactions, a page; None when there is no such page."""
    seconds_per_page: float | None
    """Median time of one prediction; None when there was no page."""


class Comparison(Frozen):
    """The candidate and, where there is one, the champion, on the same pages."""

    candidate: Evaluation
    champion: Evaluation | None


class PagePredictor(Protocol):
    """Whatever finds redactions on a page image."""

    def predict(self, image: NDArray[np.uint8]) -> Detections:
        """Everything found, whatever its score, in pixels of `image` (RGB, shape (height, width, 3))."""
        ...


@dataclass(frozen=True)
class JudgedPage:
    """The truth about a page, what a detector said of it, and how long that took."""

    style: str
    truth: Xyxy
    detections: Detections
    seconds: float = 0.0
    document: str = ""
    """What the page belongs to: pages of one document are alike, so that they are drawn together where chance is judged."""


def evaluate_detector(detector: Detector, dataset: Dataset) -> Evaluation:
    """All figures of a detector on a dataset, at its own operating point."""
    predictor = Predictor(detector)
    images = ((page, page_from_file(dataset.image_path(page))) for page in dataset.pages)
    return evaluate(
        list(judge_pages(predictor, images)),
        dataset,
        version=detector.version,
        detector_digest=detector.digest,
        operating_point=detector.operating_point,
    )


def judge_pages(predictor: PagePredictor, pages: Iterable[tuple[AnnotatedPage, NDArray[np.uint8]]]) -> Iterator[JudgedPage]:
    """What the detector says of each page, beside what is there."""
    for page, image in pages:
        started = time.perf_counter()
        detections = predictor.predict(image)
        yield JudgedPage(page_style(page), page.xyxy, detections, time.perf_counter() - started, page.document)


def page_style(page: AnnotatedPage) -> str:
    """The style that all redactions of the page share, else ``mixed``; ``no redaction`` where there is none."""
    styles = {box.style.value for box in page.boxes}
    if not styles:
        return NO_REDACTION
    return styles.pop() if len(styles) == 1 else MIXED


def evaluate(
    judged: Sequence[JudgedPage], dataset: Dataset, *, version: str, detector_digest: str, operating_point: float
) -> Evaluation:
    """All figures of one detector on one dataset."""
    groups: dict[str, list[JudgedPage]] = defaultdict(list)
    for page in judged:
        groups[page.style].append(page)
    clean = groups.get(NO_REDACTION, [])
    false_on_clean = sum(len(page.detections.at_least(operating_point)) for page in clean)
    return Evaluation(
        version=version,
        detector_digest=detector_digest,
        dataset_digest=dataset.digest,
        operating_point=operating_point,
        overall=figures(judged, operating_point),
        by_style={style: figures(groups[style], operating_point) for style in sorted(groups)},
        false_positives_per_clean_page=false_on_clean / len(clean) if clean else None,
        seconds_per_page=float(np.median([page.seconds for page in judged])) if judged else None,
    )


def figures(pages: Sequence[JudgedPage], operating_point: float) -> Figures:
    """AP over all scores; precision, recall and F1 of what scores at least `operating_point`."""
    hits = misses = false_positives = 0
    for page in pages:
        found = page.detections.at_least(operating_point)
        matched = int(match(page.truth, found).sum())
        hits += matched
        false_positives += len(found) - matched
        misses += len(page.truth) - matched
    ap, ap50 = average_precision(pages)
    return Figures(
        pages=len(pages),
        boxes=hits + misses,
        ap=ap,
        ap50=ap50,
        precision=_ratio(hits, hits + false_positives),
        recall=_ratio(hits, hits + misses),
        f1=_ratio(2 * hits, 2 * hits + false_positives + misses) if hits + misses else None,
        false_positives=false_positives,
    )


def match(truth: Xyxy, detections: Detections, iou: float = MATCH_IOU) -> NDArray[np.bool_]:
    """For each detection, best score first, whether it finds a box that no better one has found; shape (detections,)."""
    overlaps = iou_matrix(detections.xyxy, truth)
    found = np.zeros(len(detections), bool)
    for row in range(len(detections) if len(truth) else 0):
        best = int(overlaps[row].argmax())
        if overlaps[row, best] >= iou:
            found[row] = True
            overlaps[:, best] = -1
    return found


def average_precision(pages: Sequence[JudgedPage]) -> tuple[float | None, float | None]:
    """AP and AP50 as COCO defines them; both None when no page holds a box."""
    if not any(len(page.truth) for page in pages):
        return None, None
    truth = COCO()
    results: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, page in enumerate(pages, start=1):
        for x, y, w, h in xyxy_to_xywh(page.truth).tolist():
            box = {"bbox": [x, y, w, h], "area": w * h, "image_id": image_id, "category_id": 1, "iscrowd": 0}
            annotations.append(box | {"id": len(annotations) + 1})
        for (x, y, w, h), score in zip(xyxy_to_xywh(page.detections.xyxy).tolist(), page.detections.scores.tolist(), strict=True):
            results.append({"bbox": [x, y, w, h], "score": score, "image_id": image_id, "category_id": 1})
    if not results:
        return 0.0, 0.0
    truth.dataset = {
        "info": {},
        "images": [{"id": image_id} for image_id in range(1, len(pages) + 1)],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "redaction"}],
    }
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools reports its progress with print
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(results), "bbox")
        run.params.maxDets = [MAX_DETECTIONS_PER_PAGE]
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, 0, 0, 0]  # (IoU threshold, recall)
    return float(precision.mean()), float(precision[0].mean())


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def comparison_markdown(comparison: Comparison) -> str:
    """The figures of both detectors, overall and by style, as a Markdown table."""
    head = ["pages", "detector", "n", "boxes", "AP", "AP50", "precision", "recall", "F1", "false boxes"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    evaluations = [comparison.candidate, *([comparison.champion] if comparison.champion else [])]
    for group in ["all", *comparison.candidate.by_style]:
        for evaluation in evaluations:
            row = evaluation.overall if group == "all" else evaluation.by_style[group]
            rates = [row.ap, row.ap50, row.precision, row.recall, row.f1]
            cells = [group, evaluation.version, str(row.pages), str(row.boxes), *map(_shown, rates), str(row.false_positives)]
            lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    for evaluation in evaluations:
        lines.append(
            f"- {evaluation.version}: operating point {evaluation.operating_point:.2f}, "
            f"{_shown(evaluation.false_positives_per_clean_page)} false boxes a page without redactions, "
            f"{_shown(evaluation.seconds_per_page)} s a page"
        )
    return "\n".join(lines) + "\n"


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
