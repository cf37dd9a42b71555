"""Tables: ruled, striped or bare, their heads plain, black or coloured, some cells empty, tinted or merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from redaction.synthesis.colors import bright, dark, ground, pale, readable_on
from redaction.synthesis.sheet import Align, Font, Rgb, Sheet


@dataclass(frozen=True)
class TableLook:
    """How one table is drawn."""

    head: Rgb | None
    stripe: Rgb | None
    rules: str
    """``all``, ``rows``, ``frame`` or ``none``."""
    line: float
    ink: Rgb
    empty: float
    """Share of cells without text."""
    tinted: float
    """Share of cells with a ground of their own."""


def draw_table_look(rng: Random) -> TableLook:
    """A look, drawn at random."""
    return TableLook(
        head=rng.choice([None, ground(rng), dark(rng)]),
        stripe=rng.choice([None, None, (240, 240, 240), pale(rng)]),
        rules=rng.choices(["all", "rows", "frame", "none"], [6, 3, 1, 1])[0],
        line=rng.choice([0.4, 0.6, 0.6, 1.0, 1.6]),
        ink=rng.choice([(0, 0, 0), (0, 0, 0), (150, 150, 150), (200, 200, 200)]),
        empty=rng.choice([0.0, 0.05, 0.2, 0.5]),
        tinted=rng.choice([0, 0, 0, 0.04, 0.12]),
    )


def column_widths(rng: Random, width: float, count: int) -> list[float]:
    """Uneven widths that add up."""
    parts = [rng.choice([1, 1, 1.5, 2.2, 0.7]) for _ in range(count)]
    return [width * part / sum(parts) for part in parts]


def table(
    sheet: Sheet, x: float, top: float, widths: list[float], heads: list[str], rows: list[list[str]], font: Font,
    row_height: float, look: TableLook,
) -> float:  # fmt: skip
    """A table; returns its lower edge. Its texts are offered for redaction, its heads are not."""
    y, before, columnwise = top, len(sheet.paragraphs), sheet.rng.random() < 0.5
    if heads:
        _row(sheet, x, y, widths, heads, font.with_style("B"), row_height, look, look.head, offered=False)
        y += row_height
    for index, row in enumerate(rows):
        _row(sheet, x, y, widths, row, font, row_height, look, look.stripe if index % 2 else None, offered=True)
        y += row_height
    _rules(sheet, x, top, widths, y, row_height, look)
    if columnwise:
        _join_columns(sheet, before, x, widths)
    return y


def _join_columns(sheet: Sheet, before: int, x: float, widths: list[float]) -> None:
    """Offer the cells of each column as the lines of one paragraph: people take out the names of a table from top to bottom."""
    lines = [line for paragraph in sheet.paragraphs[before:] for line in paragraph]
    del sheet.paragraphs[before:]
    left = x
    for width in widths:
        sheet.offer_lines([line for line in lines if left <= (line[0][0] + line[-1][2]) / 2 < left + width])
        left += width


def _row(
    sheet: Sheet, x: float, y: float, widths: list[float], texts: list[str], font: Font, height: float, look: TableLook,
    fill: Rgb | None, *, offered: bool,
) -> None:  # fmt: skip
    rng = sheet.rng
    if fill is not None:
        sheet.rect(x, y, x + sum(widths), y + height, fill=fill)
    # a tinted row without any words would look like something taken out
    kept = rng.randrange(len(texts))
    for index, (width, text) in enumerate(zip(widths, texts, strict=True)):
        left_out = offered and index != kept and rng.random() < look.empty
        text = "" if left_out else sheet.fitting(text, font, width - 6)
        own = _tint(sheet, look, text, width / font.size) if offered else None
        if own is not None:
            sheet.rect(x, y, x + width, y + height, fill=own)
        number = text[:1].isdigit() or text[:1] in "$("
        align: Align = "right" if number and offered and width > 30 else "left"
        inked = font.inked(readable_on(own or fill or (255, 255, 255))) if own or fill else font
        if text and height > font.size:
            write = sheet.line if offered else sheet.text
            write(x + width - 3 if align == "right" else x + 3, y + height / 2 + font.size * 0.32, text, inked, align)
        x += width


def _tint(sheet: Sheet, look: TableLook, text: str, width_in_letters: float) -> Rgb | None:
    """A ground of its own for a cell; never a strong one where it would look like something taken out."""
    if not text or sheet.rng.random() >= look.tinted:
        return None
    if len(text) > width_in_letters / 3:
        return sheet.rng.choice([pale, bright])(sheet.rng)
    return pale(sheet.rng)


def _rules(sheet: Sheet, x: float, top: float, widths: list[float], bottom: float, row_height: float, look: TableLook) -> None:
    right, y = x + sum(widths), top
    if look.rules in ("all", "rows"):
        while y <= bottom + 0.1:
            sheet.rule(x, y, right, y, look.line, look.ink)
            y += row_height
    if look.rules == "all":
        left = x
        for width in [0, *widths]:
            left += width
            sheet.rule(left, top, left, bottom, look.line, look.ink)
    elif look.rules == "frame":
        sheet.rect(x, top, right, bottom, edge=look.ink, line=look.line)


def contents(sheet: Sheet, columns: int, rows: int) -> list[list[str]]:
    """Cells whose columns each hold one kind of thing."""
    words = sheet.words
    kinds: list[Callable[[], str]] = [
        words.person, words.date, words.reference, words.amount, words.amount, words.time,
        lambda: str(sheet.rng.randint(1, 9999)),
        lambda: words.words(sheet.rng.randint(1, 6)), lambda: sheet.rng.choice(["yes", "no", "X", "-", "n/a"]),
    ]  # fmt: skip
    chosen = [sheet.rng.choice(kinds) for _ in range(columns)]
    return [[kind() for kind in chosen] for _ in range(rows)]
