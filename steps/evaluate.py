"""Evaluate the candidate and the champion on the frozen test split."""

from __future__ import annotations

from typing import Annotated

from zenml import step

from redaction.dataset import Dataset, Split
from redaction.detection.artifact import Detector
from redaction.evaluation import Comparison, evaluate_detector
from redaction.lifecycle.champion import Production
from redaction.lifecycle.versions import detector_folder
from redaction.workspace import Workspace
from steps.caching import code_of


@step(cache_policy=code_of("redaction.evaluation.metrics", "redaction.detection"))
def evaluate(candidate: Detector, validated: Dataset, production: Production) -> Annotated[Comparison, "comparison"]:
    """Evaluate both detectors on the same real test pages."""
    test = validated.of_split(Split.TEST)
    champion = None
    if production.champion:
        folder = detector_folder(Workspace.at(production.workspace), production.champion.version)
        champion = evaluate_detector(Detector.load(folder), test)
    return Comparison(candidate=evaluate_detector(candidate, test), champion=champion)
