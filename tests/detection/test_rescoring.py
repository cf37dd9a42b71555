"""The page's edges have a say in what a box scores."""

import numpy as np
import pytest

from redaction.dataset import Dataset
from redaction.detection.box_features import BoxFeatures
from redaction.detection.predictor import Predictor
from redaction.detection.refinement import RefinedBoxes
from redaction.detection.rescoring import LEAST_SCORE, Rescoring, feature_matrix, refine_and_rescore
from redaction.detection.starter import starter_detector
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage
from redaction.synthesis import SynthesisConfig, synthesize
from redaction.training.rescoring_fit import fit_rescoring

TRUSTING_EDGES = Rescoring(intercept=-3, score=1, purity=0.5, darkness=0.5, weakest_side=2.5, second_side=2)
BAR = [300, 200, 900, 230]


@pytest.fixture
def page() -> PageImage:
    """A bar, and nothing else."""
    page = np.full((1650, 1275, 3), 255, np.uint8)
    page[200:230, 300:900] = 0
    return page


def test_guesses_at_one_bar_become_the_bar(page: PageImage) -> None:
    guesses = np.array([[310, 198, 700, 232], [480, 203, 960, 228], [290, 195, 905, 236]], np.float32)
    found = refine_and_rescore(page, Detections(guesses, np.array([0.3, 0.2, 0.25], np.float32)), TRUSTING_EDGES, 0.5)
    assert found.xyxy.tolist() == [BAR]
    assert found.scores[0] > 0.8


def test_of_a_bar_and_plain_paper_the_bar_wins_though_the_network_preferred_the_paper(page: PageImage) -> None:
    guesses = np.array([[310, 198, 850, 232], [300, 900, 900, 930]], np.float32)
    found = refine_and_rescore(page, Detections(guesses, np.array([0.3, 0.6], np.float32)), TRUSTING_EDGES, 0.5)
    assert found.xyxy[0].tolist() == BAR
    assert found.scores[0] > 0.8
    assert found.scores[1] < 0.2


def test_what_the_network_does_not_believe_in_is_not_looked_at(page: PageImage) -> None:
    guess = Detections(np.array([BAR], np.float32), np.array([LEAST_SCORE / 2], np.float32))
    assert len(refine_and_rescore(page, guess, TRUSTING_EDGES, 0.5)) == 0


def test_nothing_proposed_nothing_found(page: PageImage) -> None:
    assert len(refine_and_rescore(page, Detections.none(), TRUSTING_EDGES, 0.5)) == 0


SEEN = BoxFeatures(purity=1, darkness=1, weakest_side=1, second_side=1, ground=0, company=0)
BLACK, YELLOW = (0, 0, 0), (255, 255, 0)
HERE, HALF_OVER_IT, ELSEWHERE = (300, 800, 420, 830), (340, 800, 460, 830), (300, 200, 900, 230)


@pytest.mark.parametrize(
    ("other", "fill", "source", "counts"),
    [
        (ELSEWHERE, BLACK, 1, True),
        (ELSEWHERE, YELLOW, 1, False),  # another shade: the page was not redacted in that way
        (ELSEWHERE, (np.nan,) * 3, 1, False),  # nobody looked at its shade
        (ELSEWHERE, BLACK, 0, False),  # the network's box was cut in two: one half is no witness for the other
        (HALF_OVER_IT, BLACK, 1, False),  # at the same place: not another one
    ],
)
def test_the_best_other_box_of_its_shade_says_something_of_a_box(
    other: tuple[int, ...], fill: tuple[float, ...], source: int, counts: bool
) -> None:
    fitted = RefinedBoxes(
        np.array([HERE, other], np.float32), np.array([0, source]), [SEEN, SEEN], np.array([BLACK, fill], np.float32)
    )
    best_alike = feature_matrix(np.array([0.2, 0.8], np.float32), fitted)[0, -1]
    assert best_alike == pytest.approx(np.log(4) if counts else -4, abs=1e-3)


def test_a_doubtful_box_scores_more_where_one_like_it_is_certain(page: PageImage) -> None:
    page[HERE[1] : HERE[3], HERE[0] : HERE[2]] = 0
    confirmation = TRUSTING_EDGES.model_copy(update={"alike": 0.5})

    def score(guesses: list[tuple[int, ...]], scores: list[float]) -> float:
        found = refine_and_rescore(
            page, Detections(np.array(guesses, np.float32), np.array(scores, np.float32)), confirmation, 0.5
        )
        return max(float(score) for box, score in zip(found.xyxy, found.scores, strict=True) if box.tolist() == list(HERE))

    assert score([ELSEWHERE, HERE], [0.9, 0.2]) > score([HERE], [0.2]) + 0.3


def test_the_room_between_two_bars_is_not_found(page: PageImage) -> None:
    page[260:290, 300:900] = 0
    between, below = [300, 230, 900, 260], [300, 260, 900, 290]
    guesses = np.array([BAR, between, below], np.float32)
    found = refine_and_rescore(page, Detections(guesses, np.array([0.9, 0.8, 0.9], np.float32)), TRUSTING_EDGES, 0.5)
    assert between in found.xyxy.tolist(), "as thick as the bars: perhaps a white one"
    page[230:240, 300:900] = page[250:260, 300:900] = 0
    found = refine_and_rescore(page, Detections(guesses, np.array([0.9, 0.8, 0.9], np.float32)), TRUSTING_EDGES, 0.5)
    assert sorted(found.xyxy.tolist()) == [[300, 200, 900, 240], [300, 250, 900, 290]]


def test_a_frame_on_a_coloured_ground_is_not_found_and_a_bar_with_an_edge_is(page: PageImage) -> None:
    page[600:1400, 100:1200] = (20, 130, 220)
    frame, bar = (300, 800, 900, 1000), (300, 1450, 900, 1480)
    for (x0, y0, x1, y1), color in ((frame, (20, 130, 220)), (bar, (20, 130, 220))):
        page[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4] = (240, 240, 200)
        page[y0:y1, x0:x1] = color
    guesses = Detections(np.array([frame, bar], np.float32), np.array([0.9, 0.9], np.float32))
    assert refine_and_rescore(page, guesses, TRUSTING_EDGES, 0.5).xyxy.tolist() == [list(bar)]


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return synthesize(
        SynthesisConfig(pages=40, seed=7, long_side_px=1100, workers=1), None, tmp_path_factory.mktemp("pages") / "pages"
    )


def test_the_weights_are_learnt_from_pages(synthetic: Dataset) -> None:
    predictor = Predictor(starter_detector())
    learnt = fit_rescoring(predictor, synthetic)
    assert learnt is not None
    assert learnt.score > 0
    assert learnt.weakest_side + learnt.second_side > 0
    assert learnt.alike > 0
    assert learnt == fit_rescoring(predictor, synthetic)


def test_from_too_few_boxes_nothing_is_learnt(synthetic: Dataset) -> None:
    few = synthetic.model_copy(update={"pages": tuple(page for page in synthetic.pages if not page.boxes)})
    assert fit_rescoring(Predictor(starter_detector()), few) is None
