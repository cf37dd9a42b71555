"""Predictions for the pages of a COCO file, as values and as a COCO result list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from redaction.detection.predictor import PagePredictor
from redaction.evaluation.coco_pages import PageList
from redaction.evaluation.predicting import EvaluatedPage, predict_each
from redaction.files import write_text

MIN_SCORE = 0.01
"""Detections with a lower score are not written and do not count for AP."""


def predict_listed(predictor: PagePredictor, listed: PageList) -> Iterator[EvaluatedPage]:
    """Run the detector on each listed page, in order.

    A blank page is predicted first and not timed, because the first prediction includes the runtime's warm-up.
    """
    predictor.predict(np.full((64, 64, 3), 255, np.uint8))
    for page, detections, reading_seconds, seconds in predict_each(predictor, listed.images()):
        yield EvaluatedPage(
            page.style,
            page.truth,
            detections.at_least(MIN_SCORE),
            seconds=seconds,
            document=page.document,
            box_styles=page.styles,
            area_px=page.width * page.height,
            reading_seconds=reading_seconds,
            scale=page.scale,
        )


def write_predictions(path: Path, listed: PageList, evaluated: Iterable[EvaluatedPage]) -> None:
    """Write every detection as a COCO result (``image_id``, ``category_id``, ``bbox`` as x, y, width, height, ``score``).

    Boxes are in pixels of the annotated image, as the COCO file's are.
    Numbers are not rounded, so metrics computed from the file equal those of the evaluation.
    """
    results = [
        {"image_id": page.image_id, "category_id": 1, "bbox": bbox, "score": score}
        for page, predicted in zip(listed.pages, evaluated, strict=True)
        for bbox, score in _results(predicted)
    ]
    write_text(path, json.dumps(results) + "\n", private=False)


def _results(predicted: EvaluatedPage) -> Iterator[tuple[list[float], float]]:
    detections = predicted.detections
    xyxy = detections.xyxy.astype(np.float64) / (predicted.scale * 2)
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    return zip(xywh.tolist(), detections.scores.astype(np.float64).tolist(), strict=True)
