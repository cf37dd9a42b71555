"""Forms: captioned boxes, blanks and checkboxes; filled in by machine, by hand, or hardly at all."""

from __future__ import annotations

from redaction.synthesis import furniture
from redaction.synthesis.colors import any_color, pale_color, text_color_on
from redaction.synthesis.handwriting import handwritten_line, signature
from redaction.synthesis.sheet import Font, Rgb, Sheet


def form(sheet: Sheet) -> None:
    """Sections under dark, colored or plain headings."""
    rng, x, y = sheet.rng, sheet.rng.uniform(30, 56), sheet.rng.uniform(36, 56)
    width, font = sheet.width - 2 * x, Font(rng.choice(["Helvetica", "Helvetica", "Sans", "Times"]), rng.uniform(7.5, 10.5))
    bar, filled = any_color(rng), rng.choice(["machine", "hand", "same", "empty"])
    sheet.text(x, y + 8, sheet.words.agency(), font.with_style("B").scaled(1.5))
    sheet.text(x, y + 22, sheet.words.title().title(), font)
    if rng.random() < 0.4:
        furniture.matrix_code(sheet, sheet.width - x - 54, 20, 54)
    elif rng.random() < 0.6:
        furniture.logo(sheet, sheet.width - x - 90, 22, 34)
    y, until = y + 36, sheet.height - rng.choice([110, 110, 300])
    heads, tint = rng.choice(["bar", "bar", "bar", "plain", "number"]), rng.choice([None, None, pale_color(rng)])
    section = 1
    while y < until:
        title = f"{section}. {sheet.words.title()}" if heads == "number" else sheet.words.title()
        if heads == "bar":
            _section_bar(sheet, x, y, width, title, bar)
        else:
            sheet.text(x, y + 12, title, font.with_style("B"))
        y = rng.choice([_boxes, _boxes, _blanks, _ticks])(sheet, x, y + 17, width, font, filled, tint) + rng.choice([0, 6, 14])
        section += 1
    if sheet.height - y > 100:
        _end(sheet, x, y + 16, width, font, filled)
    sheet.text(
        x, sheet.height - 18, f"Form {rng.randint(10, 990)}-{rng.choice('ABCX')} (rev. {sheet.words.date()})", font.scaled(0.75)
    )


def _section_bar(sheet: Sheet, x: float, y: float, width: float, title: str, bar: Rgb) -> None:
    sheet.rect(x, y, x + width, y + 16, fill=bar)
    sheet.text(
        x + 5,
        y + 11.5,
        sheet.truncated(title, Font("Helvetica", 9.5, "B"), width - 10),
        Font("Helvetica", 9.5, "B", text_color_on(bar)),
    )


def _fill(sheet: Sheet, x: float, baseline: float, width: float, font: Font, filled: str) -> None:
    """What the applicant filled in, if anything."""
    rng = sheet.rng
    if filled == "empty" or width < 24 or rng.random() < 0.3:
        return
    if filled == "hand":
        sheet.add_redactable_lines(
            [handwritten_line(sheet, x, baseline, width * rng.uniform(0.4, 0.9), min(13, font.size * 1.3))]
        )
        return
    face = Font("Courier", font.size * 1.05) if filled == "machine" else font.with_style(rng.choice(["", "B"]))
    sheet.redactable_text(x, baseline, sheet.truncated(sheet.words.cell(), face, width), face)


def _boxes(sheet: Sheet, x: float, y: float, width: float, font: Font, filled: str, tint: Rgb | None) -> float:
    rng, line = sheet.rng, sheet.rng.choice([0.4, 0.6, 1])
    for _ in range(rng.randint(1, 5)):
        parts = [rng.choice([1, 1, 2, 3]) for _ in range(rng.choice([1, 2, 2, 3, 4, 6]))]
        height, left = rng.choice([rng.uniform(22, 34), rng.uniform(22, 30), rng.uniform(40, 90)]), x
        for part in parts:
            wide = width * part / sum(parts)
            sheet.rect(left, y, left + wide, y + height, edge=(0, 0, 0), fill=tint, line_width=line)
            small = font.scaled(0.7)
            sheet.text(left + 3, y + 8, sheet.truncated(sheet.words.field(), small, wide - 6), small)
            if tint and rng.random() < 0.6:
                sheet.rect(left + 2, y + 10, left + wide - 2, y + height - 2, fill=(255, 255, 255))
            _fill(sheet, left + 6, y + height - 6 if height < 36 else y + 24, wide - 12, font, filled)
            left += wide
        y += height
    return y


def _blanks(sheet: Sheet, x: float, y: float, width: float, font: Font, filled: str, tint: Rgb | None) -> float:
    """Labels followed by a line, dots, a row of small boxes, or an empty frame."""
    rng, kind = sheet.rng, sheet.rng.choice(["line", "line", "dots", "letters", "frame"])
    for _ in range(rng.randint(2, 6)):
        label = f"{sheet.words.field()}:"
        after = x + sheet.text_width(label, font) + 6
        sheet.text(x, y + 18, label, font)
        right = x + width * rng.choice([1, 0.7, 0.5])
        if kind == "line":
            sheet.rule(after, y + 20, right, y + 20, 0.6)
        elif kind == "dots":
            sheet.text(after, y + 19, "." * int((right - after) / (font.size * 0.28)), font)
        elif kind == "letters":
            for box in range(max(1, int((right - after) / 13))):
                sheet.rect(after + box * 13, y + 7, after + box * 13 + 13, y + 22, edge=(90, 90, 90), line_width=0.5)
        else:
            sheet.rect(after, y + 6, right, y + 22, edge=(0, 0, 0), fill=tint, line_width=0.6)
        _fill(sheet, after + 4, y + 17, right - after - 8, font, filled)
        y += rng.uniform(23, 27)
    return y + 4


def _ticks(sheet: Sheet, x: float, y: float, width: float, font: Font, filled: str, tint: Rgb | None) -> float:
    rng, columns = sheet.rng, sheet.rng.choice([1, 2, 3, 4])
    if tint:
        sheet.rect(x, y, x + width, y + 20, fill=tint)
    rows = rng.randint(1, 5)
    for row in range(rows):
        for column in range(columns):
            left = x + 6 + column * width / columns
            furniture.checkbox(sheet, left, y + 6 + row * 18, 9)
            text = rng.choice(["yes", "no", "other", "unknown", sheet.words.words(rng.randint(1, 9))])
            sheet.redactable_text(left + 15, y + 14 + row * 18, sheet.truncated(text, font, width / columns - 26), font)
    return y + rows * 18 + 6


def _end(sheet: Sheet, x: float, y: float, width: float, font: Font, filled: str) -> None:
    """Signature, date, and space for a photograph or office use."""
    rng = sheet.rng
    sheet.text(x, y + 30, "Signature", font)
    sheet.rule(x + 60, y + 32, x + 240, y + 32)
    if filled != "empty":
        signature(sheet, x + 70, y + 28, 110)
    sheet.text(x + 260, y + 30, sheet.words.date(), font)
    if rng.random() < 0.5:
        furniture.placeholder(
            sheet,
            x + width - 90,
            y,
            80,
            min(96, sheet.height - y - 30),
            rng.choice(["photo", "stamp", "office use", "thumb print"]),
        )
    if rng.random() < 0.3 and sheet.height - y > 110:
        furniture.placeholder(sheet, x, y + 46, 200, 44, "for office use only")
