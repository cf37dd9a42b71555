"""Boxes come to lie where the page's own edges are."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.detection.box_features import UNSEEN, BoxFeatures
from redaction.detection.refinement import refine
from redaction.pages.image import PageImage

BAR = (300, 200, 900, 230)


def paper(shade: int = 255) -> PageImage:
    return np.full((1650, 1275, 3), shade, np.uint8)


def with_bar(page: PageImage, color: tuple[int, int, int] = (0, 0, 0), box: tuple[int, int, int, int] = BAR) -> PageImage:
    x0, y0, x1, y1 = box
    page[y0:y1, x0:x1] = color
    return page


def with_outline(page: PageImage, thickness: int = 2) -> PageImage:
    x0, y0, x1, y1 = BAR
    inside = (x0 + thickness, y0 + thickness, x1 - thickness, y1 - thickness)
    return with_bar(with_bar(page), (255, 255, 255), inside)


def with_text(page: PageImage, text: str, x: int, baseline: int, size: float = 0.8, shade: int = 0) -> PageImage:
    font, color = cv2.FONT_HERSHEY_SIMPLEX, (shade,) * 3
    return np.asarray(cv2.putText(page, text, (x, baseline), font, size, color, 2, cv2.LINE_AA), np.uint8)


def fitted(page: PageImage, box: tuple[float, float, float, float]) -> tuple[list[float], BoxFeatures]:
    boxes, _, evidence, _ = refine(page, np.array([box], np.float32))
    assert len(boxes) == 1
    return boxes[0].tolist(), evidence[0]


Box = tuple[int, int, int, int]


def bars_from(page: PageImage, *guesses: Box) -> list[tuple[Box, int]]:
    """The bars that become of the guesses, and which guess each comes from."""
    found = refine(page, np.array(guesses, np.float32))
    return [(tuple(box), source) for box, source in zip(found.xyxy.astype(int).tolist(), found.source.tolist(), strict=True)]


@pytest.mark.parametrize(
    "guess",
    [(300, 200, 900, 230), (330, 196, 800, 233), (250, 204, 1010, 226), (200.4, 190.2, 700.9, 238.7), (420, 205, 880, 226)],
    ids=["exact", "too short", "too long", "all sides off", "too thin"],
)
@pytest.mark.parametrize(
    "color",
    [(0, 0, 0), (90, 90, 90), (200, 200, 200), (217, 217, 217), (235, 235, 235), (210, 40, 40), (255, 240, 90), (255, 240, 225)],
)
def test_a_filled_bar_is_found_to_the_pixel(guess: tuple[float, ...], color: tuple[int, int, int]) -> None:
    box, evidence = fitted(with_bar(paper(), color), guess)  # type: ignore[arg-type]
    assert box == list(BAR)
    assert evidence.purity == 1
    assert evidence.darkness == pytest.approx(1 - min(color) / 255)
    assert evidence.weakest_side == 1


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_an_outlined_box_ends_with_its_lines(thickness: int) -> None:
    box, evidence = fitted(with_outline(paper(), thickness), (330, 195, 960, 236))
    assert box == list(BAR)
    assert evidence.weakest_side > 0.95


@pytest.mark.parametrize("thickness", [1, 2, 5])
@pytest.mark.parametrize("fill", [(230, 230, 230), (160, 160, 160), (255, 240, 200)])
def test_a_line_around_a_fill_belongs_to_the_box(thickness: int, fill: tuple[int, int, int]) -> None:
    x0, y0, x1, y1 = BAR
    page = with_bar(with_bar(paper(), (60, 60, 60)), fill, (x0 + thickness, y0 + thickness, x1 - thickness, y1 - thickness))
    box, evidence = fitted(page, (330, 196, 860, 233))
    assert box == list(BAR)
    assert evidence.weakest_side == 1


def test_a_black_bar_right_under_a_pale_one_is_no_line_of_it() -> None:
    page = with_bar(with_bar(paper(), (217, 217, 217)), box=(300, 230, 900, 260))
    assert fitted(page, (330, 196, 860, 228))[0] == list(BAR)


def test_a_pale_bar_on_a_scan_is_found_to_the_pixel_or_two() -> None:
    """Paper that is not white, and noise of a tenth of what the bar differs from it by, on average."""
    page = with_bar(paper(240), (205, 205, 205)).astype(np.int16)
    noisy = page + np.random.default_rng(5).normal(0, 3.5, page.shape).round().astype(np.int16)
    box, evidence = fitted(noisy.clip(0, 255).astype(np.uint8), (330, 196, 860, 233))
    assert np.abs(np.array(box) - BAR).max() <= 2
    assert evidence.weakest_side > 0.9


@pytest.mark.parametrize("thickness", [0, 2])
def test_a_white_box_on_gray_paper_ends_with_the_white_or_its_lines(thickness: int) -> None:
    box, _ = fitted(with_outline(paper(200), thickness), (330, 195, 960, 236))
    assert np.abs(np.array(box) - BAR).max() <= thickness


def test_a_code_written_into_a_bar_does_not_end_it() -> None:
    page = with_text(with_bar(paper()), "(b)(6)", 560, 220, 0.5, 255)
    assert fitted(page, (330, 196, 860, 233))[0] == list(BAR)


def test_the_bar_of_the_next_line_is_another_bar() -> None:
    page = with_bar(with_bar(paper()), box=(300, 240, 900, 270))
    assert fitted(page, (310, 202, 880, 228))[0] == list(BAR)


STAIRS = [(600, 200, 1100, 226), (110, 226, 1140, 252), (110, 252, 1050, 278), (110, 278, 1120, 304), (110, 304, 400, 330)]
"""Bars over five lines of a paragraph, from the middle of the first to the middle of the last; they touch."""


@pytest.mark.parametrize("color", [(0, 0, 0), (120, 120, 120), (240, 220, 90)])
def test_touching_bars_are_told_apart_where_their_ends_differ(color: tuple[int, int, int]) -> None:
    page = paper()
    for bar in STAIRS:
        with_bar(page, color, bar)
    assert bars_from(page, (110, 205, 1130, 326)) == [(bar, 0) for bar in STAIRS]


def test_where_bars_touch_their_sides_need_no_edge() -> None:
    page = paper()
    for bar in STAIRS:
        with_bar(page, box=bar)
    for evidence in refine(page, np.array([(110, 205, 1130, 326)], np.float32)).evidence:
        assert evidence.weakest_side > 0.95


def test_a_box_on_one_of_touching_bars_means_that_one() -> None:
    page = paper()
    for bar in STAIRS:
        with_bar(page, box=bar)
    assert bars_from(page, (300, 252, 900, 277), (610, 202, 1000, 224)) == [(STAIRS[2], 0), (STAIRS[0], 1)]


def test_of_boxes_that_become_the_same_the_first_is_kept() -> None:
    page = with_bar(paper())
    assert bars_from(page, (310, 202, 700, 228), (480, 203, 960, 228), (290, 195, 905, 236)) == [(BAR, 0)]


def test_a_bar_as_wide_as_the_page_is_found_from_a_short_piece_of_it() -> None:
    page = with_bar(paper(), box=(100, 400, 1190, 425))
    assert bars_from(page, (1000, 398, 1100, 427)) == [((100, 400, 1190, 425), 0)]


def test_a_narrow_bar_is_found_from_a_box_whose_middle_is_paper() -> None:
    """A bar over a single letter is one point of the network wide; what it says of its place is off by as much."""
    letter = (400, 500, 417, 525)
    page = with_bar(with_bar(paper()), box=letter)
    assert bars_from(page, (310, 202, 880, 228), (402, 495, 440, 530)) == [(BAR, 0), (letter, 1)]


def test_letters_and_lines_that_touch_a_bar_are_no_part_of_it() -> None:
    page = with_text(with_bar(paper()), "gjpqy", 400, 198, 1.0)
    page[150:260, 298:301] = 0
    page[229:231, 900:1200] = 0
    box, _ = fitted(page, (330, 196, 860, 233))
    assert np.abs(np.array(box) - BAR).max() <= 2


def test_the_strokes_of_a_huge_letter_are_no_bars() -> None:
    page, letter = paper(), (300, 700, 420, 830)
    for stroke in ((300, 700, 330, 830), (300, 700, 420, 722), (300, 755, 410, 777), (300, 808, 420, 830)):
        with_bar(page, box=stroke)
    assert len(bars_from(page, letter)) == 1


@pytest.mark.parametrize("pattern", ["dots", "diagonals", "noise"])
def test_a_raster_of_dots_takes_no_minutes(pattern: str) -> None:
    y, x = np.indices((1650, 1275))
    grains = np.random.default_rng(0).random((1650, 1275)) < 0.5
    on = {"dots": (y % 3 == 0) & (x % 3 == 0), "diagonals": (x + y) % 3 == 0, "noise": grains}[pattern]
    page = with_bar(np.where(on, 0, 255).astype(np.uint8)[:, :, None].repeat(3, axis=2))
    started = time.process_time()
    bars_from(page, BAR)
    assert time.process_time() - started < 2


def test_a_photograph_is_not_cut_into_bars() -> None:
    noise = np.random.default_rng(0).integers(0, 200, (30, 40, 1), np.uint8)
    photo = cv2.resize(noise, (800, 600), interpolation=cv2.INTER_CUBIC)
    page = paper()
    page[300:900, 200:1000] = photo[:, :, None]
    assert len(bars_from(page, (210, 310, 990, 890))) == 1


def test_sides_at_which_nothing_ends_stay() -> None:
    """Of a black page there is no edge in reach, and of plain paper no line."""
    for page in (paper(0), paper()):
        box, evidence = fitted(page, BAR)
        assert box == list(BAR)
        assert (evidence.weakest_side, evidence.second_side) == (0, 0)


def test_words_have_no_edges() -> None:
    page = with_text(paper(), "not a redaction at all, only words", 300, 225)
    _, evidence = fitted(page, (300, 200, 780, 232))
    assert evidence.weakest_side < 0.5


def test_specks_get_no_opinion() -> None:
    assert fitted(paper(), (10, 10, 13, 300)) == ([10, 10, 13, 300], UNSEEN)


def test_no_boxes() -> None:
    boxes, source, evidence, fills = refine(paper(), np.zeros((0, 4), np.float32))
    assert boxes.shape == (0, 4)
    assert source.shape == (0,)
    assert evidence == []
    assert fills.shape == (0, 3)


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(st.floats(-50, 1300), st.floats(-50, 1700)),
    st.tuples(st.floats(1, 1400), st.floats(1, 1700)),
    st.integers(0, 3),
)
def test_any_box_on_any_page_keeps_its_area_and_the_page(
    corner: tuple[float, float], size: tuple[float, float], seed: int
) -> None:
    page = np.random.default_rng(seed).choice([0, 255], (1650, 1275, 1)).astype(np.uint8).repeat(3, axis=2)
    page[200:900, 100:800] = (0, 90, 160) if seed % 2 else 255
    x0, y0 = max(0.0, corner[0]), max(0.0, corner[1])
    x1, y1 = min(1275.0, corner[0] + size[0]), min(1650.0, corner[1] + size[1])
    if x1 <= x0 or y1 <= y0:
        return
    box, evidence = fitted(page, (x0, y0, x1, y1))
    assert 0 <= box[0] < box[2] <= 1275
    assert 0 <= box[1] < box[3] <= 1650
    assert all(0 <= value <= 1 for value in evidence)


@pytest.mark.parametrize(("count", "company"), [(1, 0), (3, 2 / 8), (13, 1)])
def test_boxes_of_one_size_in_a_row_keep_each_other_company(count: int, company: float) -> None:
    """The holes of a comb binding, copied, look like outlined redactions one by one."""
    page, holes = paper(), [(90 + 80 * number, 386, 139 + 80 * number, 401) for number in range(count)]
    for hole in holes:
        with_bar(page, box=hole)
    fitted_holes = refine(page, np.array([*holes, (90, 600, 139, 615), (90, 386, 141, 402)], np.float32))
    assert [evidence.company for evidence in fitted_holes.evidence[:count]] == pytest.approx([company] * count)


def test_bars_below_each_other_are_no_row() -> None:
    page, bars = paper(), [(225, 120 + 53 * number, 255, 139 + 53 * number) for number in range(12)]
    for bar in bars:
        with_bar(page, box=bar)
    assert {evidence.company for evidence in refine(page, np.array(bars, np.float32)).evidence} == {0}


def test_paper_between_two_bars_is_no_outlined_box() -> None:
    page = with_bar(with_bar(paper(), box=(200, 100, 1000, 140)), box=(200, 170, 1000, 210))
    page[140:170, 200:202] = page[140:170, 998:1000] = 0  # and the lines of a pleading at both ends
    _, evidence = fitted(page, (200, 141, 1000, 169))
    assert evidence.darkness == 0
    assert evidence.second_side < 0.1
    outlined = with_outline(paper())
    assert fitted(outlined, BAR)[1].weakest_side > 0.95


@pytest.mark.parametrize(("beside", "ground"), [("nothing", 0), ("bars above and below", 0), ("the ground", 1)])
def test_a_frame_on_a_coloured_ground_is_told_from_a_bar_whose_neighbours_have_its_colour(beside: str, ground: float) -> None:
    x0, y0, x1, y1 = BAR
    blue = (20, 90, 200)
    page = with_bar(paper(), blue)
    if beside == "bars above and below":
        height = y1 - y0
        for step in (-1, 1):
            page = with_bar(page, blue, (x0, y0 + step * (height + 3), x1, y1 + step * (height + 3)))
    elif beside == "the ground":
        page[:] = blue
        cv2.rectangle(page, (x0 - 1, y0 - 1), (x1, y1), (250, 250, 220), 2)
    assert fitted(page, BAR)[1].ground == pytest.approx(ground, abs=0.05)
