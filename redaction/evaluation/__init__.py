"""How good a detector is on annotated pages: the field's usual figures, overall, by style and by size, with their uncertainty.

One way to compute each figure, whoever asks: the pipelines' decision, a training, ``redaction evaluate``.
"""

from redaction.detection.predictor import PagePredictor
from redaction.evaluation.bootstrap import Interval, Resampling, document_draws
from redaction.evaluation.judging import NO_REDACTION, JudgedPage, judge_pages, page_style
from redaction.evaluation.matching import average_precision, match
from redaction.evaluation.metrics import (
    Comparison,
    Evaluation,
    Figures,
    comparison_markdown,
    evaluate,
    evaluate_detector,
    figures,
)

__all__ = [
    "NO_REDACTION",
    "Comparison",
    "Evaluation",
    "Figures",
    "Interval",
    "JudgedPage",
    "PagePredictor",
    "Resampling",
    "average_precision",
    "comparison_markdown",
    "document_draws",
    "evaluate",
    "evaluate_detector",
    "figures",
    "judge_pages",
    "match",
    "page_style",
]
