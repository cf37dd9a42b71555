"""Where redactions go: along the words, lines and paragraphs of a page, as people redact."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from redaction.synthesis.bars import Bar, Look, Rect, bands, overlap
from redaction.synthesis.sheet import Line, Paragraph

MIN_WIDTH_PX, MIN_HEIGHT_PX = 12, 9
_OUTER_REACH = 0.16
"""Of the text's height."""


@dataclass(frozen=True)
class Habit:
    """How one person draws bars: how far they reach beyond the text, and whether neighbours touch."""

    reach: float
    """Height of a bar over the height of its text."""
    gap_px: int
    """White left between the bars of adjacent lines; 0 makes them touch."""
    pad_px: int
    to_column_edge: bool
    """Whether bars run to the column's edge or stop where the text does."""


def draw_habit(rng: Random) -> Habit:
    """A habit, drawn at random."""
    touching = rng.random() < 0.35
    return Habit(
        rng.choice([2.5, 1.2]) if touching else rng.uniform(1.0, 1.9),
        0 if touching else rng.randint(2, 6),
        rng.randint(1, 5),
        rng.random() < 0.5,
    )


def place_bars(rng: Random, paragraphs: list[Paragraph], look: Look, page_px: tuple[int, int]) -> list[Bar]:
    """Bars of one look over some of the text, with their codes.

    Args:
        paragraphs: the page's text, word boxes in page pixels.
        page_px: width and height of the page; no bar leaves it.
    """
    habit = draw_habit(rng)
    rects: list[Rect] = []
    for passage in _passages(rng, paragraphs, habit):
        fitting = [clipped for rect in passage if (clipped := _clip(rect, page_px)) is not None]
        if len(fitting) == len(passage) and not any(overlap(new, old) for new in fitting for old in rects):
            rects += fitting
    if look.joins:
        rects = bands(rects)
    code = rng.choice(look.codes)
    codes = [rng.choice([code, code, rng.choice(look.codes)]) if rng.random() < look.code_share else None for _ in rects]
    return [Bar(rect, look, code) for rect, code in zip(rects, codes, strict=True)]


def _passages(rng: Random, paragraphs: list[Paragraph], habit: Habit) -> list[list[Rect]]:
    """Passages to cover, each with its rectangles; a page is redacted lightly, in many places, or nearly whole."""
    usable = [paragraph for paragraph in paragraphs if any(paragraph)]
    if not usable:
        return []
    density = rng.choices(["light", "many", "heavy"], [4, 5, 3])[0]
    if density == "heavy":
        kinds = rng.choice([["line"], ["line", "ragged"], ["block"], ["several", "line"]])
        chosen = [paragraph for paragraph in usable if rng.random() < 0.75] or usable[:1]
        return [passage for paragraph in chosen for passage in _heavy(rng, paragraph, habit, rng.choice(kinds))]
    count = rng.randint(1, 4) if density == "light" else rng.randint(5, 16)
    weights = [len(paragraph) for paragraph in usable]
    kinds = rng.choices(["words", "several", "line", "ragged", "block"], [4, 2, 4, 4, 3], k=count)
    return [_passage(rng, rng.choices(usable, weights)[0], habit, kind) for kind in kinds]


def _heavy(rng: Random, paragraph: Paragraph, habit: Habit, kind: str) -> list[list[Rect]]:
    if kind in ("ragged", "block"):
        return [_passage(rng, paragraph, habit, kind, whole=True)]
    rows = _rows(paragraph, habit)
    return [_on_line(rng, paragraph, rows, index, habit, kind) for index in range(len(paragraph)) if rng.random() < 0.9]


def _passage(rng: Random, paragraph: Paragraph, habit: Habit, kind: str, whole: bool = False) -> list[Rect]:
    rows, last = _rows(paragraph, habit), len(paragraph) - 1
    if kind in ("ragged", "block") and last > 0:
        first = 0 if whole else rng.randint(0, last - 1)
        until = last if whole else min(last, first + rng.choice([1, 1, 2, 2, 3, 4, 6, 10]))
        return (_block if kind == "block" else _ragged)(rng, paragraph, rows, first, until, habit)
    return _on_line(rng, paragraph, rows, rng.randint(0, last), habit, "words" if kind in ("ragged", "block") else kind)


