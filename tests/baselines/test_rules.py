"""The rules of the baseline on small drawn pages: what they find and what they ignore."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from redaction.baselines.rules import OPERATING_POINT, RuleBasedDetector, rules_digest
from redaction.detection.rectangles import rectangles_in
from redaction.evaluation.matching import match_boxes
from redaction.pages.geometry import as_xyxy

Page = NDArray[np.uint8]
Box = tuple[int, int, int, int]
BLACK, GREY, YELLOW, RED, BLUE = (0, 0, 0), (176, 176, 176), (255, 225, 60), (192, 70, 70), (60, 140, 220)


def paper(width: int = 900, height: int = 700) -> Page:
    """A white page with lines of text on it."""
    page = np.full((height, width, 3), 255, np.uint8)
    for y in range(60, height - 40, 32):
        write(page, "And so the committee resolved to meet again in May", (60, y))
    return page


def write(page: Page, text: str, at: tuple[int, int], size: float = 0.7, color: tuple[int, int, int] = BLACK) -> None:
    """Write text whose baseline starts at `at`."""
    cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, color, max(1, round(2 * size)), cv2.LINE_AA)


def fill(page: Page, box: Box, color: tuple[int, int, int]) -> None:
    """Draw a filled box."""
    x0, y0, x1, y1 = box
    page[y0:y1, x0:x1] = color


def outline(page: Page, box: Box, shade: int = 90) -> None:
    """Draw a white box with an outline of one pixel."""
    x0, y0, x1, y1 = box
    page[y0:y1, x0:x1] = 255
    cv2.rectangle(page, (x0, y0), (x1 - 1, y1 - 1), (shade,) * 3, 1)


def found(page: Page) -> list[list[float]]:
    """The redactions that the rules find, from top to bottom."""
    boxes = RuleBasedDetector().predict(page).at_least(OPERATING_POINT).xyxy.tolist()
    return sorted(boxes, key=lambda box: (box[1], box[0]))


def assert_found(page: Page, *boxes: Box) -> None:
    """Exactly these boxes are found, within two pixels."""
    actual = found(page)
    assert len(actual) == len(boxes), actual
    assert np.abs(np.array(actual) - np.array(sorted(boxes, key=lambda box: (box[1], box[0])))).max() <= 2


@pytest.mark.parametrize("color", [BLACK, (60, 60, 60), GREY, (222, 222, 222), YELLOW, RED, BLUE])
def test_filled_boxes_over_words_are_found(color: tuple[int, int, int]) -> None:
    page = paper()
    boxes = [(200, 140, 520, 168), (60, 236, 760, 264), (420, 300, 450, 326)]
    for box in boxes:
        fill(page, box, color)
    assert_found(page, *boxes)


def test_outlined_boxes_over_words_are_found() -> None:
    page = paper()
    boxes = [(200, 140, 520, 170), (60, 236, 760, 330)]
    for box in boxes:
        outline(page, box)
    assert_found(page, *boxes)


@pytest.mark.parametrize("code", ["(b)(6)", "50X1", "5.1.2.e"])
def test_a_box_with_a_code_in_it_is_found(code: str) -> None:
    page = paper()
    fill(page, (200, 240, 520, 284), GREY)
    write(page, code, (320, 270))
    fill(page, (200, 400, 520, 444), BLACK)
    write(page, code, (320, 430), color=(255, 255, 255))
    outline(page, (60, 520, 600, 580))
    write(page, code, (280, 560))
    assert_found(page, (200, 240, 520, 284), (200, 400, 520, 444), (60, 520, 600, 580))


def test_touching_bars_are_separated_where_their_ends_change() -> None:
    page = paper()
    bars = [(220, 200, 700, 232), (60, 232, 760, 264), (60, 264, 400, 296)]
    for bar in bars:
        fill(page, bar, BLACK)
    assert_found(page, *bars)


def test_touching_outlines_are_separated() -> None:
    page = paper()
    boxes = [(220, 200, 760, 232), (60, 231, 560, 300)]
    for box in boxes:
        outline(page, box)
    assert_found(page, *boxes)


def test_a_skewed_bar_is_one_box() -> None:
    area = np.zeros((120, 820), np.uint8)
    corners = cv2.boxPoints(((410, 60), (760, 36), 1.2))
    cv2.fillPoly(area, [corners.astype(np.int32)], 1)
    ys, xs = np.nonzero(area)
    part = area[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    assert list(rectangles_in(part)) == [(0, 0, part.shape[1], part.shape[0])]


def test_a_bar_with_white_notches_is_one_box() -> None:
    page = paper()
    fill(page, (60, 200, 760, 330), BLACK)
    for x in range(100, 700, 90):
        fill(page, (x, 200, x + 5, 206), (255, 255, 255))
    assert_found(page, (60, 200, 760, 330))


def test_a_redaction_in_a_table_is_found_and_its_empty_cells_are_not() -> None:
    page = np.full((700, 900, 3), 255, np.uint8)
    for row in range(6):
        for column in range(3):
            x, y = 60 + 250 * column, 100 + 60 * row
            cv2.rectangle(page, (x, y), (x + 250, y + 60), BLACK, 1)
            if column < 2 and row != 4:
                write(page, f"{row * 1734}.{column}0 paid", (x + 30, y + 40))
    fill(page, (330, 350, 500, 384), BLACK)
    assert_found(page, (330, 350, 500, 384))


# -- what is not a redaction


def text_alone(page: Page) -> None:
    """Nothing but text."""


def heading_in_large_print(page: Page) -> None:
    fill(page, (0, 0, 900, 700), (255, 255, 255))
    cv2.putText(page, "EXHIBIT B", (120, 400), cv2.FONT_HERSHEY_DUPLEX, 4.0, BLACK, 26)


def headings_on_color(page: Page) -> None:
    for column in range(3):
        fill(page, (60 + 250 * column, 200, 305 + 250 * column, 240), BLUE)
        write(page, "Amount approved", (80 + 250 * column, 228), color=(255, 255, 255))


def highlighted_text(page: Page) -> None:
    marked = page[110:320, 60:700]
    marked[(marked > 200).all(axis=2)] = YELLOW


def bars_with_highlighter_around(page: Page) -> None:
    """Only the bars are redactions."""
    for y in (200, 264):
        fill(page, (60, y - 8, 760, y + 34), YELLOW)
        fill(page, (90, y, 760, y + 30), BLACK)


def frame_around_the_page(page: Page) -> None:
    cv2.rectangle(page, (20, 20), (880, 680), BLACK, 2)


def form(page: Page) -> None:
    fill(page, (40, 200, 860, 420), (255, 255, 255))
    for row in range(3):
        for column in range(2):
            x, y = 60 + 390 * column, 210 + 60 * row
            cv2.rectangle(page, (x, y), (x + 390, y + 60), BLACK, 1)
            write(page, "Name of the officer in charge here", (x + 8, y + 22), size=0.5)


def stamp(page: Page) -> None:
    fill(page, (300, 200, 620, 280), (255, 255, 255))
    cv2.rectangle(page, (320, 210), (600, 270), BLACK, 2)
    write(page, "TOP SECRET", (345, 252), size=1.2)


def tick_boxes(page: Page) -> None:
    for y in range(120, 600, 64):
        cv2.rectangle(page, (30, y), (48, y + 18), BLACK, 1)


def rules_and_margins(page: Page) -> None:
    cv2.line(page, (50, 0), (50, 699), BLACK, 2)
    cv2.line(page, (60, 330), (800, 330), BLACK, 2)


def black_photocopy_margin(page: Page) -> None:
    fill(page, (0, 0, 40, 700), BLACK)
    fill(page, (0, 0, 900, 30), BLACK)


def title_page_band(page: Page) -> None:
    fill(page, (0, 500, 900, 700), BLUE)
    write(page, "Annual report", (300, 610), size=1.5, color=(255, 255, 255))


def photograph(page: Page) -> None:
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 255, (24, 32, 3)).astype(np.uint8)
    page[150:550, 150:750] = cv2.resize(coarse, (600, 400), interpolation=cv2.INTER_CUBIC)


def bar_code(page: Page) -> None:
    fill(page, (280, 180, 640, 290), (255, 255, 255))
    rng, x = np.random.default_rng(1), 300
    while x < 600:
        width = int(rng.integers(2, 8))
        fill(page, (x, 200, x + width, 270), BLACK)
        x += width + int(rng.integers(3, 9))


@pytest.mark.parametrize(
    "draw",
    [
        text_alone,
        heading_in_large_print,
        headings_on_color,
        highlighted_text,
        frame_around_the_page,
        form,
        stamp,
        tick_boxes,
        rules_and_margins,
        black_photocopy_margin,
        title_page_band,
        photograph,
        bar_code,
    ],
)
def test_what_only_looks_like_a_redaction_is_ignored(draw: Callable[[Page], None]) -> None:
    page = paper()
    draw(page)
    assert found(page) == []


def test_highlighter_around_bars_is_not_a_redaction() -> None:
    page = paper()
    bars_with_highlighter_around(page)
    assert_found(page, (90, 200, 760, 230), (90, 264, 760, 294))


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (3, 40), (700, 900)])
def test_a_blank_or_tiny_page_has_no_redactions(shade: int, size: tuple[int, int]) -> None:
    assert found(np.full((*size, 3), shade, np.uint8)) == []


def test_a_clean_fill_scores_higher_than_a_speckled_one() -> None:
    clean, speckled = paper(), paper()
    fill(clean, (200, 240, 520, 284), BLACK)
    fill(speckled, (200, 240, 520, 284), BLACK)
    specks = np.random.default_rng(0).integers((242, 202), (282, 518), (700, 2))
    speckled[specks[:, 0], specks[:, 1]] = 255
    best = [RuleBasedDetector().predict(page).scores[0] for page in (clean, speckled)]
    assert best[0] > best[1] >= OPERATING_POINT


def test_the_rules_digest_is_stable() -> None:
    assert rules_digest() == rules_digest()
    assert len(rules_digest()) == 64


bars = st.lists(
    st.tuples(st.integers(0, 6), st.integers(70, 300), st.integers(60, 400), st.integers(18, 46)),
    min_size=1,
    max_size=5,
    unique_by=lambda b: b[0],
)


@settings(max_examples=25, deadline=None)
@given(bars, st.sampled_from([BLACK, GREY, BLUE]))
def test_exactly_the_drawn_bars_are_found(drawn: list, color: tuple[int, int, int]) -> None:
    page = paper()
    boxes = [(x, 60 + 88 * slot, x + w, 60 + 88 * slot + h) for slot, x, w, h in drawn]
    for box in boxes:
        fill(page, box, color)
    detections = RuleBasedDetector().predict(page).at_least(OPERATING_POINT)
    assert len(detections) == len(boxes)
    assert (match_boxes(as_xyxy(boxes), detections) >= 0).all()
