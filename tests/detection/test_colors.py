"""Most of a page is paper; a fill differs from it."""

import numpy as np
import pytest

from redaction.detection.colors import Color, box_fill, paper_color
from redaction.pages.image import PageImage

WHITE: Color = (255, 255, 255)


def page_of(color: Color, noise: float = 0.0) -> PageImage:
    page = np.full((1650, 1275, 3), color, np.float64) + np.random.default_rng(3).normal(0, noise, (1650, 1275, 3))
    return page.clip(0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("color", [WHITE, (245, 236, 210), (180, 180, 180)])
@pytest.mark.parametrize("noise", [0, 4])
def test_the_paper_color_is_the_most_frequent_light_color(color: Color, noise: float) -> None:
    page = page_of(color, noise)
    page[100:700, 100:1100] = 0  # more than a quarter of the page is black, and a tenth yellow
    page[800:1000, 100:1100] = (255, 240, 90)
    assert np.abs(np.array(paper_color(page)) - color).max() <= noise


@pytest.mark.parametrize("level", [0, 90])
def test_a_page_without_light_pixels_has_white_paper(level: int) -> None:
    assert paper_color(page_of((level,) * 3)) == WHITE


def test_a_page_of_one_pixel_has_paper() -> None:
    assert paper_color(np.full((1, 1, 3), 250, np.uint8)) == (250,) * 3


@pytest.mark.parametrize(
    ("inside", "paper", "is_paper"),
    [
        (WHITE, WHITE, True),
        ((246, 246, 246), WHITE, True),
        ((230, 230, 230), WHITE, False),
        ((255, 255, 205), WHITE, False),  # pale yellow: only the blue channel differs
        (WHITE, (235, 225, 200), False),  # white on brown paper
        ((235, 225, 200), (235, 225, 200), True),
    ],
)
def test_a_box_is_filled_if_it_differs_from_the_paper(inside: Color, paper: Color, is_paper: bool) -> None:
    fill, purity = box_fill(page_of(inside)[:40, :300], paper)
    assert fill.color == inside
    assert fill.is_paper == is_paper
    assert purity == 1


@pytest.mark.parametrize("level", [0, 128, 200, 217, 230, 238])
def test_the_tolerance_of_a_fill_excludes_the_paper(level: int) -> None:
    fill, _ = box_fill(page_of((level,) * 3)[:40, :300], WHITE)
    assert fill.color[0] + fill.tolerance < WHITE[0]
    assert fill.edge_step <= fill.contrast


def test_half_a_box_is_half_pure() -> None:
    inside = page_of((230, 230, 230))[:40, :300]
    inside[:, 160:] = WHITE
    assert box_fill(inside, WHITE)[1] == pytest.approx(0.55, abs=0.05)
