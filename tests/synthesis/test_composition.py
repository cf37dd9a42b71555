"""The drawn pixels match the boxes, for every appearance and layout, before and after wear."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.dataset import Box, Style
from redaction.pages.image import PageImage
from redaction.synthesis.appearances import AppearanceName, draw_appearance
from redaction.synthesis.bars import Bar
from redaction.synthesis.composition import ComposedPage, compose, generated_page
from redaction.synthesis.drawing import draw_bars
from redaction.synthesis.layouts import LAYOUTS
from redaction.synthesis.painting import bar_opacity, hand_drawn_outline
from redaction.synthesis.recipes import Background, Recipe
from redaction.synthesis.sheet import A4_PT, LETTER_PT

LONG_SIDE_PX = 900
"""Long side in pixels: small pages keep these tests fast, and thin bars are the harder case."""
TOLERANCE_PX = 2.0
"""Maximum distance of a box from the visible edge: interpolation blurs an edge by a pixel on either side."""


def recipe(
    index: int, appearances: tuple[AppearanceName, ...], layout: str | None, *, hard: bool = False, px: int = LONG_SIDE_PX
) -> Recipe:
    background = None if layout else Background(page="p/0000", document="p", sha256="0" * 64)
    return Recipe(seed=7, index=index, long_side_px=px, appearances=appearances, hard=hard, layout=layout, background=background)


def extent(changed: np.ndarray) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(changed)
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def max_edge_distance(found: tuple[float, ...], box: Box) -> float:
    """The largest distance between corresponding edges."""
    return max(abs(a - b) for a, b in zip(found, (box.x0, box.y0, box.x1, box.y1), strict=True))


def assert_changes_match_the_boxes(page: ComposedPage) -> None:
    """Compare exactly for rectangles; marker strokes and tape have soft edges, and tape has a shadow."""
    changed = (page.before != page.after).any(axis=2)
    outside = changed.copy()
    for bar in page.bars:
        x0, y0, x1, y1 = bar.rect
        if not bar.appearance.is_irregular:
            found = extent(changed[y0:y1, x0:x1])
            assert found == (0, 0, x1 - x0, y1 - y0), f"{bar} changed only {found}"
        around = 4 if bar.appearance.is_irregular else 0
        box = bar.box
        outside[max(0, int(box.y0) - around) : int(box.y1) + around, max(0, int(box.x0) - around) : int(box.x1) + around] = False
    assert not outside.any(), "something was drawn outside all boxes"


def bar_mask(bar: Bar, shape: tuple[int, ...]) -> PageImage:
    """A mask of the bar's shape, white on black, made without using boxes."""
    height, width = shape[:2]
    mask = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = bar.rect
    opacity = bar_opacity(bar, (0, 0, width, height))
    if opacity is None:
        mask[y0:y1, x0:x1] = 255
    else:
        mask[opacity > 0.4] = 255
    return mask


def assert_boxes_follow_the_warp(page: ComposedPage) -> None:
    """Move each bar's mask with the page, and compare its visible extent with the box."""
    height, width = page.after.shape[:2]
    warp = replace(page.warp, background=(0, 0, 0)) if page.warp else None
    masks = [bar_mask(bar, page.after.shape) for bar in page.bars]
    moved = [warp.warp_image(mask) if warp else mask for mask in masks]
    seen = [extent(mask[:, :, 0] > 127) for mask in moved if (mask[:, :, 0] > 127).any()]
    for box in page.boxes:
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert min(max_edge_distance(found, box) for found in seen) <= TOLERANCE_PX, box
    assert len(seen) - len(page.boxes) <= sum(min(x1 - x0, y1 - y0) < 7 for x0, y0, x1, y1 in seen)


def assert_black_boxes_are_dark(page: ComposedPage) -> None:
    """In the encoded file, the inside of a black box is dark."""
    worn = cv2.cvtColor(cv2.imdecode(np.frombuffer(page.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
    assert worn.shape == page.after.shape[:2], "wear changed the page's size"
    for box in page.boxes:
        inside = worn[round(box.y0) + 3 : round(box.y1) - 3, round(box.x0) + 3 : round(box.x1) - 3]
        if box.style is Style.BLACK and inside.size:
            assert np.percentile(inside, 25) < 130, box  # not the median, because a code may fill a thin bar


@settings(max_examples=44, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(AppearanceName), st.sampled_from(sorted(LAYOUTS)), st.booleans())
def test_generated_pages(index: int, appearance: AppearanceName, layout: str, hard: bool) -> None:
    page = compose(recipe(index, (appearance,), layout, hard=hard), None)
    assert_changes_match_the_boxes(page)
    assert_boxes_follow_the_warp(page)
    assert_black_boxes_are_dark(page)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(AppearanceName), st.sampled_from(["report", "columns", "court", "cover"]))
def test_pages_drawn_on_a_real_page(index: int, appearance: AppearanceName, layout: str) -> None:
    real, _ = generated_page(Random(index), layout, LETTER_PT, 1.6)
    page = compose(recipe(index, (appearance,), None, px=1300), real)
    assert_changes_match_the_boxes(page)
    assert_boxes_follow_the_warp(page)
    assert_black_boxes_are_dark(page)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.sampled_from(AppearanceName), min_size=2, max_size=2, unique=True))
