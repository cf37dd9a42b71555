"""Placing redactions on a page: how many, which passages, which appearance, without overlaps."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from redaction.synthesis.appearances import Appearance
from redaction.synthesis.bars import Bar, Rect, merge_into_bands, overlap
from redaction.synthesis.painting import hand_drawn_outline
from redaction.synthesis.passages import Passages, column_of, draw_bar_geometry, text_height
from redaction.synthesis.sheet import Paragraph

MIN_PLACED_WIDTH_PX, MIN_PLACED_HEIGHT_PX = 9, 7
MIN_TEXT_HEIGHT_PX = 3
MAX_BARS = 70

# fmt: off
_WEIGHTS_OF_FILLED_BARS = {
    "words": 4, "several": 1, "line": 4, "ragged": 3.5, "block": 2, "stack": 1, "across": 1, "aligned": 1, "page": 0.15,
}
_WEIGHTS_OF_EDGED_BARS = {
    "words": 4, "several": 1, "line": 3, "ragged": 2, "block": 3, "stack": 4, "across": 2, "aligned": 1, "page": 0.15,
}
# fmt: on


def place_bars(rng: Random, paragraphs: list[Paragraph], appearances: list[Appearance], page_px: tuple[int, int]) -> list[Bar]:
    """Place bars over some of the text, with their codes; each passage has one of the appearances.

    Args:
        paragraphs: the page's text, with word boxes in page pixels.
        page_px: width and height of the page; bars stay within it.
    """
    usable = [
        kept
        for paragraph in paragraphs
        if (kept := [line for line in paragraph if line and text_height(line) >= MIN_TEXT_HEIGHT_PX])
    ]
    if not usable:
        return []
    line_height = _usual_height(usable)
    near_px = max(3, round(0.2 * line_height))
    taken: list[Rect] = []
    placed: list[tuple[Rect, Appearance]] = []
    redactors = [
        (appearance, Passages(rng, draw_bar_geometry(rng, appearance.edge_px, appearance.stands_alone), line_height))
        for appearance in appearances
    ]
    for appearance, passage in _passages(rng, usable, redactors):
        clipped_rects = [clipped for rect in passage if (clipped := _clip(rect, page_px)) is not None]
        room = MAX_BARS - len(placed)
        complete = len(clipped_rects) == len(passage) <= room
        if complete and not any(_is_too_close(new, taken, near_px) for new in clipped_rects):
            taken += clipped_rects
            placed += [(rect, appearance) for rect in clipped_rects]
    return [bar for appearance in appearances for bar in _bars_of(rng, appearance, placed, line_height)]


def _bars_of(rng: Random, appearance: Appearance, placed: list[tuple[Rect, Appearance]], line_height: float) -> list[Bar]:
    """The bars of one appearance, touching ones merged. Merged bars that overlap another appearance's bars are dropped."""
    rects = [rect for rect, other in placed if other is appearance]
    if appearance.joins_neighbors:
        others = [rect for rect, other in placed if other is not appearance]
        rects = [rect for rect in merge_into_bands(rects) if not any(overlap(rect, other) for other in others)]
    code = rng.choice(appearance.codes)
    bars = []
    for rect in rects:
        text = rng.choice([code, code, rng.choice(appearance.codes)]) if rng.random() < appearance.code_share else None
        outline = hand_drawn_outline(rect, appearance, rng) if appearance.is_irregular else None
        bars.append(Bar(rect, appearance, text, line_height, rng.getrandbits(32), outline))
    return bars


def _passages(
    rng: Random, usable: list[Paragraph], redactors: list[tuple[Appearance, Passages]]
) -> list[tuple[Appearance, list[Rect]]]:
    """Passages to cover, each with its appearance and rectangles; from a single one to nearly the whole page."""
    density = rng.choices(["one", "light", "many", "heavy"], [1.5, 3.5, 4, 3])[0]
    if density == "heavy":
        appearance, passages = redactors[0]
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
        found = [(appearance, rng.choice(heavy)(paragraph)) for paragraph in chosen]
        return found + [_random_passage(rng, usable, *redactor) for redactor in redactors[1:] for _ in range(6)]
    count = {"one": 1, "light": rng.randint(2, 5), "many": rng.randint(7, 36)}[density]
    return [_random_passage(rng, usable, *rng.choice(redactors)) for _ in range(count)]


def _random_passage(
    rng: Random, usable: list[Paragraph], appearance: Appearance, passages: Passages
) -> tuple[Appearance, list[Rect]]:
    """One random passage on the page."""
    kinds = _WEIGHTS_OF_EDGED_BARS if appearance.edge else _WEIGHTS_OF_FILLED_BARS
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    index = rng.choices(range(len(usable)), [len(paragraph) for paragraph in usable])[0]
    paragraph = usable[index]
    if kind == "page":
        return appearance, passages.across(usable)
    if kind == "across":
        return appearance, passages.across(_column_from(usable, index, rng.choice([2, 2, 3, 4, 6])))
    if kind == "aligned":
        return appearance, _aligned(rng, usable, index, passages)
    ways: dict[str, Callable[[Paragraph], list[Rect]]] = {
        "words": passages.words,
        "several": passages.several,
        "line": passages.line,
        "ragged": passages.ragged,
        "block": passages.block,
        "stack": passages.stack,
    }
    return appearance, ways[kind](paragraph)


def _column_from(usable: list[Paragraph], index: int, count: int) -> list[Paragraph]:
    """The paragraph and those that follow below it in the same column, up to `count`."""
    left, right = column_of(usable[index])
    chosen = [usable[index]]
    for paragraph in usable[index + 1 :]:
        x0, x1 = column_of(paragraph)
        below = paragraph[0][0][1] >= chosen[-1][-1][0][1]
        if below and min(right, x1) - max(left, x0) > 0.3 * min(right - left, x1 - x0) and len(chosen) < count:
            chosen.append(paragraph)
    return chosen


def _aligned(rng: Random, usable: list[Paragraph], index: int, passages: Passages) -> list[Rect]:
    """Cover single lines that start at the same x, like a table column; all bars of one width, or each as wide as its text."""
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


def _is_too_close(rect: Rect, taken: list[Rect], near_px: int) -> bool:
    """Return whether the bar would overlap another, or come so close that its end could not be told apart."""
    grown = (rect[0] - near_px, rect[1] - 3, rect[2] + near_px, rect[3] + 3)
    return any(overlap(grown, other) for other in taken)


def _usual_height(usable: list[Paragraph]) -> float:
    heights = sorted(text_height(line) for paragraph in usable for line in paragraph)
    return heights[len(heights) // 2]


def _clip(rect: Rect, page_px: tuple[int, int]) -> Rect | None:
    clipped = (max(rect[0], 0), max(rect[1], 0), min(rect[2], page_px[0]), min(rect[3], page_px[1]))
    return clipped if clipped[2] - clipped[0] >= MIN_PLACED_WIDTH_PX and clipped[3] - clipped[1] >= MIN_PLACED_HEIGHT_PX else None
