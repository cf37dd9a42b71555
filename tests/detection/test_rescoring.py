"""Scores depend on the features of the refined boxes."""

import numpy as np
import pytest

from redaction.dataset import Dataset
from redaction.detection.box_features import BoxFeatures
from redaction.detection.predictor import Predictor
from redaction.detection.refinement import RefinedBoxes
from redaction.detection.rescoring import MIN_PROPOSAL_SCORE, Rescoring, feature_matrix, refine_and_rescore
from redaction.detection.starter import starter_detector
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage
from redaction.synthesis import SynthesisConfig, synthesize
from redaction.training.rescoring_fit import fit_rescoring

RESCORING = Rescoring(intercept=-3, score=1, purity=0.5, darkness=0.5, weakest_side=2.5, second_side=2)
BAR = [300, 200, 900, 230]


@pytest.fixture
def page() -> PageImage:
    """One bar."""
    page = np.full((1650, 1275, 3), 255, np.uint8)
    page[200:230, 300:900] = 0
    return page


def test_several_proposals_at_one_bar_become_one_detection(page: PageImage) -> None:
    proposals = np.array([[310, 198, 700, 232], [480, 203, 960, 228], [290, 195, 905, 236]], np.float32)
    found = refine_and_rescore(page, Detections(proposals, np.array([0.3, 0.2, 0.25], np.float32)), RESCORING, 0.5)
    assert found.xyxy.tolist() == [BAR]
    assert found.scores[0] > 0.8


def test_a_bar_outscores_plain_paper_that_the_network_preferred(page: PageImage) -> None:
    proposals = np.array([[310, 198, 850, 232], [300, 900, 900, 930]], np.float32)
    found = refine_and_rescore(page, Detections(proposals, np.array([0.3, 0.6], np.float32)), RESCORING, 0.5)
    assert found.xyxy[0].tolist() == BAR
    assert found.scores[0] > 0.8
    assert found.scores[1] < 0.2


def test_proposals_with_a_very_low_score_are_dropped(page: PageImage) -> None:
    proposal = Detections(np.array([BAR], np.float32), np.array([MIN_PROPOSAL_SCORE / 2], np.float32))
    assert len(refine_and_rescore(page, proposal, RESCORING, 0.5)) == 0


def test_no_proposals_give_no_detections(page: PageImage) -> None:
    assert len(refine_and_rescore(page, Detections.none(), RESCORING, 0.5)) == 0


FEATURES = BoxFeatures(purity=1, darkness=1, weakest_side=1, second_side=1, fill_beyond=0, row_neighbors=0)
BLACK, YELLOW = (0, 0, 0), (255, 255, 0)
HERE, HALF_OVER_IT, ELSEWHERE = (300, 800, 420, 830), (340, 800, 460, 830), (300, 200, 900, 230)


@pytest.mark.parametrize(
    ("other", "fill", "source", "counts"),
    [
        (ELSEWHERE, BLACK, 1, True),
        (ELSEWHERE, YELLOW, 1, False),  # another color
        (ELSEWHERE, (np.nan,) * 3, 1, False),  # not examined
        (ELSEWHERE, BLACK, 0, False),  # two parts of one proposal
        (HALF_OVER_IT, BLACK, 1, False),  # at the same place
    ],
)
def test_the_best_other_box_of_the_same_color_is_a_feature(
    other: tuple[int, ...], fill: tuple[float, ...], source: int, counts: bool
) -> None:
    refined = RefinedBoxes(
        np.array([HERE, other], np.float32), np.array([0, source]), [FEATURES, FEATURES], np.array([BLACK, fill], np.float32)
    )
    best_same_color = feature_matrix(np.array([0.2, 0.8], np.float32), refined)[0, -1]
    assert best_same_color == pytest.approx(np.log(4) if counts else -4, abs=1e-3)


def test_a_weak_box_scores_higher_beside_a_confident_box_of_the_same_color(page: PageImage) -> None:
    page[HERE[1] : HERE[3], HERE[0] : HERE[2]] = 0
    rescoring = RESCORING.model_copy(update={"same_color_score": 0.5})

    def score(proposals: list[tuple[int, ...]], scores: list[float]) -> float:
        found = refine_and_rescore(
            page, Detections(np.array(proposals, np.float32), np.array(scores, np.float32)), rescoring, 0.5
        )
        return max(float(score) for box, score in zip(found.xyxy, found.scores, strict=True) if box.tolist() == list(HERE))

    assert score([ELSEWHERE, HERE], [0.9, 0.2]) > score([HERE], [0.2]) + 0.3


def test_an_interline_gap_is_dropped(page: PageImage) -> None:
    page[260:290, 300:900] = 0
    between, below = [300, 230, 900, 260], [300, 260, 900, 290]
    proposals = np.array([BAR, between, below], np.float32)
    found = refine_and_rescore(page, Detections(proposals, np.array([0.9, 0.8, 0.9], np.float32)), RESCORING, 0.5)
    assert between in found.xyxy.tolist(), "as thick as the bars, so it may be a white bar"
    page[230:240, 300:900] = page[250:260, 300:900] = 0
    found = refine_and_rescore(page, Detections(proposals, np.array([0.9, 0.8, 0.9], np.float32)), RESCORING, 0.5)
    assert sorted(found.xyxy.tolist()) == [[300, 200, 900, 240], [300, 250, 900, 290]]


def test_a_frame_on_a_colored_background_is_dropped_and_an_outlined_bar_is_kept(page: PageImage) -> None:
    page[600:1400, 100:1200] = (20, 130, 220)
    frame, bar = (300, 800, 900, 1000), (300, 1450, 900, 1480)
    for (x0, y0, x1, y1), color in ((frame, (20, 130, 220)), (bar, (20, 130, 220))):
        page[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4] = (240, 240, 200)
        page[y0:y1, x0:x1] = color
    proposals = Detections(np.array([frame, bar], np.float32), np.array([0.9, 0.9], np.float32))
    assert refine_and_rescore(page, proposals, RESCORING, 0.5).xyxy.tolist() == [list(bar)]


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return synthesize(
        SynthesisConfig(pages=40, seed=7, long_side_px=1100, workers=1), None, tmp_path_factory.mktemp("pages") / "pages"
    )


def test_the_coefficients_are_fitted_on_pages(synthetic: Dataset) -> None:
    predictor = Predictor(starter_detector())
    fitted = fit_rescoring(predictor, synthetic)
    assert fitted is not None
    assert fitted.score > 0
    assert fitted.weakest_side + fitted.second_side > 0
    assert fitted.same_color_score > 0
    assert fitted == fit_rescoring(predictor, synthetic)


def test_too_few_boxes_give_no_coefficients(synthetic: Dataset) -> None:
    few = synthetic.model_copy(update={"pages": tuple(page for page in synthetic.pages if not page.boxes)})
    assert fit_rescoring(Predictor(starter_detector()), few) is None
