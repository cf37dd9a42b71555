"""Compare the candidate with the champion on the frozen test split and on the synthetic panel."""

from __future__ import annotations

from typing import Annotated

from zenml import step

from redaction.catalog import open_catalog
from redaction.dataset import Dataset, Split
from redaction.detection.artifact import Detector
from redaction.detection.starter import starter_detector
from redaction.documents.page_images import rendered_pages
from redaction.evaluation import Comparison
from redaction.evaluation.comparison import ComparisonConfig, compare_contests, contest
from redaction.evaluation.panel import load_or_make_panel
from redaction.evaluation.worst_pages import WorstPages, worst_of_dataset
from redaction.lifecycle.champion import Production
from redaction.progress import log_progress
from redaction.workspace import Workspace
from steps.caching import code_of


@step(cache_policy=code_of("redaction.evaluation.comparison", "redaction.evaluation.worst_pages", "redaction.detection"))
def evaluate(
    candidate: Detector,
    validated: Dataset,
    production: Production,
    config: ComparisonConfig = ComparisonConfig(),  # noqa: B008  (frozen)
) -> tuple[Annotated[Comparison, "comparison"], Annotated[WorstPages, "worst_pages"]]:
    """Evaluate both detectors on the same pages. Where nothing is in production, the starter is the champion to beat."""
    workspace = Workspace.at(production.workspace)
    champion = starter_detector()
    if production.champion:
        champion = Detector.load(workspace.detector(production.champion.version))
    panel = load_or_make_panel(config.panel, workspace.state / "panel", log_progress())
    test = validated.of_split(Split.TEST)
    on_test, on_panel = (contest(candidate, champion, pages) for pages in (test, panel))
    in_production = production.champion is not None
    comparison = compare_contests(candidate, champion, in_production, (test, on_test), (panel, on_panel), config.confidence)
    names = _file_names(workspace, [page.page for page in test.pages])
    return comparison, worst_of_dataset(candidate.version, on_test.candidate, candidate.operating_point, test, names)


def _file_names(workspace: Workspace, pages: list[str]) -> list[str]:
    """The name of each page's file, which says more to people than the page's own name."""
    known = {page.name: page.file_name for page in rendered_pages(open_catalog(workspace), workspace, pages).pages}
    return [known.get(page, page) for page in pages]
