"""What people take out of a text, as rectangles: words, lines, ragged passages, blocks, stacked boxes, columns of a table."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from redaction.synthesis.bars import Rect
from redaction.synthesis.sheet import Line, Paragraph, WordBox

Reach = Literal["text", "column", "beyond"]
_REACHES: tuple[Reach, ...] = ("text", "text", "text", "text", "column", "column", "column", "column", "beyond")
_OUTER_REACH = 0.32
"""Of the text's height."""


@dataclass(frozen=True)
class Habit:
    """How one person draws bars. All lengths are in heights of the text, so that they hold at any resolution."""

    reach: float
    """Height of a bar."""
    gap: float
    """White left between the bars of adjacent lines; 0 makes them touch."""
    pad: float
    """How far bars reach beyond the words, or stay short of their ends where negative."""
    shift: float
    """How far all bars sit too low, or too high where negative."""
    wander: float
    """How far each edge strays from where it was meant to be."""
    reach_to: Reach
    """Where whole lines' bars end: where the text does, at the column's edge, or past it."""
    shared_edge_px: int
    """How far a box laps over the one above, so that the two share one drawn edge."""


def draw_habit(rng: Random, edge_px: int, apart: bool) -> Habit:
    """A habit, drawn at random, of somebody whose boxes have edges of that thickness (0: none) and are clearly `apart` or not."""
    touching = not apart and rng.random() < 0.4
    tidy = rng.random() < 0.55
    snug, ample = rng.uniform(0.85, 1.3), rng.uniform(1.2, 2.2)
    return Habit(
        reach=rng.choice([2.5, 1.3]) if touching else rng.choice([snug, ample, ample]),
        gap=0.0 if touching else rng.uniform(0.3, 0.7) if apart else rng.choice([rng.uniform(0.14, 0.5), 0.1]),
        pad=rng.choice([rng.uniform(0.02, 0.2), rng.uniform(0.1, 0.5), rng.uniform(-0.1, 0.1)]),
        shift=rng.choice([0.0, 0.0, rng.uniform(-0.25, 0.25)]),
        wander=0.0 if tidy or (touching and not edge_px) else rng.uniform(0.02, 0.18),
        reach_to=rng.choice(_REACHES),
        shared_edge_px=edge_px if rng.random() < 0.6 else 0,
    )


