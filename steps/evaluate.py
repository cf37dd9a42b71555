"""Compare the candidate with the champion on the frozen test split and on the synthetic panel."""

from __future__ import annotations

from typing import Annotated

from zenml import step

from redaction.dataset import Dataset, Split
from redaction.detection.artifact import Detector
from redaction.detection.starter import starter_detector
from redaction.evaluation import Comparison
from redaction.evaluation.comparison import ComparisonConfig, compare
from redaction.evaluation.panel import load_or_make_panel
from redaction.lifecycle.champion import Production
from redaction.lifecycle.versions import detector_folder
from redaction.progress import log_progress
from redaction.workspace import Workspace
from steps.caching import code_of


@step(cache_policy=code_of("redaction.evaluation.comparison", "redaction.detection"))
def evaluate(
    candidate: Detector,
    validated: Dataset,
    production: Production,
    config: ComparisonConfig = ComparisonConfig(),  # noqa: B008  (frozen)
) -> Annotated[Comparison, "comparison"]:
    """Evaluate both detectors on the same pages. Where nothing is in production, the starter is the champion to beat."""
    workspace = Workspace.at(production.workspace)
    champion = starter_detector()
    if production.champion:
        champion = Detector.load(detector_folder(workspace, production.champion.version))
    panel = load_or_make_panel(config.panel, workspace.state / "panel", log_progress())
    test = validated.of_split(Split.TEST)
    return compare(candidate, champion, production.champion is not None, test, panel, config.confidence)
