"""Tables: ruled, striped or plain; heads plain, black or colored; some cells empty or tinted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from redaction.synthesis.colors import any_color, bright_color, dark_color, pale_color, text_color_on
from redaction.synthesis.sheet import Align, Font, Rgb, Sheet


@dataclass(frozen=True)
class TableStyle:
    """How one table is drawn."""

    head: Rgb | None
    stripe: Rgb | None
    rules: str
    """``all``, ``rows``, ``frame`` or ``none``."""
    line_width: float
    ink: Rgb
    empty: float
    """Share of cells without text."""
    tinted: float
    """Share of cells with their own background color."""


def draw_table_style(rng: Random) -> TableStyle:
    """Draw a table style at random."""
    return TableStyle(
        head=rng.choice([None, any_color(rng), dark_color(rng)]),
        stripe=rng.choice([None, None, (240, 240, 240), pale_color(rng)]),
        rules=rng.choices(["all", "rows", "frame", "none"], [6, 3, 1, 1])[0],
        line_width=rng.choice([0.4, 0.6, 0.6, 1.0, 1.6]),
        ink=rng.choice([(0, 0, 0), (0, 0, 0), (150, 150, 150), (200, 200, 200)]),
        empty=rng.choice([0.0, 0.05, 0.2, 0.5]),
        tinted=rng.choice([0, 0, 0, 0.04, 0.12]),
    )


def column_widths(rng: Random, width: float, count: int) -> list[float]:
    """Split the width into uneven columns."""
    parts = [rng.choice([1, 1, 1.5, 2.2, 0.7]) for _ in range(count)]
    return [width * part / sum(parts) for part in parts]


def table(
    sheet: Sheet, x: float, top: float, widths: list[float], heads: list[str], rows: list[list[str]], font: Font,
    row_height: float, style: TableStyle,
) -> float:  # fmt: skip
    """Draw a table and return its lower edge. The cells are redactable, the heads are not."""
    y, before, columnwise = top, len(sheet.paragraphs), sheet.rng.random() < 0.5
    if heads:
        _row(sheet, x, y, widths, heads, font.with_style("B"), row_height, style, style.head, redactable=False)
        y += row_height
    for index, row in enumerate(rows):
        _row(sheet, x, y, widths, row, font, row_height, style, style.stripe if index % 2 else None, redactable=True)
        y += row_height
    _rules(sheet, x, top, widths, y, row_height, style)
    if columnwise:
        _join_columns(sheet, before, x, widths)
    return y


def _join_columns(sheet: Sheet, before: int, x: float, widths: list[float]) -> None:
    """Regroup the cells of each column as the lines of one paragraph: people redact columns of names from top to bottom."""
    lines = [line for paragraph in sheet.paragraphs[before:] for line in paragraph]
    del sheet.paragraphs[before:]
    left = x
    for width in widths:
        sheet.add_redactable_lines([line for line in lines if left <= (line[0][0] + line[-1][2]) / 2 < left + width])
        left += width


def _row(
    sheet: Sheet, x: float, y: float, widths: list[float], texts: list[str], font: Font, height: float, style: TableStyle,
    fill: Rgb | None, *, redactable: bool,
) -> None:  # fmt: skip
    rng = sheet.rng
    if fill is not None:
        sheet.rect(x, y, x + sum(widths), y + height, fill=fill)
    # a tinted row without any words would look like a redaction
    kept = rng.randrange(len(texts))
    for index, (width, text) in enumerate(zip(widths, texts, strict=True)):
        left_out = redactable and index != kept and rng.random() < style.empty
        text = "" if left_out else sheet.truncated(text, font, width - 6)
        own = _tint(sheet, style, text, width / font.size) if redactable else None
        if own is not None:
            sheet.rect(x, y, x + width, y + height, fill=own)
        number = text[:1].isdigit() or text[:1] in "$("
        align: Align = "right" if number and redactable and width > 30 else "left"
        in_color = font.in_color(text_color_on(own or fill or (255, 255, 255))) if own or fill else font
        if text and height > font.size:
            write = sheet.redactable_text if redactable else sheet.text
            write(x + width - 3 if align == "right" else x + 3, y + height / 2 + font.size * 0.32, text, in_color, align)
        x += width


def _tint(sheet: Sheet, style: TableStyle, text: str, width_in_letters: float) -> Rgb | None:
    """A cell's own background color; a strong one only behind enough text that it does not look like a redaction."""
    if not text or sheet.rng.random() >= style.tinted:
        return None
    if len(text) > width_in_letters / 3:
        return sheet.rng.choice([pale_color, bright_color])(sheet.rng)
    return pale_color(sheet.rng)


def _rules(sheet: Sheet, x: float, top: float, widths: list[float], bottom: float, row_height: float, style: TableStyle) -> None:
    right, y = x + sum(widths), top
    if style.rules in ("all", "rows"):
        while y <= bottom + 0.1:
            sheet.rule(x, y, right, y, style.line_width, style.ink)
            y += row_height
    if style.rules == "all":
        left = x
        for width in [0, *widths]:
            left += width
            sheet.rule(left, top, left, bottom, style.line_width, style.ink)
    elif style.rules == "frame":
        sheet.rect(x, top, right, bottom, edge=style.ink, line_width=style.line_width)


def random_cells(sheet: Sheet, columns: int, rows: int) -> list[list[str]]:
    """Random cell texts; each column holds one kind of value."""
    words = sheet.words
    kinds: list[Callable[[], str]] = [
        words.person, words.date, words.reference, words.amount, words.amount, words.time,
        lambda: str(sheet.rng.randint(1, 9999)),
        lambda: words.words(sheet.rng.randint(1, 6)), lambda: sheet.rng.choice(["yes", "no", "X", "-", "n/a"]),
    ]  # fmt: skip
    chosen = [sheet.rng.choice(kinds) for _ in range(columns)]
    return [[kind() for kind in chosen] for _ in range(rows)]
