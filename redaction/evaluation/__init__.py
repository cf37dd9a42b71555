"""How good a detector is on annotated pages: the field's usual figures, overall, by style and by size, with their uncertainty.

One way to compute each figure, whoever asks: the pipelines' decision, a training, ``redaction evaluate``.
"""

from redaction.detection.predictor import PagePredictor
from redaction.evaluation.bootstrap import Interval, Resampling, document_draws
from redaction.evaluation.judging import NO_REDACTION, EvaluatedPage, page_style, predict_pages
from redaction.evaluation.matching import average_precision, match
from redaction.evaluation.metrics import (
    Comparison,
    Evaluation,
    Metrics,
    comparison_markdown,
    evaluate,
    evaluate_detector,
    figures,
)

__all__ = [
    "NO_REDACTION",
    "Comparison",
    "EvaluatedPage",
    "Evaluation",
    "Interval",
    "Metrics",
    "PagePredictor",
    "Resampling",
    "average_precision",
    "comparison_markdown",
    "document_draws",
    "evaluate",
    "evaluate_detector",
    "figures",
    "match",
    "page_style",
    "predict_pages",
]
