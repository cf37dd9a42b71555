"""The rule for several answers on one page, the same for every annotation tool."""

from __future__ import annotations

from collections.abc import Sequence

from redaction.annotations.records import ParsedPage


def last_word(answers: Sequence[ParsedPage]) -> ParsedPage:
    """Choose the answer that counts among all answers for one page, given in the order of the file.

    An answer marked as ground truth comes before all others. Otherwise the latest one counts, even if it has no boxes: by time if
    every answer has one, else by the order in the file.
    """
    marked = [answer for answer in answers if answer.is_ground_truth] or answers
    times = [answer.annotated_at.timestamp() for answer in marked if answer.annotated_at]
    has_all_times = len(times) == len(marked)
    last = max(range(len(marked)), key=lambda position: (times[position] if has_all_times else 0.0, position))
    superseded = sum(answer.superseded for answer in answers) + len(answers) - 1
    return marked[last].model_copy(update={"superseded": superseded})
