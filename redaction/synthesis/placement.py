"""Where redactions go on a page: how many, of which kind, in which look, none over another."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from redaction.synthesis.bars import Bar, Rect, bands, overlap
from redaction.synthesis.looks import Look
from redaction.synthesis.painting import by_hand
from redaction.synthesis.passages import Passages, column_of, draw_habit, text_height
from redaction.synthesis.sheet import Paragraph

MIN_WIDTH_PX, MIN_HEIGHT_PX = 9, 7
_LEAST_TEXT_PX = 3
MAX_BARS = 70

_LIGHT = {"words": 4, "several": 1, "line": 4, "ragged": 3.5, "block": 2, "stack": 1, "across": 1, "aligned": 1, "page": 0.15}
_WITH_EDGES = {"words": 4, "several": 1, "line": 3, "ragged": 2, "block": 3, "stack": 4, "across": 2, "aligned": 1, "page": 0.15}


def place_bars(rng: Random, paragraphs: list[Paragraph], looks: list[Look], page_px: tuple[int, int]) -> list[Bar]:
    """Bars over some of the text, with their codes; of several looks, each passage has one.

    Args:
        paragraphs: the page's text, word boxes in page pixels.
        page_px: width and height of the page; no bar leaves it.
    """
    usable = [
        kept for paragraph in paragraphs if (kept := [line for line in paragraph if line and text_height(line) >= _LEAST_TEXT_PX])
    ]
    if not usable:
        return []
    tall = _usual_height(usable)
    near_px = max(3, round(0.2 * tall))
    taken: list[Rect] = []
    placed: list[tuple[Rect, Look]] = []
    writers = [(look, Passages(rng, draw_habit(rng, look.edge_px, look.stands_alone), tall)) for look in looks]
    for look, passage in _passages(rng, usable, writers):
        fitting = [clipped for rect in passage if (clipped := _clip(rect, page_px)) is not None]
        room = MAX_BARS - len(placed)
        if len(fitting) == len(passage) and len(fitting) <= room and not any(_collide(new, taken, near_px) for new in fitting):
            taken += fitting
            placed += [(rect, look) for rect in fitting]
    return [bar for look in looks for bar in _bars_of(rng, look, placed, tall)]


def _bars_of(rng: Random, look: Look, placed: list[tuple[Rect, Look]], tall: float) -> list[Bar]:
    """The bars of one look, what touches made one; a grown bar that came upon another look's is left out."""
    rects = [rect for rect, its in placed if its is look]
    if look.joins:
        others = [rect for rect, its in placed if its is not look]
        rects = [rect for rect in bands(rects) if not any(overlap(rect, other) for other in others)]
    code = rng.choice(look.codes)
    bars = []
    for rect in rects:
        written = rng.choice([code, code, rng.choice(look.codes)]) if rng.random() < look.code_share else None
        outline = by_hand(rect, look, rng) if look.shaped_by_hand else None
        bars.append(Bar(rect, look, written, tall, rng.getrandbits(32), outline))
    return bars


def _passages(rng: Random, usable: list[Paragraph], writers: list[tuple[Look, Passages]]) -> list[tuple[Look, list[Rect]]]:
    """Passages to cover, each with its look and rectangles; a page is redacted lightly, in many places, or nearly whole."""
    density = rng.choices(["one", "light", "many", "heavy"], [1.5, 3.5, 4, 3])[0]
    if density == "heavy":
        look, passages = writers[0]
        heavy: list[Callable[[Paragraph], list[Rect]]] = rng.choice(
            [
                [passages.lines],
                [passages.lines, lambda paragraph: passages.ragged(paragraph, whole=True)],
                [lambda paragraph: passages.block(paragraph, whole=True)],
                [lambda paragraph: passages.stack(paragraph, whole=True)],
                [passages.several, passages.line],
                [passages.split],
            ]
        )
        share = rng.uniform(0.4, 1)
        chosen = [paragraph for paragraph in usable if rng.random() < share] or usable[:1]
        found = [(look, rng.choice(heavy)(paragraph)) for paragraph in chosen]
        return found + [_one(rng, usable, *writer) for writer in writers[1:] for _ in range(6)]
    count = {"one": 1, "light": rng.randint(2, 5), "many": rng.randint(7, 36)}[density]
    return [_one(rng, usable, *rng.choice(writers)) for _ in range(count)]