def test_two_appearances_on_a_page_do_not_overlap(index: int, appearances: list[AppearanceName]) -> None:
    page = compose(recipe(index, (appearances[0], appearances[1]), "report"), None)
    assert_changes_match_the_boxes(page)
    assert_boxes_follow_the_warp(page)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(AppearanceName),
    st.integers(0, 10**6),
    st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(12, 90), st.integers(9, 90)),
    st.integers(150, 255),
)
def test_a_bar_changes_all_of_its_edges_or_is_not_drawn(
    name: AppearanceName, seed: int, place: tuple[int, int, int, int], paper: int
) -> None:
    x, y, width, height = place
    rect = (x, y, x + width, y + height)
    page: PageImage = np.full((200, 200, 3), paper, np.uint8)
    before = page.copy()
    appearance = draw_appearance(Random(seed), name)
    outline = hand_drawn_outline(rect, appearance, Random(seed)) if appearance.is_irregular else None
    drawn = draw_bars(page, [Bar(rect, appearance, "(b)(6)", seed=seed, outline=outline)])
    changed = (page != before).any(axis=2)
    if not drawn:
        assert not changed.any()
    elif appearance.texture == "marker":
        change = np.abs(page.astype(int) - before).max(axis=2)
        assert max_edge_distance(extent(change > change.max() / 2), drawn[0].box) <= TOLERANCE_PX
    elif appearance.texture != "tape":
        assert max_edge_distance(extent(changed), drawn[0].box) == 0


@pytest.mark.parametrize("name", AppearanceName)
def test_an_invisible_bar_is_not_drawn(name: AppearanceName) -> None:
    appearance = draw_appearance(Random(3), name)
    page: PageImage = np.empty((100, 100, 3), np.uint8)
    page[:] = appearance.edge or appearance.fill
    outline = hand_drawn_outline((10, 10, 60, 30), appearance, Random(3)) if appearance.is_irregular else None
    assert draw_bars(page, [Bar((10, 10, 60, 30), appearance, outline=outline)]) == []
    assert (page == np.array(appearance.edge or appearance.fill)).all()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_page_without_redactions_has_no_boxes(layout: str) -> None:
    page = compose(recipe(1, (), layout), None)
    assert page.boxes == ()
    assert (page.before == page.after).all()


def test_a_colored_redaction_copied_without_colors_has_the_style_gray() -> None:
    styles = set()
    for index in range(12):
        page = compose(recipe(index, (AppearanceName.COLOURED,), "report", hard=True), None)
        image = cv2.imdecode(np.frombuffer(page.data, np.uint8), cv2.IMREAD_COLOR).astype(int)
        for box in page.boxes:
            inside = image[round(box.y0) + 2 : round(box.y1) - 2, round(box.x0) + 2 : round(box.x1) - 2]
            assert bool(np.median(np.ptp(inside, axis=2)) > 8) is (box.style is Style.COLOURED)
            styles.add(box.style)
    assert {Style.GREY, Style.COLOURED} <= styles


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_words_lie_in_the_boxes_of_the_layout(layout: str) -> None:
    """Nearly every word's box contains ink, so redactions follow the text."""
    for size in (LETTER_PT, A4_PT):
        image, paragraphs = generated_page(Random(4), layout, size, 1.5)
        words = [word for paragraph in paragraphs for line in paragraph for word in line]
        in_color = [np.ptp(image[int(y0) : round(y1), int(x0) : round(x1) + 1]) > 60 for x0, y0, x1, y1 in words]
        assert words
        assert np.mean(in_color) > 0.98
        assert all(0 <= x0 < x1 <= image.shape[1] + 1 and 0 <= y0 < y1 <= image.shape[0] for x0, y0, x1, y1 in words)


def test_nearly_every_page_meant_to_have_redactions_has_some() -> None:
    appearances, layouts = list(AppearanceName), sorted(LAYOUTS)
    pages = [
        compose(recipe(index, (appearances[index % len(appearances)],), layouts[index % len(layouts)]), None)
        for index in range(44)
    ]
    assert sum(bool(page.boxes) for page in pages) >= 40