def _on_line(rng: Random, paragraph: Paragraph, rows: list[tuple[int, int]], index: int, habit: Habit, kind: str) -> list[Rect]:
    line, row = paragraph[index], rows[index]
    count = len(line)
    if kind == "line" or count == 1:
        left, right = _edges(paragraph, line, habit)
        return [(left, row[0], right, row[1])]
    if kind == "words":
        first = rng.randint(0, count - 1)
        return [_span(line, first, min(count - 1, first + rng.choice([0, 1, 1, 2, 3, 5, 8])), row, habit)]
    spans, at = [], rng.randint(0, 1)
    while at < count:
        until = min(count - 1, at + rng.choice([0, 0, 1, 2]))
        spans.append(_span(line, at, until, row, habit))
        at = until + 2 + rng.choice([0, 0, 1, 2])
    return spans


def _ragged(rng: Random, paragraph: Paragraph, rows: list[tuple[int, int]], first: int, until: int, habit: Habit) -> list[Rect]:
    """From a word in one line to a word in a later one, as text is marked with the mouse."""
    rects = []
    for index in range(first, until + 1):
        line = paragraph[index]
        left, right = _edges(paragraph, line, habit)
        if index == first:
            left = round(line[rng.randint(0, len(line) - 1)][0]) - habit.pad_px
        if index == until:
            right = round(line[rng.randint(0, len(line) - 1)][2]) + habit.pad_px
        rects.append((left, rows[index][0], right, rows[index][1]))
    return rects


def _block(rng: Random, paragraph: Paragraph, rows: list[tuple[int, int]], first: int, until: int, habit: Habit) -> list[Rect]:
    """One rectangle over several lines, sometimes only from a word of the narrowest line on."""
    left, right = _column(paragraph[first : until + 1])
    if rng.random() < 0.15:
        left += (right - left) * rng.uniform(0.1, 0.4)
    return [(round(left) - habit.pad_px, rows[first][0], round(right) + habit.pad_px, rows[until][1])]


def _rows(paragraph: Paragraph, habit: Habit) -> list[tuple[int, int]]:
    """Upper and lower edge of a bar on each line.

    Bars reach at most to the middle between two lines, so they never overlap; above the first line and below the last they
    stay close to the text, since what lies there is not known here.
    """
    tops = [min(word[1] for word in line) for line in paragraph]
    bottoms = [max(word[3] for word in line) for line in paragraph]
    middles = [round((bottom + top) / 2) for bottom, top in zip(bottoms[:-1], tops[1:], strict=True)]
    rows = []
    for index, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
        inner = (bottom - top) * (habit.reach - 1) / 2
        outer = min(inner, (bottom - top) * _OUTER_REACH)
        upper = max(round(top - inner), middles[index - 1] + habit.gap_px // 2) if index > 0 else round(top - outer)
        lower = (
            min(round(bottom + inner), middles[index] - (habit.gap_px + 1) // 2)
            if index < len(middles)
            else round(bottom + outer)
        )
        rows.append((upper, lower))
    return rows


def _column(lines: list[Line]) -> tuple[float, float]:
    return min(line[0][0] for line in lines), max(line[-1][2] for line in lines)


def _edges(paragraph: Paragraph, line: Line, habit: Habit) -> tuple[int, int]:
    left, right = _column(paragraph) if habit.to_column_edge else (line[0][0], line[-1][2])
    return round(left) - habit.pad_px, round(right) + habit.pad_px


def _span(line: Line, first: int, last: int, row: tuple[int, int], habit: Habit) -> Rect:
    """Over some words of a line, stopping short of the middle of the space to the next word."""
    left, right = line[first][0] - habit.pad_px, line[last][2] + habit.pad_px
    if first > 0:
        left = max(left, (line[first - 1][2] + line[first][0]) / 2)
    if last + 1 < len(line):
        right = min(right, (line[last][2] + line[last + 1][0]) / 2)
    return (round(left), row[0], round(right), row[1])


def _clip(rect: Rect, page_px: tuple[int, int]) -> Rect | None:
    clipped = (max(rect[0], 0), max(rect[1], 0), min(rect[2], page_px[0]), min(rect[3], page_px[1]))
    return clipped if clipped[2] - clipped[0] >= MIN_WIDTH_PX and clipped[3] - clipped[1] >= MIN_HEIGHT_PX else None