@dataclass(frozen=True)
class Passages:
    """The ways to cover parts of a paragraph, in one person's habit."""

    rng: Random
    habit: Habit
    usual_px: float
    """Height of the page's usual line of text: what is much taller is a picture or a signature, and needs no wider margin."""

    def words(self, paragraph: Paragraph) -> list[Rect]:
        """A few words of one line."""
        line, row = self._some_line(paragraph)
        if self.rng.random() < 0.1:
            return [self._part_of_a_word(self.rng.choice(line), row)]
        first = self.rng.randint(0, len(line) - 1)
        last = min(len(line) - 1, first + self.rng.choice([0, 0, 1, 1, 2, 3, 5, 8]))
        return [self._span(line, first, last, row)]

    def several(self, paragraph: Paragraph) -> list[Rect]:
        """Words here and there in one line."""
        line, row = self._some_line(paragraph)
        spans, at = [], self.rng.randint(0, 1)
        while at < len(line):
            until = min(len(line) - 1, at + self.rng.choice([0, 0, 1, 2]))
            spans.append(self._span(line, at, until, row))
            at = until + 2 + self.rng.choice([0, 0, 1, 2, 4])
        return spans

    def line(self, paragraph: Paragraph) -> list[Rect]:
        """One whole line."""
        index = self.rng.randrange(len(paragraph))
        top, bottom = self.rows(paragraph)[index]
        left, right = self._edges(paragraph, paragraph[index])
        return [(left, top, right, bottom)]

    def lines(self, paragraph: Paragraph) -> list[Rect]:
        """Nearly every line, each with its own bar, where they do not touch."""
        rects = []
        for line, (top, bottom) in zip(paragraph, self.rows(paragraph), strict=True):
            if self.rng.random() < 0.92:
                left, right = self._edges(paragraph, line)
                rects.append((left, top, right, bottom))
        return rects

    def split(self, paragraph: Paragraph) -> list[Rect]:
        """Nearly every line under two bars: its first word, as the letter of who speaks, and all from its third word on."""
        rects = []
        for line, row in zip(paragraph, self.rows(paragraph), strict=True):
            if self.rng.random() < 0.9:
                rects.append(self._span(line, 0, 0, row))
                if len(line) > 2:
                    rects.append(self._span(line, 2, len(line) - 1, row))
        return rects

    def ragged(self, paragraph: Paragraph, whole: bool = False) -> list[Rect]:
        """From a word in one line to a word in a later one, as text is marked with the mouse."""
        first, until = self._range(paragraph, whole)
        rows, rects = self.rows(paragraph), []
        for index in range(first, until + 1):
            line = paragraph[index]
            left, right = self._edges(paragraph, line)
            if index == first and not (whole and self.rng.random() < 0.5):
                left = round(self.rng.choice(line)[0] - self._pad(line))
            if index == until and not (whole and self.rng.random() < 0.3):
                right = round(self.rng.choice(line)[2] + self._pad(line))
            if right - left > 4:
                rects.append((left, rows[index][0], right, rows[index][1]))
        return rects

    def block(self, paragraph: Paragraph, whole: bool = False) -> list[Rect]:
        """One rectangle over several lines, sometimes over a part of the column's width only."""
        first, until = self._range(paragraph, whole)
        rows = self.rows(paragraph)
        left, right = column_of(paragraph[first : until + 1])
        cut = self.rng.random()
        if cut < 0.12:
            left += (right - left) * self.rng.uniform(0.1, 0.5)
        elif cut < 0.24:
            right -= (right - left) * self.rng.uniform(0.1, 0.6)
        pad = self._pad(paragraph[first])
        return [(round(left - pad), rows[first][0], round(right + pad), rows[until][1])]

    def stack(self, paragraph: Paragraph, whole: bool = False) -> list[Rect]:
        """A passage under two to four boxes, one on the other: each over one or more lines, and of a width of its own."""
        first, until = self._range(paragraph, whole)
        rows, at = self.rows(paragraph), first
        rects: list[Rect] = []
        left, right = column_of(paragraph[first : until + 1])
        tall = self._tall(paragraph[first])
        while at <= until:
            last = until if len(rects) == 3 else min(until, at + self.rng.choice([0, 0, 1, 2, 4, 8]))
            x0, x1 = left - self._stray(tall, 0.8), right + self._stray(tall, 0.8)
            if at == first and self.rng.random() < 0.6:
                x0 = self.rng.choice(paragraph[at])[0] - self._pad(paragraph[at])
            if last == until and last == at and self.rng.random() < 0.7:
                x1 = self.rng.choice(paragraph[at])[2] + self._pad(paragraph[at])
            above = rects[-1][3] - self.habit.shared_edge_px if rects and self.habit.gap == 0 else rows[at][0]
            if x1 - x0 > tall:
                rects.append((round(x0), above, round(x1), rows[last][1]))
            at = last + 1
        return rects

    def across(self, paragraphs: list[Paragraph]) -> list[Rect]:
        """One rectangle over several paragraphs of a column and all that stands between them: signatures, pictures, rules."""
        left, right = column_of([line for paragraph in paragraphs for line in paragraph])
        tops = [self.rows(paragraph)[0][0] for paragraph in paragraphs]
        bottoms = [self.rows(paragraph)[-1][1] for paragraph in paragraphs]
        pad = abs(self._pad(paragraphs[0][0])) + self._stray(self.usual_px, 1.5)
        return [(round(left - pad), min(tops), round(right + pad), max(bottoms))]

    def rows(self, paragraph: Paragraph) -> list[tuple[int, int]]:
        """Upper and lower edge of a bar on each line.

        Bars reach at most to the middle between two lines, so they never overlap; above the first line and below the last they
        stay close to the text, since what lies there is not known here.
        """
        tops = [min(word[1] for word in line) for line in paragraph]
        bottoms = [max(word[3] for word in line) for line in paragraph]
        tall = sum(self._tall(line) for line in paragraph) / len(paragraph)
        shift, half_gap = self.habit.shift * tall, max(1.0, self.habit.gap * tall / 2) if self.habit.gap else 0.0
        rows: list[tuple[int, int]] = []
        for index, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
            inner = min(bottom - top, 1.6 * self.usual_px) * (self.habit.reach - 1) / 2
            outer = min(inner, tall * _OUTER_REACH)
            upper, lower = top - outer + shift, bottom + outer + shift
            if index > 0:
                upper = max(top - inner + shift, (bottoms[index - 1] + top) / 2 + shift + half_gap)
            if index < len(tops) - 1:
                lower = min(bottom + inner + shift, (bottom + tops[index + 1]) / 2 + shift - half_gap)
            if self.habit.gap:
                upper, lower = upper + abs(self._stray(tall, 0.4)), lower - abs(self._stray(tall, 0.4))
            rows.append((round(upper), max(round(lower), round(upper) + 1)))
        return rows

    def _some_line(self, paragraph: Paragraph) -> tuple[Line, tuple[int, int]]:
        index = self.rng.randrange(len(paragraph))
        return paragraph[index], self.rows(paragraph)[index]

    def _range(self, paragraph: Paragraph, whole: bool) -> tuple[int, int]:
        last = len(paragraph) - 1
        if whole or last == 0:
            return 0, last
        first = self.rng.randint(0, last - 1)
        return first, min(last, first + self.rng.choice([1, 1, 2, 2, 3, 4, 6, 10, 16]))

    def _part_of_a_word(self, word: WordBox, row: tuple[int, int]) -> Rect:
        """As the last digits of a number are taken out."""
        at = word[0] + (word[2] - word[0]) * self.rng.uniform(0.25, 0.7)
        return (round(at), row[0], round(word[2]), row[1])

    def _span(self, line: Line, first: int, last: int, row: tuple[int, int]) -> Rect:
        """Over some words of a line, stopping short of the middle of the space to the next word."""
        left, right = line[first][0] - self._pad(line), line[last][2] + self._pad(line)
        if first > 0:
            left = max(left, (line[first - 1][2] + line[first][0]) / 2 - self.habit.wander * self._tall(line))
        if last + 1 < len(line):
            right = min(right, (line[last][2] + line[last + 1][0]) / 2 + self.habit.wander * self._tall(line))
        return (round(left), row[0], round(right), row[1])

    def _edges(self, paragraph: Paragraph, line: Line) -> tuple[int, int]:
        left, right = (line[0][0], line[-1][2]) if self.habit.reach_to == "text" else column_of(paragraph)
        if self.habit.reach_to == "beyond":
            right += 2 * self._tall(line)
        return round(left - self._pad(line)), round(right + self._pad(line))

    def _pad(self, line: Line) -> float:
        return self.habit.pad * self._tall(line) + self._stray(self._tall(line))

    def _tall(self, line: Line) -> float:
        return min(text_height(line), 1.6 * self.usual_px)

    def _stray(self, tall: float, scale: float = 1.0) -> float:
        return self.rng.uniform(-1, 1) * self.habit.wander * tall * scale


def text_height(line: Line) -> float:
    """From the top of the tallest word to the bottom of the lowest."""
    return max(word[3] for word in line) - min(word[1] for word in line)


def column_of(lines: list[Line]) -> tuple[float, float]:
    """Where the text of these lines begins and ends."""
    return min(line[0][0] for line in lines), max(line[-1][2] for line in lines)
