"""The page's edges have a say in what a box scores."""

import numpy as np
import pytest

from redaction.dataset import Dataset
from redaction.detector.confirmation import LEAST_SCORE, Confirmation, confirmed
from redaction.detector.confirming import fit_confirmation
from redaction.detector.inference import Predictor
from redaction.detector.preprocessing import Page
from redaction.detector.starter import starter_detector
from redaction.geometry import Detections
from redaction.synthesis import SynthesisConfig, synthesize

TRUSTING_EDGES = Confirmation(intercept=-3, score=1, purity=0.5, darkness=0.5, weakest_side=2.5, second_side=2)
BAR = [300, 200, 900, 230]


@pytest.fixture
def page() -> Page:
    """A bar, and nothing else."""
    page = np.full((1650, 1275, 3), 255, np.uint8)
    page[200:230, 300:900] = 0
    return page


def test_guesses_at_one_bar_become_the_bar(page: Page) -> None:
    guesses = np.array([[310, 198, 700, 232], [480, 203, 960, 228], [290, 195, 905, 236]], np.float32)
    found = confirmed(page, Detections(guesses, np.array([0.3, 0.2, 0.25], np.float32)), TRUSTING_EDGES, 0.5)
    assert found.xyxy.tolist() == [BAR]
    assert found.scores[0] > 0.8


def test_of_a_bar_and_plain_paper_the_bar_wins_though_the_network_preferred_the_paper(page: Page) -> None:
    guesses = np.array([[310, 198, 850, 232], [300, 900, 900, 930]], np.float32)
    found = confirmed(page, Detections(guesses, np.array([0.3, 0.6], np.float32)), TRUSTING_EDGES, 0.5)
    assert found.xyxy[0].tolist() == BAR
    assert found.scores[0] > 0.8
    assert found.scores[1] < 0.2


def test_what_the_network_does_not_believe_in_is_not_looked_at(page: Page) -> None:
    guess = Detections(np.array([BAR], np.float32), np.array([LEAST_SCORE / 2], np.float32))
    assert len(confirmed(page, guess, TRUSTING_EDGES, 0.5)) == 0


def test_nothing_proposed_nothing_found(page: Page) -> None:
    assert len(confirmed(page, Detections.none(), TRUSTING_EDGES, 0.5)) == 0


DOUBTFUL = [300, 800, 420, 830]


@pytest.mark.parametrize(
    ("other", "shade", "helps"),
    [
        ([300, 200, 900, 230], 0, True),
        ([300, 200, 900, 230], 120, False),  # another shade: it was not redacted in that way
        ([300, 800, 420, 830], 0, False),  # at the same place: it is the same box
    ],
)
def test_a_doubtful_box_scores_more_where_another_of_its_shade_is_elsewhere(other: list[int], shade: int, helps: bool) -> None:
    page = np.full((1650, 1275, 3), 255, np.uint8)
    page[other[1] : other[3], other[0] : other[2]] = shade
    page[DOUBTFUL[1] : DOUBTFUL[3], DOUBTFUL[0] : DOUBTFUL[2]] = 0
    confirmation = TRUSTING_EDGES.model_copy(update={"alike": 0.5})

    def score(guesses: list[list[int]], scores: list[float]) -> float:
        found = confirmed(page, Detections(np.array(guesses, np.float32), np.array(scores, np.float32)), confirmation, 1.0)
        return max(float(score) for box, score in zip(found.xyxy, found.scores, strict=True) if abs(box - DOUBTFUL).max() < 1.5)

    alone, beside = score([DOUBTFUL], [0.2]), score([other, DOUBTFUL], [0.2, 0.2])
    assert (beside > alone + 0.1) == helps
    assert helps or beside == pytest.approx(alone, abs=1e-6)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return synthesize(
        SynthesisConfig(pages=40, seed=7, long_side_px=1100, workers=1), None, tmp_path_factory.mktemp("pages") / "pages"
    )


def test_the_weights_are_learnt_from_pages(synthetic: Dataset) -> None:
    predictor = Predictor(starter_detector())
    learnt = fit_confirmation(predictor, synthetic)
    assert learnt is not None
    assert learnt.score > 0
    assert learnt.weakest_side + learnt.second_side > 0
    assert learnt.alike > 0
    assert learnt == fit_confirmation(predictor, synthetic)


def test_from_too_few_boxes_nothing_is_learnt(synthetic: Dataset) -> None:
    few = synthetic.model_copy(update={"pages": tuple(page for page in synthetic.pages if not page.boxes)})
    assert fit_confirmation(Predictor(starter_detector()), few) is None
