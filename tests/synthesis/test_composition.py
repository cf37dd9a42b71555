"""The drawn pixels and the boxes agree: for each style, on each kind of page, before and after wear."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.dataset import Style
from redaction.synthesis.bars import Bar, draw_look
from redaction.synthesis.composition import Composed, compose, generated_page
from redaction.synthesis.drawing import PageImage, draw_bars
from redaction.synthesis.layouts import LAYOUTS
from redaction.synthesis.recipes import Background, Recipe
from redaction.synthesis.sheet import A4_PT, LETTER_PT

DRAWN_STYLES = [style for style in Style if style is not Style.UNKNOWN]
SMALL = 900
"""Long side in pixels: small pages keep these tests quick, and thin bars are the harder case."""


def recipe(index: int, style: Style | None, layout: str | None, long_side_px: int = SMALL) -> Recipe:
    background = None if layout else Background(page="p/0000", document="p", sha256="0" * 64)
    return Recipe(seed=7, index=index, long_side_px=long_side_px, style=style, layout=layout, background=background)


def extent(changed: np.ndarray) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(changed)
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def assert_boxes_are_what_changed(page: Composed) -> None:
    changed = (page.before != page.after).any(axis=2)
    outside = changed.copy()
    for bar in page.bars:
        x0, y0, x1, y1 = bar.rect
        found = extent(changed[y0:y1, x0:x1])
        assert found == (0, 0, x1 - x0, y1 - y0), f"{bar} changed only {found}"
        outside[y0:y1, x0:x1] = False
    assert not outside.any(), "something was drawn outside every box"


def assert_fill_is_where_the_box_says(page: Composed) -> None:
    """After wear: the middle of each box is still of one tone, unless a code is written there."""
    worn = cv2.cvtColor(cv2.imdecode(np.frombuffer(page.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
    assert worn.shape == page.after.shape[:2], "wear moved the page"
    for bar in page.bars:
        x0, y0, x1, y1 = bar.rect
        inside = worn[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3].astype(float)
        usual = np.median(inside)
        assert (abs(inside - usual) < 45).mean() > (0.45 if bar.code else 0.9), bar
        if bar.look.style is Style.BLACK:
            assert usual < 90, bar


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(DRAWN_STYLES), st.sampled_from(sorted(LAYOUTS)))
def test_generated_pages(index: int, style: Style, layout: str) -> None:
    page = compose(recipe(index, style, layout), None)
    assert_boxes_are_what_changed(page)
    assert_fill_is_where_the_box_says(page)
    assert {bar.look.style for bar in page.bars} <= {style}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(DRAWN_STYLES), st.sampled_from(["report", "columns", "court", "cover"]))
def test_pages_drawn_on_a_real_page(index: int, style: Style, layout: str) -> None:
    real, _ = generated_page(Random(index), layout, LETTER_PT, 1.6)
    page = compose(recipe(index, style, None, 1300), real)
    assert_boxes_are_what_changed(page)
    assert_fill_is_where_the_box_says(page)


@given(
    st.sampled_from(DRAWN_STYLES),
    st.integers(0, 10**6),
    st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(12, 90), st.integers(9, 90)),
    st.integers(150, 255),
)
def test_a_bar_changes_all_of_its_edges_or_is_not_drawn(
    style: Style, seed: int, place: tuple[int, int, int, int], paper: int
) -> None:
    x, y, width, height = place
    page: PageImage = np.full((200, 200, 3), paper, np.uint8)
    before = page.copy()
    drawn = draw_bars(page, [Bar((x, y, x + width, y + height), draw_look(Random(seed), style), "(b)(6)")])
    changed = (page != before).any(axis=2)
    if drawn:
        assert extent(changed) == (x, y, x + width, y + height)
    else:
        assert not changed.any()


@pytest.mark.parametrize("style", DRAWN_STYLES)
def test_a_bar_that_nobody_could_see_is_not_drawn(style: Style) -> None:
    look = draw_look(Random(3), style)
    page: PageImage = np.empty((100, 100, 3), np.uint8)
    page[:] = look.edge or look.fill
    assert draw_bars(page, [Bar((10, 10, 60, 30), look)]) == []
    assert (page == np.array(look.edge or look.fill)).all()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_page_without_redactions_has_no_boxes(layout: str) -> None:
    page = compose(recipe(1, None, layout), None)
    assert page.bars == []
    assert (page.before == page.after).all()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_words_lie_where_the_layout_says(layout: str) -> None:
    """Ink in nearly every word's box: else redactions would not follow the text."""
    for size in (LETTER_PT, A4_PT):
        image, paragraphs = generated_page(Random(4), layout, size, 1.5)
        words = [word for paragraph in paragraphs for line in paragraph for word in line]
        inked = [np.ptp(image[int(y0) : round(y1), int(x0) : round(x1) + 1]) > 60 for x0, y0, x1, y1 in words]
        assert words
        assert np.mean(inked) > 0.98
        assert all(0 <= x0 < x1 <= image.shape[1] + 1 and 0 <= y0 < y1 <= image.shape[0] for x0, y0, x1, y1 in words)


def test_nearly_every_page_that_should_carry_redactions_does() -> None:
    pages = [compose(recipe(index, DRAWN_STYLES[index % 4], sorted(LAYOUTS)[index % 9]), None) for index in range(36)]
    assert sum(bool(page.bars) for page in pages) >= 34
