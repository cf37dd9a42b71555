"""Metrics of a detector on annotated pages: overall, by style and by size, with confidence intervals.

The pipelines' decision, training and ``redaction evaluate`` compute each metric with the same code.
"""

from redaction.detection.predictor import PagePredictor
from redaction.evaluation.bootstrap import Interval, Resampling, bootstrap_weights
from redaction.evaluation.gains import Gain, Measure, Part
from redaction.evaluation.matching import average_precision, match
from redaction.evaluation.metrics import (
    Comparison,
    Evaluation,
    Metrics,
    compute_metrics,
    evaluate,
    evaluate_detector,
)
from redaction.evaluation.predicting import NO_REDACTION, EvaluatedPage, page_style, predict_pages

__all__ = [
    "NO_REDACTION",
    "Comparison",
    "EvaluatedPage",
    "Evaluation",
    "Gain",
    "Interval",
    "Measure",
    "Metrics",
    "PagePredictor",
    "Part",
    "Resampling",
    "average_precision",
    "bootstrap_weights",
    "compute_metrics",
    "evaluate",
    "evaluate_detector",
    "match",
    "page_style",
    "predict_pages",
]
