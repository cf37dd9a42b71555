"""The drawn pixels and the boxes agree: for each look, on each kind of page, before wear and after."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.dataset import Box, Style
from redaction.synthesis.bars import Bar
from redaction.synthesis.composition import Composed, compose, generated_page
from redaction.synthesis.drawing import PageImage, draw_bars
from redaction.synthesis.layouts import LAYOUTS
from redaction.synthesis.looks import LookName, draw_look
from redaction.synthesis.painting import by_hand, opacity_of
from redaction.synthesis.recipes import Background, Recipe
from redaction.synthesis.sheet import A4_PT, LETTER_PT

SMALL = 900
"""Long side in pixels: small pages keep these tests quick, and thin bars are the harder case."""
NEAR_PX = 2.0
"""How far a box may be from what is seen: interpolation blurs an edge over a pixel on either side."""


def recipe(index: int, looks: tuple[LookName, ...], layout: str | None, *, hard: bool = False, px: int = SMALL) -> Recipe:
    background = None if layout else Background(page="p/0000", document="p", sha256="0" * 64)
    return Recipe(seed=7, index=index, long_side_px=px, looks=looks, hard=hard, layout=layout, background=background)


def extent(changed: np.ndarray) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(changed)
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def apart(found: tuple[float, ...], box: Box) -> float:
    """How far the furthest of the four edges is from the box's."""
    return max(abs(a - b) for a, b in zip(found, (box.x0, box.y0, box.x1, box.y1), strict=True))


def assert_boxes_are_what_changed(page: Composed) -> None:
    """To the pixel for rectangles; strokes and tape have soft edges, and tape a shadow."""
    changed = (page.before != page.after).any(axis=2)
    outside = changed.copy()
    for bar in page.bars:
        x0, y0, x1, y1 = bar.rect
        if not bar.look.shaped_by_hand:
            found = extent(changed[y0:y1, x0:x1])
            assert found == (0, 0, x1 - x0, y1 - y0), f"{bar} changed only {found}"
        around = 4 if bar.look.shaped_by_hand else 0
        box = bar.box
        outside[max(0, int(box.y0) - around) : int(box.y1) + around, max(0, int(box.x0) - around) : int(box.x1) + around] = False
    assert not outside.any(), "something was drawn outside every box"


def drawn_alone(bar: Bar, shape: tuple[int, ...]) -> PageImage:
    """The bar's shape by itself, white on a black page: a mask that knows nothing of boxes."""
    height, width = shape[:2]
    mask = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = bar.rect
    opacity = opacity_of(bar, (0, 0, width, height))
    if opacity is None:
        mask[y0:y1, x0:x1] = 255
    else:
        mask[opacity > 0.4] = 255
    return mask


def assert_boxes_follow_the_pixels_through_wear(page: Composed) -> None:
    """Push each bar's own mask through the same motion, and compare what is seen then with the box."""
    height, width = page.after.shape[:2]
    warp = replace(page.warp, ground=(0, 0, 0)) if page.warp else None
    masks = [drawn_alone(bar, page.after.shape) for bar in page.bars]
    moved = [warp.image(mask) if warp else mask for mask in masks]
    seen = [extent(mask[:, :, 0] > 127) for mask in moved if (mask[:, :, 0] > 127).any()]
    for box in page.boxes:
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert min(apart(found, box) for found in seen) <= NEAR_PX, box
    assert len(seen) - len(page.boxes) <= sum(min(x1 - x0, y1 - y0) < 7 for x0, y0, x1, y1 in seen)


