"""The one rule for several answers on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.annotations.answers import last_word
from redaction.annotations.records import ParsedBox, ParsedPage

START = datetime(2026, 10, 1, tzinfo=UTC)
BOX = ParsedBox(row="", x0=1, y0=2, x1=30, y1=40, label="redaction")


def answer(row: str, hour: int | None = None, *, boxes: int = 1, marked: bool = False) -> ParsedPage:
    time = None if hour is None else START + timedelta(hours=hour)
    return ParsedPage(row=row, annotated_at=time, boxes=(BOX,) * boxes, is_ground_truth=marked)


@pytest.mark.parametrize(
    "answers",
    [
        [answer("other", 1), answer("right", 2)],
        [answer("right", 2), answer("other", 1)],
        [answer("other", 1), answer("right", 2, boxes=0)],
        [answer("other", 1), answer("right", 1)],  # at the same time: the order decides
        [answer("other", 9), answer("right", None)],  # a time is missing: the order decides
        [answer("other", None), answer("right", None)],
        [answer("right", 1, marked=True), answer("other", 2)],
        [answer("right", 1, marked=True), answer("other", 2, boxes=0)],
        [answer("other", 1, marked=True), answer("right", 2, marked=True), answer("other", 3)],
        [answer("right", 1, boxes=0, marked=True), answer("other", 2)],
        [answer("right", 1)],
    ],
)
def test_the_last_answer_counts_and_a_marked_one_comes_first(answers: list[ParsedPage]) -> None:
    chosen = last_word(answers)
    assert chosen.row == "right"
    assert chosen.superseded == len(answers) - 1


answers = st.lists(
    st.builds(answer, st.uuids().map(str), st.integers(0, 5), boxes=st.integers(0, 2), marked=st.booleans()),
    min_size=1,
    max_size=6,
)


@given(answers, answers)
def test_choosing_among_choices_is_choosing_among_all(first: list[ParsedPage], second: list[ParsedPage]) -> None:
    """So a reader may choose within a task, and the import among the tasks of one page."""
    assert last_word([last_word(first), last_word(second)]) == last_word([*first, *second])
