"""Features of a box that depend on the other boxes."""

import numpy as np
import pytest

from redaction.detection.box_features import interline_gaps, row_neighbors

Rectangle = tuple[int, int, int, int]
ABOVE, GAP, BELOW = (100, 200, 900, 232), (100, 230, 1000, 252), (100, 250, 800, 282)
"""Outlined boxes over two lines of text, and the paper between them up to the rule in the page's margin."""


def are_gaps(boxes: list[Rectangle], scores: list[float]) -> list[bool]:
    return interline_gaps(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32)).tolist()


def test_the_space_between_two_better_boxes_is_a_gap() -> None:
    assert are_gaps([ABOVE, GAP, BELOW], [0.9, 0.5, 0.6]) == [False, True, False]


@pytest.mark.parametrize("scores", [[0.4, 0.5, 0.9], [0.9, 0.5, 0.4], [0.5, 0.5, 0.5]])
def test_boxes_with_lower_scores_make_no_gap(scores: list[float]) -> None:
    assert are_gaps([ABOVE, GAP, BELOW], scores) == [False] * 3


@pytest.mark.parametrize(
    ("above", "middle", "below"),
    [
        ((100, 200, 900, 232), (100, 232, 900, 264), (100, 264, 900, 296)),  # three bars that touch
        (ABOVE, GAP, (100, 280, 800, 312)),  # nothing right below
        (ABOVE, GAP, (800, 250, 1600, 282)),  # what is below runs along a quarter of it only
    ],
    ids=["as thick as its neighbors", "touches one", "beside it"],
)
def test_these_boxes_are_not_gaps(above: Rectangle, middle: Rectangle, below: Rectangle) -> None:
    assert are_gaps([above, middle, below], [0.9, 0.5, 0.9]) == [False] * 3


def test_gaps_between_columns_are_vertical() -> None:
    turned: list[Rectangle] = [(y0, x0, y1, x1) for x0, y0, x1, y1 in (ABOVE, GAP, BELOW)]
    assert are_gaps(turned, [0.9, 0.5, 0.6]) == [False, True, False]


def test_a_bar_between_two_gaps_is_not_a_gap() -> None:
    """Each gap is thinner than the bars around it, so a bar is never the gap between two gaps."""
    bars: list[Rectangle] = [(100, top, 900, top + 32) for top in (200, 250, 300)]
    between: list[Rectangle] = [(100, top + 30, 1000, top + 52) for top in (200, 250)]
    assert are_gaps([*bars, *between], [0.9, 0.3, 0.9, 0.6, 0.6]) == [False] * 5


def test_no_boxes_give_no_gaps() -> None:
    assert are_gaps([], []) == []


def test_binder_holes_are_row_neighbors() -> None:
    holes = np.array([(100 + 60 * hole, 50, 130 + 60 * hole, 90) for hole in range(5)] + [(100, 400, 700, 430)], np.float32)
    assert list(row_neighbors(holes)) == [0.5] * 5 + [0.0]
