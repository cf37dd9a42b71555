"""What a detector says of a list of pages, as values and as a COCO result list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from redaction.detection.predictor import PagePredictor
from redaction.evaluation.coco_pages import PageList
from redaction.evaluation.judging import EvaluatedPage, predict_each
from redaction.files import write_text
from redaction.pages.geometry import Detections

SCORE_FLOOR = 0.01
"""What scores less is not written, and does not count for AP."""


def judge(predictor: PagePredictor, listed: PageList) -> Iterator[EvaluatedPage]:
    """What the detector says of each page, in the list's order, beside what is there.

    An empty page comes first, untimed, because a runtime's first prediction also prepares it.
    """
    predictor.predict(np.full((64, 64, 3), 255, np.uint8))
    for page, detections, reading_seconds, seconds in predict_each(predictor, listed.images()):
        yield EvaluatedPage(
            page.style,
            page.truth,
            detections.at_least(SCORE_FLOOR),
            seconds=seconds,
            document=page.document,
            box_styles=page.styles,
            area=page.width * page.height,
            reading_seconds=reading_seconds,
        )


def write_predictions(path: Path, listed: PageList, judged: Iterable[EvaluatedPage]) -> None:
    """Every detection as a COCO result (``image_id``, ``category_id``, ``bbox`` as x, y, width, height, ``score``), unrounded.

    Unrounded, so that whoever computes figures from the file gets those of the evaluation.
    """
    results = [
        {"image_id": page.image_id, "category_id": 1, "bbox": bbox, "score": score}
        for page, said in zip(listed.pages, judged, strict=True)
        for bbox, score in _results(said.detections)
    ]
    write_text(path, json.dumps(results) + "\n")


def _results(detections: Detections) -> Iterator[tuple[list[float], float]]:
    xyxy = detections.xyxy.astype(np.float64)
    boxes = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    return zip(boxes.tolist(), detections.scores.astype(np.float64).tolist(), strict=True)
