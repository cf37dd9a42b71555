"""Running text: its typesetting, and paragraphs with headings, lists, tables and pictures between them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from redaction.synthesis import furniture, pictures
from redaction.synthesis.colors import dark_color
from redaction.synthesis.grids import draw_table_style, random_cells, table
from redaction.synthesis.sheet import Family, Font, FontStyle, Sheet


@dataclass(frozen=True)
class Typesetting:
    """Typesetting of a page's running text; lengths in points."""

    font: Font
    leading: float
    left: float
    right: float
    """Width of the right margin."""
    indent: float
    justify: bool
    gap: float
    """Space between paragraphs."""


def draw_font(rng: Random, min_size: float = 8.5, max_size: float = 13) -> Font:
    """Draw a font for running text."""
    families: list[Family] = ["Times", "Helvetica", "Courier", "Sans", "Serif", "Stix"]
    family = rng.choices(families, [6, 5, 1, 2, 2, 2])[0]
    stretch = rng.choice([100, 100, 100, 86, 93, 108])
    gray = rng.choice([0, 0, 0, 40, 70])
    style: FontStyle = "B" if rng.random() < 0.06 else ""
    return Font(family, rng.uniform(min_size, max_size), style, (gray, gray, gray), stretch)


def draw_typesetting(rng: Random, font: Font | None = None) -> Typesetting:
    """Draw a typesetting at random."""
    font = font or draw_font(rng)
    margins = rng.choice([(rng.uniform(40, 60),) * 2, (rng.uniform(60, 95),) * 2, (rng.uniform(90, 140), rng.uniform(50, 90))])
    leading = font.size * rng.choice([1.12, 1.2, 1.3, 1.5, 1.9, 2.2])
    return Typesetting(
        font, leading, *margins, rng.choice([0, 0, 18, 36]), rng.random() < 0.45, rng.choice([0, leading * 0.5, leading])
    )


def running_text(
    sheet: Sheet, setting: Typesetting, top: float, bottom: float, x: float | None = None, width: float | None = None
) -> float:
    """Write paragraphs down to `bottom`, with an occasional insert; return where the next would start."""
    rng, y = sheet.rng, top
    x = setting.left if x is None else x
    width = sheet.width - setting.left - setting.right if width is None else width
    inserts = rng.choice([0.0, 0.05, 0.16])
    numbered, number = rng.choice(["", "", "", "", "1.", "(a)", "disc", "square", "-"]), rng.randint(1, 40)
    while y + setting.leading < bottom:
        if rng.random() < 0.13:
            y = heading(sheet, setting, x, y, width)
        if rng.random() < inserts:
            y = _insert(sheet, setting, x, y, width, bottom)
        left = x
        if numbered and y + setting.leading < bottom:
            left = x + setting.font.size * 2
            _label(sheet, setting, x + 2, y, numbered, number)
            number += 1
        end = sheet.paragraph(
            left, y, x + width - left, sheet.words.prose(rng.choice([1, 1, 2, 3, 4, 6])), setting.font, setting.leading,
            indent=0 if numbered else setting.indent, justify=setting.justify, bottom=bottom,
        )  # fmt: skip
        if end == y:
            break
        y = end + setting.gap
    return y


def _label(sheet: Sheet, setting: Typesetting, x: float, y: float, kind: str, number: int) -> None:
    """The number, letter or bullet before a paragraph."""
    size, baseline = setting.font.size, y + setting.leading * 0.5 + setting.font.size * 0.26
    if kind in ("disc", "square"):
        draw = sheet.ellipse if kind == "disc" else sheet.rect
        draw(x, baseline - size * 0.5, x + size * 0.38, baseline - size * 0.12, fill=setting.font.color)
    else:
        sheet.text(x, baseline, {"1.": f"{number}.", "(a)": f"({'abcdefghij'[number % 10]})"}.get(kind, kind), setting.font)


