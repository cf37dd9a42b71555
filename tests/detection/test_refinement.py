"""Proposals are moved to the edges of the page."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.detection.box_features import NO_FEATURES, BoxFeatures
from redaction.detection.refinement import refine
from redaction.pages.image import PageImage

BAR = (300, 200, 900, 230)


def paper(level: int = 255) -> PageImage:
    return np.full((1650, 1275, 3), level, np.uint8)


def with_bar(page: PageImage, color: tuple[int, int, int] = (0, 0, 0), box: tuple[int, int, int, int] = BAR) -> PageImage:
    x0, y0, x1, y1 = box
    page[y0:y1, x0:x1] = color
    return page


def with_outline(page: PageImage, thickness: int = 2) -> PageImage:
    x0, y0, x1, y1 = BAR
    inside = (x0 + thickness, y0 + thickness, x1 - thickness, y1 - thickness)
    return with_bar(with_bar(page), (255, 255, 255), inside)


def with_text(page: PageImage, text: str, x: int, baseline: int, size: float = 0.8, level: int = 0) -> PageImage:
    font, color = cv2.FONT_HERSHEY_SIMPLEX, (level,) * 3
    return np.asarray(cv2.putText(page, text, (x, baseline), font, size, color, 2, cv2.LINE_AA), np.uint8)


def refined_box(page: PageImage, box: tuple[float, float, float, float]) -> tuple[list[float], BoxFeatures]:
    boxes, _, features, _ = refine(page, np.array([box], np.float32))
    assert len(boxes) == 1
    return boxes[0].tolist(), features[0]


Rectangle = tuple[int, int, int, int]


def refined_boxes(page: PageImage, *proposals: Rectangle) -> list[tuple[Rectangle, int]]:
    """The refined boxes, and the row of the proposal that each came from."""
    found = refine(page, np.array(proposals, np.float32))
    return [(tuple(box), source) for box, source in zip(found.xyxy.astype(int).tolist(), found.source.tolist(), strict=True)]


@pytest.mark.parametrize(
    "proposal",
    [(300, 200, 900, 230), (330, 196, 800, 233), (250, 204, 1010, 226), (200.4, 190.2, 700.9, 238.7), (420, 205, 880, 226)],
    ids=["exact", "too short", "too long", "all sides off", "too thin"],
)
@pytest.mark.parametrize(
    "color",
    [(0, 0, 0), (90, 90, 90), (200, 200, 200), (217, 217, 217), (235, 235, 235), (210, 40, 40), (255, 240, 90), (255, 240, 225)],
)
def test_a_filled_bar_is_located_exactly(proposal: tuple[float, ...], color: tuple[int, int, int]) -> None:
    box, features = refined_box(with_bar(paper(), color), proposal)  # type: ignore[arg-type]
    assert box == list(BAR)
    assert features.purity == 1
    assert features.darkness == pytest.approx(1 - min(color) / 255)
    assert features.weakest_side == 1


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_an_outlined_box_includes_its_lines(thickness: int) -> None:
    box, features = refined_box(with_outline(paper(), thickness), (330, 195, 960, 236))
    assert box == list(BAR)
    assert features.weakest_side > 0.95


@pytest.mark.parametrize("thickness", [1, 2, 5])
@pytest.mark.parametrize("fill", [(230, 230, 230), (160, 160, 160), (255, 240, 200)])
def test_a_line_around_a_fill_belongs_to_the_box(thickness: int, fill: tuple[int, int, int]) -> None:
    x0, y0, x1, y1 = BAR
    page = with_bar(with_bar(paper(), (60, 60, 60)), fill, (x0 + thickness, y0 + thickness, x1 - thickness, y1 - thickness))
    box, features = refined_box(page, (330, 196, 860, 233))
    assert box == list(BAR)
    assert features.weakest_side == 1


def test_a_black_bar_below_a_pale_bar_is_not_an_outline() -> None:
    page = with_bar(with_bar(paper(), (217, 217, 217)), box=(300, 230, 900, 260))
    assert refined_box(page, (330, 196, 860, 228))[0] == list(BAR)


def test_a_pale_bar_on_a_noisy_scan_is_located_within_two_pixels() -> None:
    """The paper is not white, and the noise is a tenth of the contrast."""
    page = with_bar(paper(240), (205, 205, 205)).astype(np.int16)
    noisy = page + np.random.default_rng(5).normal(0, 3.5, page.shape).round().astype(np.int16)
    box, features = refined_box(noisy.clip(0, 255).astype(np.uint8), (330, 196, 860, 233))
    assert np.abs(np.array(box) - BAR).max() <= 2
    assert features.weakest_side > 0.9


@pytest.mark.parametrize("thickness", [0, 2])
def test_a_white_box_on_gray_paper_is_located_with_and_without_lines(thickness: int) -> None:
    box, _ = refined_box(with_outline(paper(200), thickness), (330, 195, 960, 236))
    assert np.abs(np.array(box) - BAR).max() <= thickness


def test_a_code_printed_on_a_bar_does_not_end_it() -> None:
    page = with_text(with_bar(paper()), "(b)(6)", 560, 220, 0.5, 255)
    assert refined_box(page, (330, 196, 860, 233))[0] == list(BAR)


def test_the_bar_over_the_next_line_is_a_separate_bar() -> None:
    page = with_bar(with_bar(paper()), box=(300, 240, 900, 270))
    assert refined_box(page, (310, 202, 880, 228))[0] == list(BAR)


STAIRS = [(600, 200, 1100, 226), (110, 226, 1140, 252), (110, 252, 1050, 278), (110, 278, 1120, 304), (110, 304, 400, 330)]
"""Bars over five lines of a paragraph, from the middle of the first to the middle of the last; they touch."""


@pytest.mark.parametrize("color", [(0, 0, 0), (120, 120, 120), (240, 220, 90)])
def test_touching_bars_are_separated_where_their_ends_differ(color: tuple[int, int, int]) -> None:
    page = paper()
    for bar in STAIRS:
        with_bar(page, color, bar)
    assert refined_boxes(page, (110, 205, 1130, 326)) == [(bar, 0) for bar in STAIRS]


def test_sides_that_touch_another_bar_need_no_edge() -> None:
    page = paper()
    for bar in STAIRS:
        with_bar(page, box=bar)
    for features in refine(page, np.array([(110, 205, 1130, 326)], np.float32)).features:
        assert features.weakest_side > 0.95


def test_a_proposal_on_one_of_several_touching_bars_becomes_that_bar() -> None:
    page = paper()
    for bar in STAIRS:
        with_bar(page, box=bar)
    assert refined_boxes(page, (300, 252, 900, 277), (610, 202, 1000, 224)) == [(STAIRS[2], 0), (STAIRS[0], 1)]


def test_proposals_that_become_equal_are_reported_once() -> None:
    page = with_bar(paper())
    assert refined_boxes(page, (310, 202, 700, 228), (480, 203, 960, 228), (290, 195, 905, 236)) == [(BAR, 0)]


def test_a_proposal_on_a_short_piece_becomes_the_whole_bar() -> None:
    page = with_bar(paper(), box=(100, 400, 1190, 425))
    assert refined_boxes(page, (1000, 398, 1100, 427)) == [((100, 400, 1190, 425), 0)]


def test_a_narrow_bar_is_found_although_the_middle_of_the_proposal_is_paper() -> None:
    """A bar over a single letter is one point of the network wide, and its proposal is off by as much."""
    letter = (400, 500, 417, 525)
    page = with_bar(with_bar(paper()), box=letter)
    assert refined_boxes(page, (310, 202, 880, 228), (402, 495, 440, 530)) == [(BAR, 0), (letter, 1)]


def test_letters_and_lines_that_touch_a_bar_are_excluded() -> None:
    page = with_text(with_bar(paper()), "gjpqy", 400, 198, 1.0)
    page[150:260, 298:301] = 0
    page[229:231, 900:1200] = 0
    box, _ = refined_box(page, (330, 196, 860, 233))
    assert np.abs(np.array(box) - BAR).max() <= 2


def test_the_strokes_of_a_large_letter_are_not_bars() -> None:
    page, letter = paper(), (300, 700, 420, 830)
    for stroke in ((300, 700, 330, 830), (300, 700, 420, 722), (300, 755, 410, 777), (300, 808, 420, 830)):
        with_bar(page, box=stroke)
    assert len(refined_boxes(page, letter)) == 1


@pytest.mark.parametrize("pattern", ["dots", "diagonals", "noise"])
def test_a_halftone_does_not_take_minutes(pattern: str) -> None:
    y, x = np.indices((1650, 1275))
    grains = np.random.default_rng(0).random((1650, 1275)) < 0.5
    on = {"dots": (y % 3 == 0) & (x % 3 == 0), "diagonals": (x + y) % 3 == 0, "noise": grains}[pattern]
    page = with_bar(np.where(on, 0, 255).astype(np.uint8)[:, :, None].repeat(3, axis=2))
    started = time.process_time()
    refined_boxes(page, BAR)
    assert time.process_time() - started < 2


def test_a_photograph_is_not_cut_into_bars() -> None:
    noise = np.random.default_rng(0).integers(0, 200, (30, 40, 1), np.uint8)
    photo = cv2.resize(noise, (800, 600), interpolation=cv2.INTER_CUBIC)
    page = paper()
    page[300:900, 200:1000] = photo[:, :, None]
    assert len(refined_boxes(page, (210, 310, 990, 890))) == 1


def test_sides_without_an_edge_nearby_stay() -> None:
    """A black page has no edge, and plain paper has no line."""
    for page in (paper(0), paper()):
        box, features = refined_box(page, BAR)
        assert box == list(BAR)
        assert (features.weakest_side, features.second_side) == (0, 0)


def test_text_has_no_straight_edges() -> None:
    page = with_text(paper(), "not a redaction at all, only words", 300, 225)
    _, features = refined_box(page, (300, 200, 780, 232))
    assert features.weakest_side < 0.5


def test_a_very_thin_box_is_not_examined() -> None:
    assert refined_box(paper(), (10, 10, 13, 300)) == ([10, 10, 13, 300], NO_FEATURES)


def test_no_boxes() -> None:
    boxes, source, features, fills = refine(paper(), np.zeros((0, 4), np.float32))
    assert boxes.shape == (0, 4)
    assert source.shape == (0,)
    assert features == []
    assert fills.shape == (0, 3)


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(st.floats(-50, 1300), st.floats(-50, 1700)),
    st.tuples(st.floats(1, 1400), st.floats(1, 1700)),
    st.integers(0, 3),
)
def test_any_refined_box_has_an_area_and_lies_on_the_page(
    corner: tuple[float, float], size: tuple[float, float], seed: int
) -> None:
    page = np.random.default_rng(seed).choice([0, 255], (1650, 1275, 1)).astype(np.uint8).repeat(3, axis=2)
    page[200:900, 100:800] = (0, 90, 160) if seed % 2 else 255
    x0, y0 = max(0.0, corner[0]), max(0.0, corner[1])
    x1, y1 = min(1275.0, corner[0] + size[0]), min(1650.0, corner[1] + size[1])
    if x1 <= x0 or y1 <= y0:
        return
    box, features = refined_box(page, (x0, y0, x1, y1))
    assert 0 <= box[0] < box[2] <= 1275
    assert 0 <= box[1] < box[3] <= 1650
    assert all(0 <= value <= 1 for value in features)


@pytest.mark.parametrize(("count", "share"), [(1, 0), (3, 2 / 8), (13, 1)])
def test_boxes_of_one_size_in_a_row_are_row_neighbors(count: int, share: float) -> None:
    """Each copied hole of a comb binding looks like an outlined redaction."""
    page, holes = paper(), [(90 + 80 * number, 386, 139 + 80 * number, 401) for number in range(count)]
    for hole in holes:
        with_bar(page, box=hole)
    refined = refine(page, np.array([*holes, (90, 600, 139, 615), (90, 386, 141, 402)], np.float32))
    assert [features.row_neighbors for features in refined.features[:count]] == pytest.approx([share] * count)


def test_bars_below_each_other_are_not_row_neighbors() -> None:
    page, bars = paper(), [(225, 120 + 53 * number, 255, 139 + 53 * number) for number in range(12)]
    for bar in bars:
        with_bar(page, box=bar)
    assert {features.row_neighbors for features in refine(page, np.array(bars, np.float32)).features} == {0}


def test_paper_between_two_bars_is_not_an_outlined_box() -> None:
    page = with_bar(with_bar(paper(), box=(200, 100, 1000, 140)), box=(200, 170, 1000, 210))
    page[140:170, 200:202] = page[140:170, 998:1000] = 0  # plus the vertical rules of a pleading at both ends
    _, features = refined_box(page, (200, 141, 1000, 169))
    assert features.darkness == 0
    assert features.second_side < 0.1
    outlined = with_outline(paper())
    assert refined_box(outlined, BAR)[1].weakest_side > 0.95


@pytest.mark.parametrize(("beside", "fill_beyond"), [("nothing", 0), ("bars above and below", 0), ("the background", 1)])
def test_the_fill_continues_beyond_a_frame_but_not_beyond_a_bar(beside: str, fill_beyond: float) -> None:
    x0, y0, x1, y1 = BAR
    blue = (20, 90, 200)
    page = with_bar(paper(), blue)
    if beside == "bars above and below":
        height = y1 - y0
        for step in (-1, 1):
            page = with_bar(page, blue, (x0, y0 + step * (height + 3), x1, y1 + step * (height + 3)))
    elif beside == "the background":
        page[:] = blue
        cv2.rectangle(page, (x0 - 1, y0 - 1), (x1, y1), (250, 250, 220), 2)
    assert refined_box(page, BAR)[1].fill_beyond == pytest.approx(fill_beyond, abs=0.05)