def assert_fill_is_where_the_box_says(page: Composed) -> None:
    """In the file: the middle of a black box is dark, and darker than what lies around the boxes."""
    worn = cv2.cvtColor(cv2.imdecode(np.frombuffer(page.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
    assert worn.shape == page.after.shape[:2], "wear changed the page's size"
    for box in page.boxes:
        inside = worn[round(box.y0) + 3 : round(box.y1) - 3, round(box.x0) + 3 : round(box.x1) - 3]
        if box.style is Style.BLACK and inside.size:
            assert np.percentile(inside, 25) < 130, box  # not the median: a code may fill a thin bar


@settings(max_examples=44, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(LookName), st.sampled_from(sorted(LAYOUTS)), st.booleans())
def test_generated_pages(index: int, look: LookName, layout: str, hard: bool) -> None:
    page = compose(recipe(index, (look,), layout, hard=hard), None)
    assert_boxes_are_what_changed(page)
    assert_boxes_follow_the_pixels_through_wear(page)
    assert_fill_is_where_the_box_says(page)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(LookName), st.sampled_from(["report", "columns", "court", "cover"]))
def test_pages_drawn_on_a_real_page(index: int, look: LookName, layout: str) -> None:
    real, _ = generated_page(Random(index), layout, LETTER_PT, 1.6)
    page = compose(recipe(index, (look,), None, px=1300), real)
    assert_boxes_are_what_changed(page)
    assert_boxes_follow_the_pixels_through_wear(page)
    assert_fill_is_where_the_box_says(page)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.sampled_from(LookName), min_size=2, max_size=2, unique=True))
def test_two_looks_on_a_page_keep_apart(index: int, looks: list[LookName]) -> None:
    page = compose(recipe(index, (looks[0], looks[1]), "report"), None)
    assert_boxes_are_what_changed(page)
    assert_boxes_follow_the_pixels_through_wear(page)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(LookName),
    st.integers(0, 10**6),
    st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(12, 90), st.integers(9, 90)),
    st.integers(150, 255),
)
def test_a_bar_changes_all_of_its_edges_or_is_not_drawn(
    name: LookName, seed: int, place: tuple[int, int, int, int], paper: int
) -> None:
    x, y, width, height = place
    rect = (x, y, x + width, y + height)
    page: PageImage = np.full((200, 200, 3), paper, np.uint8)
    before = page.copy()
    look = draw_look(Random(seed), name)
    outline = by_hand(rect, look, Random(seed)) if look.shaped_by_hand else None
    drawn = draw_bars(page, [Bar(rect, look, "(b)(6)", seed=seed, outline=outline)])
    changed = (page != before).any(axis=2)
    if not drawn:
        assert not changed.any()
    elif look.texture == "marker":
        change = np.abs(page.astype(int) - before).max(axis=2)
        assert apart(extent(change > change.max() / 2), drawn[0].box) <= NEAR_PX
    elif look.texture != "tape":
        assert apart(extent(changed), drawn[0].box) == 0


@pytest.mark.parametrize("name", LookName)
def test_a_bar_that_nobody_could_see_is_not_drawn(name: LookName) -> None:
    look = draw_look(Random(3), name)
    page: PageImage = np.empty((100, 100, 3), np.uint8)
    page[:] = look.edge or look.fill
    outline = by_hand((10, 10, 60, 30), look, Random(3)) if look.shaped_by_hand else None
    assert draw_bars(page, [Bar((10, 10, 60, 30), look, outline=outline)]) == []
    assert (page == np.array(look.edge or look.fill)).all()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_page_without_redactions_has_no_boxes(layout: str) -> None:
    page = compose(recipe(1, (), layout), None)
    assert page.boxes == ()
    assert (page.before == page.after).all()


def test_a_color_copied_without_colors_counts_as_gray() -> None:
    styles = set()
    for index in range(12):
        page = compose(recipe(index, (LookName.COLOURED,), "report", hard=True), None)
        image = cv2.imdecode(np.frombuffer(page.data, np.uint8), cv2.IMREAD_COLOR).astype(int)
        for box in page.boxes:
            inside = image[round(box.y0) + 2 : round(box.y1) - 2, round(box.x0) + 2 : round(box.x1) - 2]
            assert bool(np.median(np.ptp(inside, axis=2)) > 8) is (box.style is Style.COLOURED)
            styles.add(box.style)
    assert {Style.GREY, Style.COLOURED} <= styles


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
    looks, layouts = list(LookName), sorted(LAYOUTS)
    pages = [compose(recipe(index, (looks[index % len(looks)],), layouts[index % len(layouts)]), None) for index in range(44)]
    assert sum(bool(page.boxes) for page in pages) >= 40
