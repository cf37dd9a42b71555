"""The gate on real detectors and real predictions: the starter, and what becomes of it when its manifest is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from redaction.dataset import Dataset
from redaction.detection.artifact import Detector, seal
from redaction.detection.starter import starter_detector
from redaction.evaluation import Comparison, Measure, Part
from redaction.evaluation.comparison import compare, comparison_markdown
from redaction.evaluation.panel import PanelConfig, load_or_make_panel
from redaction.lifecycle.gate import DecisionLimits, FirstDeploymentFloor, ReasonCode, decide

pytestmark = pytest.mark.slow

LIMITS = DecisionLimits(
    min_test_pages=10,
    min_test_boxes=10,
    max_recall_loss=0.03,
    max_style_recall_loss=0.05,
    min_style_boxes=30,
    max_false_positives_per_clean_page=5.0,
    max_seconds_per_page=60.0,
    first_deployment=FirstDeploymentFloor(ap50=0.3, recall=0.3),
)

Variant = Callable[..., Detector]


@pytest.fixture(scope="module")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Variant:
    """Makes a detector with the starter's network and some changes in its manifest."""

    def make(version: str, **changes: Any) -> Detector:
        starter = starter_detector()
        folder = tmp_path_factory.mktemp("detectors") / version
        shutil.copytree(starter.folder, folder)
        return seal(folder, starter.manifest.model_copy(update={"version": version} | changes))

    return make


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    """A small test split, and a small panel."""
    folder = tmp_path_factory.mktemp("panels")
    test = load_or_make_panel(PanelConfig(seed=1, redacted_pages=12, clean_pages=6), folder)
    return test, load_or_make_panel(PanelConfig(redacted_pages=16, clean_pages=12), folder)


def at_score(detector: Detector, score: float) -> Any:
    return detector.manifest.operating_point.model_copy(update={"score": score})


@pytest.fixture(scope="module")
def too_eager(variant: Variant, pages: tuple[Dataset, Dataset]) -> Comparison:
    """The same network as the starter, but it counts detections from a score of .057 instead of .289."""
    starter = starter_detector()
    return compare(variant("nano-eager", operating_point=at_score(starter, 0.057)), starter, False, *pages)


def test_the_same_network_at_a_careless_operating_point_is_held(too_eager: Comparison) -> None:
    """Its AP is the champion's, and its recall higher: only the comparison at the operating points shows what it costs."""
    candidate, champion = too_eager.candidate.overall, too_eager.champion
    assert champion is not None
    assert candidate.ap == champion.overall.ap
    assert (candidate.recall or 0) >= (champion.overall.recall or 0)
    decision = decide(too_eager, LIMITS)
    assert not decision.deploy
    assert ReasonCode.FALSE_BOXES_ROSE in {reason.code for reason in decision.reasons}


def test_a_detector_that_is_really_better_is_deployed(variant: Variant, pages: tuple[Dataset, Dataset]) -> None:
    """The champion is the starter without rescoring, with four boxes a page at most: on nearly every page, four wrong ones."""
    starter = starter_detector()
    four = starter.manifest.postprocessing.model_copy(update={"max_detections": 4})
    champion = variant("nano-raw", rescoring=None, postprocessing=four, operating_point=at_score(starter, 0.1))
    decision = decide(compare(starter, champion, True, *pages), LIMITS)
    assert decision.deploy, decision.reasons
    assert [reason.code for reason in decision.reasons] == [ReasonCode.BETTER_THAN_CHAMPION]


def test_the_dashboard_shows_what_a_candidate_gains_and_how_sure_that_is(too_eager: Comparison) -> None:
    shown = comparison_markdown(too_eager)
    gain = next(one for one in too_eager.gains if (one.part, one.measure) == (Part.ALL, Measure.FALSE_BOXES))
    assert f"| {gain.candidate:.3f} | {gain.champion:.3f} | {gain.value:+.3f} | {gain.low:+.3f} | {gain.documents} |" in shown
    assert "## Test pages" in shown
    assert "## Synthetic panel" in shown