def _one(rng: Random, usable: list[Paragraph], look: Look, passages: Passages) -> tuple[Look, list[Rect]]:
    """One passage somewhere on the page."""
    kinds = _WITH_EDGES if look.edge else _LIGHT
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    index = rng.choices(range(len(usable)), [len(paragraph) for paragraph in usable])[0]
    paragraph = usable[index]
    if kind == "page":
        return look, passages.across(usable)
    if kind == "across":
        return look, passages.across(_column_from(usable, index, rng.choice([2, 2, 3, 4, 6])))
    if kind == "aligned":
        return look, _aligned(rng, usable, index, passages)
    ways: dict[str, Callable[[Paragraph], list[Rect]]] = {
        "words": passages.words,
        "several": passages.several,
        "line": passages.line,
        "ragged": passages.ragged,
        "block": passages.block,
        "stack": passages.stack,
    }
    return look, ways[kind](paragraph)


def _column_from(usable: list[Paragraph], index: int, count: int) -> list[Paragraph]:
    """The paragraph and those that follow it downwards in the same column."""
    left, right = column_of(usable[index])
    chosen = [usable[index]]
    for paragraph in usable[index + 1 :]:
        x0, x1 = column_of(paragraph)
        below = paragraph[0][0][1] >= chosen[-1][-1][0][1]
        if below and min(right, x1) - max(left, x0) > 0.3 * min(right - left, x1 - x0) and len(chosen) < count:
            chosen.append(paragraph)
    return chosen


def _aligned(rng: Random, usable: list[Paragraph], index: int, passages: Passages) -> list[Rect]:
    """The single lines that begin where this one does, as a table's column is taken out, all bars of one width."""
    left = usable[index][0][0][0]
    tall = text_height(usable[index][0])
    column = [paragraph for paragraph in usable if len(paragraph) == 1 and abs(paragraph[0][0][0] - left) < 0.3 * tall]
    if len(column) < 3:
        return passages.line(usable[index])
    first = rng.randint(0, len(column) - 3)
    chosen = column[first : first + rng.randint(3, 12)]
    x0, x1 = column_of([paragraph[0] for paragraph in chosen])
    right = round(x1 + 0.3 * tall)
    same = rng.random() < 0.5
    rects = []
    for paragraph in chosen:
        top, bottom = passages.rows(paragraph)[0]
        rects.append((round(x0 - 0.15 * tall), top, right if same else round(paragraph[0][-1][2] + 0.2 * tall), bottom))
    return [rect for number, rect in enumerate(rects) if not any(overlap(rect, other) for other in rects[:number])]


def _collide(rect: Rect, taken: list[Rect], near_px: int) -> bool:
    """Whether the bar would lie on another, or so close to it that nobody could tell where the one ends."""
    grown = (rect[0] - near_px, rect[1] - 3, rect[2] + near_px, rect[3] + 3)
    return any(overlap(grown, other) for other in taken)


def _usual_height(usable: list[Paragraph]) -> float:
    heights = sorted(text_height(line) for paragraph in usable for line in paragraph)
    return heights[len(heights) // 2]


def _clip(rect: Rect, page_px: tuple[int, int]) -> Rect | None:
    clipped = (max(rect[0], 0), max(rect[1], 0), min(rect[2], page_px[0]), min(rect[3], page_px[1]))
    return clipped if clipped[2] - clipped[0] >= MIN_WIDTH_PX and clipped[3] - clipped[1] >= MIN_HEIGHT_PX else None
