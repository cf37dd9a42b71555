"""What an annotator sees where several bars touch: the convention for boxes, as properties and as a table."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.dataset import Style
from redaction.synthesis.bars import ONE_BOX_FILL, Rect, bands, overlap
from redaction.synthesis.looks import LookName, draw_look


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
def test_bands_cover_everything_and_never_overlap(bars: list[Rect]) -> None:
    result = bands(bars)
    assert not (filled(bars) & ~filled(result)).any(), "something that was to be covered is not"
    for index, one in enumerate(result):
        assert one[0] < one[2]
        assert one[1] < one[3]
        assert not any(overlap(one, other) for other in result[index + 1 :]), result


@given(st.lists(rects(), max_size=7))
def test_what_the_bands_add_is_only_notches(bars: list[Rect]) -> None:
    # a shape may grow to its bounding box (7 % of it at most), or by closed gaps of 20 px and edges evened out by 5 px
    grown = filled([(max(0, x0 - 21), max(0, y0), x1 + 21, y1) for x0, y0, x1, y1 in bars])
    for band in bands(bars):
        inside = filled(bars)[band[1] : band[3], band[0] : band[2]].mean()
        assert inside > ONE_BOX_FILL or not (filled([band]) & ~grown).any()


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ([], []),
        # two bars with one white line between them are two boxes
        ([(10, 10, 100, 20), (10, 21, 100, 30)], [(10, 10, 100, 20), (10, 21, 100, 30)]),
        # the same bars without it are one
        ([(10, 10, 100, 20), (10, 20, 100, 30)], [(10, 10, 100, 30)]),
        # a corner in common does not join them
        ([(10, 10, 50, 20), (50, 20, 100, 30)], [(10, 10, 50, 20), (50, 20, 100, 30)]),
        # from the middle of one line to the middle of the third: three bands
        ([(60, 0, 100, 10), (0, 10, 100, 20), (0, 20, 40, 30)], [(60, 0, 100, 10), (0, 10, 100, 20), (0, 20, 40, 30)]),
        # edges less than 5 px apart are the same edge
        ([(60, 0, 100, 10), (0, 10, 100, 20), (3, 20, 97, 30)], [(60, 0, 100, 10), (0, 10, 100, 30)]),
        # a notch smaller than 7 % of the whole is nothing
        ([(0, 0, 100, 40), (0, 40, 90, 50)], [(0, 0, 100, 50)]),
    ],
)
def test_bands_by_example(bars: list[Rect], expected: list[Rect]) -> None:
    assert sorted(bands(bars)) == sorted(expected)


STYLES = {
    LookName.BLACK: {Style.BLACK},
    LookName.MARKER: {Style.BLACK},
    LookName.DARK_GREY: {Style.GREY},
    LookName.GREY: {Style.GREY},
    LookName.LIGHT_GREY: {Style.GREY},
    LookName.OUTLINED: {Style.OUTLINED},
    LookName.WHITE: {Style.OUTLINED},
    LookName.COLOURED: {Style.COLOURED},
    LookName.PALE: {Style.COLOURED},
    LookName.HATCHED: {Style.GREY, Style.COLOURED},
    LookName.TAPE: {Style.BLACK, Style.OUTLINED, Style.COLOURED},
}


@pytest.mark.parametrize("name", LookName)
@pytest.mark.parametrize("hard", [False, True])
def test_a_look_is_of_its_style(name: LookName, hard: bool) -> None:
    looks = [draw_look(Random(seed), name, hard) for seed in range(120)]
    assert {look.style for look in looks} == STYLES[name]
    for look in looks:
        shown = look.second if name is LookName.HATCHED else look.fill or (255, 255, 255)
        assert (max(shown) - min(shown) > 30) is (look.style is Style.COLOURED), look
        assert (max(shown) < 40) is (look.style is Style.BLACK) or name is LookName.HATCHED, look
        if name is LookName.OUTLINED:
            assert look.edge is not None, "white on white paper would be no redaction"
            assert look.edge_px >= 1