def heading(sheet: Sheet, setting: Typesetting, x: float, y: float, width: float) -> float:
    """A heading in one of the usual styles; return where the text continues."""
    rng, font, leading = sheet.rng, setting.font, setting.leading
    text, kind = sheet.words.title(), rng.choice(["center", "left", "underlined", "large", "reversed", "ruled"])
    bold = font.with_style("B")
    if kind == "center":
        sheet.redactable_text(x + width / 2, y + leading, sheet.truncated(text, bold, width), bold, "center")
    elif kind == "reversed" and width > 90:
        furniture.reversed_heading(
            sheet, x, y + 2, width * rng.choice([1, 1, rng.uniform(0.3, 0.9)]), text, font.size * rng.uniform(1.4, 2)
        )
        return y + font.size * 2 + leading * 0.4
    elif kind == "large":
        big = bold.scaled(rng.uniform(1.2, 1.9))
        sheet.redactable_text(x, y + big.size, sheet.truncated(text.title(), big, width), big)
        return y + big.size * 1.6
    else:
        line = sheet.redactable_text(
            x, y + leading, sheet.truncated(text if rng.random() < 0.5 else text.title(), bold, width), bold
        )
        if line and kind == "underlined":
            sheet.rule(x, y + leading + 2, line[-1][2], y + leading + 2, rng.choice([0.6, 1]))
        elif kind == "ruled":
            sheet.rule(x, y + leading + 4, x + width, y + leading + 4, rng.choice([0.5, 1, 3]), dark_color(rng))
    return y + leading * 1.7


def _insert(sheet: Sheet, setting: Typesetting, x: float, y: float, width: float, bottom: float) -> float:
    rng, room = sheet.rng, bottom - y
    kind = rng.choice(["photo", "chart", "frame", "frame", "table", "map", "quote", "separator", "missing"])
    if kind == "separator" and room > 40:
        # thick only over the full width: a short thick rule would look like a redacted word
        share, thick = rng.choice([(1, 4), (1, 1), (0.3, 1.2)])
        sheet.rule(x, y + 10, x + width * share, y + 10, rng.uniform(0.4, thick), dark_color(rng))
        return y + 20
    height = rng.uniform(90, 180)
    if kind == "quote" and room > 60:
        font = setting.font.scaled(0.92)
        return (
            sheet.paragraph(x + 30, y + 4, width - 60, sheet.words.prose(2), font, font.size * 1.15, bottom=bottom, justify=True)
            + 8
        )
    if kind == "frame" and room > 130 and width > 120:
        return furniture.framed_text(sheet, x, y + 4, width * rng.choice([1, 1, 0.6]), setting.font) + 8
    if kind == "table" and room > 150 and width > 150:
        columns = rng.randint(2, 5)
        font, row = setting.font.scaled(0.85), setting.font.size * rng.uniform(1.3, 2)
        rows = random_cells(sheet, columns, rng.randint(2, 6))
        return (
            table(
                sheet,
                x,
                y + 4,
                [width / columns] * columns,
                [sheet.words.field() for _ in range(columns)],
                rows,
                font,
                row,
                draw_table_style(rng),
            )
            + 10
        )
    if kind == "missing" and room > height and width > 100:
        wide = width * rng.uniform(0.3, 0.9)
        left = x + rng.choice([0, (width - wide) / 2])
        furniture.placeholder(sheet, left, y + 6, wide, height - 20, f"[{sheet.words.words(3)}]")
        return y + height
    if kind in ("photo", "chart", "map") and room > height + 40 and width > 100:
        wide = width * rng.uniform(0.5, 1)
        {"photo": pictures.photo, "chart": pictures.chart, "map": pictures.map_drawing}[kind](
            sheet, x + (width - wide) / 2, y + 6, wide, height
        )
        return y + height + 28
    return y


def page_number(sheet: Sheet, font: Font) -> None:
    """A page number at the foot of the page."""
    rng, number = sheet.rng, sheet.rng.randint(1, 120)
    text = rng.choice(
        [f"- {number} -", f"{number}", f"Page {number} of {number + rng.randint(0, 40)}", f"{sheet.words.agency()} | {number}"]
    )
    align = rng.choice(["left", "center", "right"])
    x = {"left": 60.0, "center": sheet.width / 2, "right": sheet.width - 60}[align]
    if rng.random() < 0.25:
        sheet.rule(50, sheet.height - 46, sheet.width - 50, sheet.height - 46, rng.choice([0.5, 1.5]))
    sheet.text(x, sheet.height - 32, text, font.scaled(0.85), align)  # type: ignore[arg-type]
