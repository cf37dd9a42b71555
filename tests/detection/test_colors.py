"""Paper is what most of a page is, and a fill is what differs from it."""

import numpy as np
import pytest

from redaction.detection.colors import Color, fill_of, paper_of
from redaction.pages.image import PageImage

WHITE: Color = (255, 255, 255)


def page_of(color: Color, noise: float = 0.0) -> PageImage:
    page = np.full((1650, 1275, 3), color, np.float64) + np.random.default_rng(3).normal(0, noise, (1650, 1275, 3))
    return page.clip(0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("color", [WHITE, (245, 236, 210), (180, 180, 180)])
@pytest.mark.parametrize("noise", [0, 4])
def test_paper_is_the_commonest_light_shade(color: Color, noise: float) -> None:
    page = page_of(color, noise)
    page[100:700, 100:1100] = 0  # more than a quarter of the page is black, and a tenth yellow
    page[800:1000, 100:1100] = (255, 240, 90)
    assert np.abs(np.array(paper_of(page)) - color).max() <= noise


@pytest.mark.parametrize("shade", [0, 90])
def test_the_paper_of_a_page_that_is_covered_all_over_is_taken_for_white(shade: int) -> None:
    assert paper_of(page_of((shade,) * 3)) == WHITE


def test_a_page_of_one_pixel_has_paper() -> None:
    assert paper_of(np.full((1, 1, 3), 250, np.uint8)) == (250,) * 3


@pytest.mark.parametrize(
    ("inside", "paper", "is_paper"),
    [
        (WHITE, WHITE, True),
        ((246, 246, 246), WHITE, True),
        ((230, 230, 230), WHITE, False),
        ((255, 255, 205), WHITE, False),  # pale yellow: only the blue tells
        (WHITE, (235, 225, 200), False),  # white paint on brown paper
        ((235, 225, 200), (235, 225, 200), True),
    ],
)
def test_a_box_is_filled_where_it_differs_from_the_paper(inside: Color, paper: Color, is_paper: bool) -> None:
    fill, purity = fill_of(page_of(inside)[:40, :300], paper)
    assert fill.color == inside
    assert fill.is_paper == is_paper
    assert purity == 1


@pytest.mark.parametrize("shade", [0, 128, 200, 217, 230, 238])
def test_paper_is_never_of_the_fill(shade: int) -> None:
    fill, _ = fill_of(page_of((shade,) * 3)[:40, :300], WHITE)
    assert fill.color[0] + fill.tolerance < WHITE[0]
    assert fill.step <= fill.contrast


def test_half_a_box_is_half_pure() -> None:
    inside = page_of((230, 230, 230))[:40, :300]
    inside[:, 160:] = WHITE
    assert fill_of(inside, WHITE)[1] == pytest.approx(0.55, abs=0.05)
