"""Passages that people redact, as rectangles: words, lines, ragged passages, blocks, stacked boxes, table columns."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from redaction.synthesis.bars import Rect
from redaction.synthesis.sheet import Line, Paragraph, WordBox

LineEnd = Literal["text", "column", "beyond"]
_LINE_ENDS: tuple[LineEnd, ...] = ("text", "text", "text", "text", "column", "column", "column", "column", "beyond")
_MAX_OUTER_MARGIN_SHARE = 0.32
"""Share of the text height that a bar may reach above the first and below the last line."""


@dataclass(frozen=True)
class BarGeometry:
    """How one person draws bars. Lengths are multiples of the text height, so that they hold at any resolution."""

    height: float
    """Height of a bar."""
    line_gap: float
    """White space between bars on adjacent lines; 0 makes them touch."""
    padding: float
    """How far bars extend beyond the words; negative stops short of their ends."""
    vertical_shift: float
    """Vertical offset of all bars; positive is down."""
    jitter: float
    """Random deviation of each edge."""
    line_end: LineEnd
    """Where bars over whole lines end: at the end of the text, at the column's edge, or beyond it."""
    shared_edge_px: int
    """Overlap of a box with the one above, so that the two share one drawn edge."""


def draw_bar_geometry(rng: Random, edge_px: int, apart: bool) -> BarGeometry:
    """Draw a bar geometry for boxes with edges of this thickness (0: none); `apart` keeps bars clearly separated."""
    touching = not apart and rng.random() < 0.4
    tidy = rng.random() < 0.55
    snug, ample = rng.uniform(0.85, 1.3), rng.uniform(1.2, 2.2)
    return BarGeometry(
        height=rng.choice([2.5, 1.3]) if touching else rng.choice([snug, ample, ample]),
        line_gap=0.0 if touching else rng.uniform(0.3, 0.7) if apart else rng.choice([rng.uniform(0.14, 0.5), 0.1]),
        padding=rng.choice([rng.uniform(0.02, 0.2), rng.uniform(0.1, 0.5), rng.uniform(-0.1, 0.1)]),
        vertical_shift=rng.choice([0.0, 0.0, rng.uniform(-0.25, 0.25)]),
        jitter=0.0 if tidy or (touching and not edge_px) else rng.uniform(0.02, 0.18),
        line_end=rng.choice(_LINE_ENDS),
        shared_edge_px=edge_px if rng.random() < 0.6 else 0,
    )


