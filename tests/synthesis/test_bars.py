"""Merging touching bars into the boxes that an annotator would draw, as properties and by example."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.dataset import Style
from redaction.synthesis.appearances import AppearanceName, draw_appearance
from redaction.synthesis.bars import MIN_RECTANGLE_FILL_SHARE, Rect, merge_into_bands, overlap


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    x, y = draw(st.integers(0, 120)), draw(st.integers(0, 120))
    return (x, y, x + draw(st.integers(1, 80)), y + draw(st.integers(1, 80)))


def filled(boxes: list[Rect]) -> np.ndarray:
    page = np.zeros((220, 220), bool)
    for x0, y0, x1, y1 in boxes:
        page[y0:y1, x0:x1] = True
    return page


@given(st.lists(rects(), max_size=7))
def test_bands_cover_every_bar_and_never_overlap(bars: list[Rect]) -> None:
    result = merge_into_bands(bars)
    assert not (filled(bars) & ~filled(result)).any(), "part of a bar is not covered"
    for index, one in enumerate(result):
        assert one[0] < one[2]
        assert one[1] < one[3]
        assert not any(overlap(one, other) for other in result[index + 1 :]), result


@given(st.lists(rects(), max_size=7))
def test_bands_add_nothing_but_notches(bars: list[Rect]) -> None:
    # a shape may grow to its bounding box (by at most 7 % of it), by closed gaps of 20 px, and by edges aligned within 5 px
    grown = filled([(max(0, x0 - 21), max(0, y0), x1 + 21, y1) for x0, y0, x1, y1 in bars])
    for band in merge_into_bands(bars):
        inside = filled(bars)[band[1] : band[3], band[0] : band[2]].mean()
        assert inside > MIN_RECTANGLE_FILL_SHARE or not (filled([band]) & ~grown).any()


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ([], []),
        # two bars with a white line between them are two boxes
        ([(10, 10, 100, 20), (10, 21, 100, 30)], [(10, 10, 100, 20), (10, 21, 100, 30)]),
        # without the line they are one
        ([(10, 10, 100, 20), (10, 20, 100, 30)], [(10, 10, 100, 30)]),
        # a shared corner does not join them
        ([(10, 10, 50, 20), (50, 20, 100, 30)], [(10, 10, 50, 20), (50, 20, 100, 30)]),
        # from the middle of one line to the middle of the third line: three bands
        ([(60, 0, 100, 10), (0, 10, 100, 20), (0, 20, 40, 30)], [(60, 0, 100, 10), (0, 10, 100, 20), (0, 20, 40, 30)]),
        # edges less than 5 px apart count as equal
        ([(60, 0, 100, 10), (0, 10, 100, 20), (3, 20, 97, 30)], [(60, 0, 100, 10), (0, 10, 100, 30)]),
        # a notch smaller than 7 % of the bounding box is filled
        ([(0, 0, 100, 40), (0, 40, 90, 50)], [(0, 0, 100, 50)]),
    ],
)
def test_bands_by_example(bars: list[Rect], expected: list[Rect]) -> None:
    assert sorted(merge_into_bands(bars)) == sorted(expected)


STYLES = {
    AppearanceName.BLACK: {Style.BLACK},
    AppearanceName.MARKER: {Style.BLACK},
    AppearanceName.DARK_GREY: {Style.GREY},
    AppearanceName.GREY: {Style.GREY},
    AppearanceName.LIGHT_GREY: {Style.GREY},
    AppearanceName.OUTLINED: {Style.OUTLINED},
    AppearanceName.WHITE: {Style.OUTLINED},
    AppearanceName.COLOURED: {Style.COLOURED},
    AppearanceName.PALE: {Style.COLOURED},
    AppearanceName.HATCHED: {Style.GREY, Style.COLOURED},
    AppearanceName.TAPE: {Style.BLACK, Style.OUTLINED, Style.COLOURED},
}


@pytest.mark.parametrize("name", AppearanceName)
@pytest.mark.parametrize("hard", [False, True])
def test_an_appearance_has_its_style(name: AppearanceName, hard: bool) -> None:
    appearances = [draw_appearance(Random(seed), name, hard) for seed in range(120)]
    assert {appearance.style for appearance in appearances} == STYLES[name]
    for appearance in appearances:
        shown = appearance.second_color if name is AppearanceName.HATCHED else appearance.fill or (255, 255, 255)
        assert (max(shown) - min(shown) > 30) is (appearance.style is Style.COLOURED), appearance
        assert (max(shown) < 40) is (appearance.style is Style.BLACK) or name is AppearanceName.HATCHED, appearance
        if name is AppearanceName.OUTLINED:
            assert appearance.edge is not None, "white on white paper would be invisible"
            assert appearance.edge_px >= 1