@dataclass(frozen=True)
class Passages:
    """Ways to cover parts of a paragraph, with one bar geometry."""

    rng: Random
    geometry: BarGeometry
    usual_height_px: float
    """Usual height of the page's text lines. Anything much taller is a picture or a signature and needs no wider margin."""

    def words(self, paragraph: Paragraph) -> list[Rect]:
        """Cover a few words of one line."""
        line, row = self._some_line(paragraph)
        if self.rng.random() < 0.1:
            return [self._end_of_word(self.rng.choice(line), row)]
        first = self.rng.randint(0, len(line) - 1)
        last = min(len(line) - 1, first + self.rng.choice([0, 0, 1, 1, 2, 3, 5, 8]))
        return [self._span(line, first, last, row)]

    def several(self, paragraph: Paragraph) -> list[Rect]:
        """Cover several groups of words in one line."""
        line, row = self._some_line(paragraph)
        spans, at = [], self.rng.randint(0, 1)
        while at < len(line):
            until = min(len(line) - 1, at + self.rng.choice([0, 0, 1, 2]))
            spans.append(self._span(line, at, until, row))
            at = until + 2 + self.rng.choice([0, 0, 1, 2, 4])
        return spans

    def line(self, paragraph: Paragraph) -> list[Rect]:
        """Cover one whole line."""
        index = self.rng.randrange(len(paragraph))
        top, bottom = self.rows(paragraph)[index]
        left, right = self._edges(paragraph, paragraph[index])
        return [(left, top, right, bottom)]

    def lines(self, paragraph: Paragraph) -> list[Rect]:
        """Cover most lines, each with its own bar."""
        rects = []
        for line, (top, bottom) in zip(paragraph, self.rows(paragraph), strict=True):
            if self.rng.random() < 0.92:
                left, right = self._edges(paragraph, line)
                rects.append((left, top, right, bottom))
        return rects

    def split(self, paragraph: Paragraph) -> list[Rect]:
        """Cover most lines with two bars: the first word (a speaker's initial, say), and everything from the third word on."""
        rects = []
        for line, row in zip(paragraph, self.rows(paragraph), strict=True):
            if self.rng.random() < 0.9:
                rects.append(self._span(line, 0, 0, row))
                if len(line) > 2:
                    rects.append(self._span(line, 2, len(line) - 1, row))
        return rects

    def ragged(self, paragraph: Paragraph, whole: bool = False) -> list[Rect]:
        """Cover text from a word in one line to a word in a later one, as in a mouse selection."""
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
        """Cover several lines with one rectangle, sometimes only part of the column's width."""
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
        """Cover a passage with up to four boxes on top of each other, each with its own width and one or more lines high."""
        first, until = self._range(paragraph, whole)
        rows, at = self.rows(paragraph), first
        rects: list[Rect] = []
        left, right = column_of(paragraph[first : until + 1])
        height = self._height(paragraph[first])
        while at <= until:
            last = until if len(rects) == 3 else min(until, at + self.rng.choice([0, 0, 1, 2, 4, 8]))
            x0, x1 = left - self._jitter(height, 0.8), right + self._jitter(height, 0.8)
            if at == first and self.rng.random() < 0.6:
                x0 = self.rng.choice(paragraph[at])[0] - self._pad(paragraph[at])
            if last == until and last == at and self.rng.random() < 0.7:
                x1 = self.rng.choice(paragraph[at])[2] + self._pad(paragraph[at])
            above = rects[-1][3] - self.geometry.shared_edge_px if rects and self.geometry.line_gap == 0 else rows[at][0]
            if x1 - x0 > height:
                rects.append((round(x0), above, round(x1), rows[last][1]))
            at = last + 1
        return rects

    def across(self, paragraphs: list[Paragraph]) -> list[Rect]:
        """Cover several paragraphs of a column and everything between them (signatures, pictures, rules) with one rectangle."""
        left, right = column_of([line for paragraph in paragraphs for line in paragraph])
        tops = [self.rows(paragraph)[0][0] for paragraph in paragraphs]
        bottoms = [self.rows(paragraph)[-1][1] for paragraph in paragraphs]
        pad = abs(self._pad(paragraphs[0][0])) + self._jitter(self.usual_height_px, 1.5)
        return [(round(left - pad), min(tops), round(right + pad), max(bottoms))]

    def rows(self, paragraph: Paragraph) -> list[tuple[int, int]]:
        """Upper and lower edge of the bar on each line.

        Bars extend at most to the middle between two lines, so they never overlap. Above the first and below the last line they
        stay close to the text, because what lies there is unknown.
        """
        tops = [min(word[1] for word in line) for line in paragraph]
        bottoms = [max(word[3] for word in line) for line in paragraph]
        height = sum(self._height(line) for line in paragraph) / len(paragraph)
        shift = self.geometry.vertical_shift * height
        half_gap = max(1.0, self.geometry.line_gap * height / 2) if self.geometry.line_gap else 0.0
        rows: list[tuple[int, int]] = []
        for index, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
            inner = min(bottom - top, 1.6 * self.usual_height_px) * (self.geometry.height - 1) / 2
            outer = min(inner, height * _MAX_OUTER_MARGIN_SHARE)
            upper, lower = top - outer + shift, bottom + outer + shift
            if index > 0:
                upper = max(top - inner + shift, (bottoms[index - 1] + top) / 2 + shift + half_gap)
            if index < len(tops) - 1:
                lower = min(bottom + inner + shift, (bottom + tops[index + 1]) / 2 + shift - half_gap)
            if self.geometry.line_gap:
                upper, lower = upper + abs(self._jitter(height, 0.4)), lower - abs(self._jitter(height, 0.4))
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

    def _end_of_word(self, word: WordBox, row: tuple[int, int]) -> Rect:
        """Cover the end of a word, such as the last digits of a number."""
        at = word[0] + (word[2] - word[0]) * self.rng.uniform(0.25, 0.7)
        return (round(at), row[0], round(word[2]), row[1])

    def _span(self, line: Line, first: int, last: int, row: tuple[int, int]) -> Rect:
        """Cover some words of a line, stopping before the middle of the space to the next word."""
        left, right = line[first][0] - self._pad(line), line[last][2] + self._pad(line)
        if first > 0:
            left = max(left, (line[first - 1][2] + line[first][0]) / 2 - self.geometry.jitter * self._height(line))
        if last + 1 < len(line):
            right = min(right, (line[last][2] + line[last + 1][0]) / 2 + self.geometry.jitter * self._height(line))
        return (round(left), row[0], round(right), row[1])

    def _edges(self, paragraph: Paragraph, line: Line) -> tuple[int, int]:
        left, right = (line[0][0], line[-1][2]) if self.geometry.line_end == "text" else column_of(paragraph)
        if self.geometry.line_end == "beyond":
            right += 2 * self._height(line)
        return round(left - self._pad(line)), round(right + self._pad(line))

    def _pad(self, line: Line) -> float:
        return self.geometry.padding * self._height(line) + self._jitter(self._height(line))

    def _height(self, line: Line) -> float:
        return min(text_height(line), 1.6 * self.usual_height_px)

    def _jitter(self, height: float, scale: float = 1.0) -> float:
        return self.rng.uniform(-1, 1) * self.geometry.jitter * height * scale


def text_height(line: Line) -> float:
    """Distance from the top of the highest word to the bottom of the lowest."""
    return max(word[3] for word in line) - min(word[1] for word in line)


def column_of(lines: list[Line]) -> tuple[float, float]:
    """Left and right edge of the text in these lines."""
    return min(line[0][0] for line in lines), max(line[-1][2] for line in lines)
