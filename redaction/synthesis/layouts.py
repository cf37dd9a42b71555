"""The kinds of generated pages. Each fills one sheet, with things beside the text that look like redactions and are not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from fpdf import FPDF

from redaction.synthesis import furniture, wording
from redaction.synthesis.sheet import A4_PT, LETTER_PT, Font, Sheet


def _body_font(rng: Random) -> Font:
    return Font(rng.choice(["Times", "Times", "Helvetica"]), rng.uniform(10, 12.5))


def _running_text(sheet: Sheet, x: float, top: float, width: float, bottom: float, font: Font, leading: float) -> float:
    """Paragraphs down to `bottom`, a heading now and then, perhaps a photograph or a dark panel among them."""
    rng, y = sheet.rng, top
    indent, justify, gap = rng.choice([0.0, 24.0]), rng.random() < 0.5, rng.choice([0.0, leading * 0.5])
    while y + leading < bottom:
        if rng.random() < 0.12:
            heading = font.with_style("B")
            if rng.random() < 0.5:
                sheet.text(x + width / 2, y + leading, rng.choice(wording.TITLES), heading, "centre")
            else:
                sheet.line(x, y + leading, rng.choice(wording.TITLES).title(), heading)
            y += leading * 1.6
        if rng.random() < 0.05 and bottom - y > 190:
            height = rng.uniform(90, 160)
            furniture.photo(sheet, x + rng.uniform(0, width * 0.2), y + 4, width * rng.uniform(0.4, 0.8), height)
            y += height + 24
        if rng.random() < 0.06 and bottom - y > 60:
            sheet.rect(x, y, x + width, y + 24, fill=rng.choice(furniture.DARK_COLOURS))
            sheet.text(x + 8, y + 16, rng.choice(wording.TITLES), Font("Helvetica", 10, "B", (255, 255, 255)))
            y += 34
        text = wording.prose(rng, rng.randint(1, 6))
        y = gap + sheet.paragraph(x, y, width, text, font, leading, indent=indent, justify=justify, bottom=bottom)
    return y


def letter(sheet: Sheet) -> None:
    """Letterhead, address, salutation, body, signature."""
    rng, font, x = sheet.rng, _body_font(sheet.rng), sheet.rng.uniform(60, 80)
    furniture.logo(sheet, x, 40, rng.uniform(28, 44))
    sheet.text(sheet.width - x, 60, rng.choice(wording.AGENCIES), Font("Helvetica", 13, "B"), "right")
    sheet.text(sheet.width - x, 74, ", ".join(wording.address(rng)), Font("Helvetica", 8), "right")
    if rng.random() < 0.4:
        sheet.rule(x, 92, sheet.width - x, 92, rng.uniform(0.6, 4), rng.choice(furniture.DARK_COLOURS))
    y = 130.0
    to = [wording.name(rng), *wording.address(rng)]
    for text in [wording.date(rng), "", *to, "", f"Re: {wording.reference(rng)}", "", f"Dear {to[0]},"]:
        if text:
            sheet.line(x, y, text, font)
        y += font.size * 1.25
    y = _running_text(sheet, x, y, sheet.width - 2 * x, sheet.height - 150, font, font.size * rng.uniform(1.15, 1.5))
    sheet.line(x, y + 24, "Yours sincerely,", font)
    furniture.scribble(sheet, x, y + 50, rng.uniform(70, 130))
    sheet.line(x, y + 72, wording.name(rng), font)
    if rng.random() < 0.3:
        furniture.barcode(sheet, sheet.width - x - 110, sheet.height - 60, 100, 24)


def email(sheet: Sheet) -> None:
    """Header lines, body, one or two quoted messages below."""
    rng, x, y = sheet.rng, 56.0, 60.0
    font = Font(rng.choice(["Helvetica", "Times"]), rng.uniform(9.5, 11.5))
    sheet.text(x, y, wording.name(rng), font.with_style("B").scaled(1.2))
    sheet.rule(x, y + 6, sheet.width - x, y + 6, rng.choice([1.0, 3.0]))
    y += 26
    while y < sheet.height - 160:
        sender, to = wording.name(rng), wording.name(rng)
        fields = {
            "From": f"{sender} <{wording.email_address(rng, sender)}>",
            "Sent": wording.date(rng),
            "To": f"{to} <{wording.email_address(rng, to)}>",
        }
        fields["Subject"] = "RE: " + rng.choice(wording.TITLES).title()
        for label, value in fields.items():
            sheet.text(x, y, f"{label}:", font.with_style("B"))
            sheet.line(x + 60, y, value, font)
            y += font.size * 1.3
        until = min(sheet.height - 70, y + rng.uniform(120, 420))
        y = _running_text(sheet, x, y + 10, sheet.width - 2 * x, until, font, font.size * 1.25) + 8
        sheet.line(x, y + 10, sender, font)
        y += 34
        sheet.rule(x, y - 14, sheet.width - x, y - 14, 0.7, (150, 150, 150))


def court(sheet: Sheet) -> None:
    """A pleading on numbered paper: 28 double-spaced lines beside a double rule."""
    rng, leading, top = sheet.rng, 24.0, 66.0
    furniture.filing_stamp(sheet)
    left, right, font = 108.0, sheet.width - 46, Font("Times", 12)
    for number in range(1, 29):
        sheet.text(90, top + (number - 0.5) * leading + 3, str(number), font, "right")
    sheet.rule(98, 24, 98, sheet.height - 20, 0.7)
    sheet.rule(100.5, 24, 100.5, sheet.height - 20, 0.7)
    if rng.random() < 0.8:
        sheet.rule(right + 6, 24, right + 6, sheet.height - 20, 0.7)
    y, bottom = top, top + 28 * leading
    while y + leading <= bottom:
        if rng.random() < 0.15:
            sheet.text((left + right) / 2, y + leading * 0.6, rng.choice(wording.TITLES), font.with_style("B"), "centre")
            y += leading
        y = sheet.paragraph(left, y, right - left, wording.prose(rng, rng.randint(2, 6)), font, leading, indent=36, bottom=bottom)
    sheet.rule(left, bottom + 8, right, bottom + 8, 0.6)
    sheet.text((left + right) / 2, bottom + 20, rng.choice(wording.TITLES), Font("Times", 8), "centre")


def table_page(sheet: Sheet) -> None:
    """Text around one or two tables, their headers black, coloured or plain."""
    rng, font, x = sheet.rng, _body_font(sheet.rng).scaled(0.9), 54.0
    width, y = sheet.width - 108, 60.0
    sheet.text(x, y, rng.choice(wording.TITLES), font.with_style("B").scaled(1.4))
    y += 16
    for _ in range(rng.choice([1, 2])):
        y = (
            sheet.paragraph(x, y, width, wording.prose(rng, rng.randint(2, 5)), font, font.size * 1.3, bottom=sheet.height - 60)
            + 12
        )
        columns = rng.randint(3, 6)
        cells: list[Callable[[], str]] = [
            lambda: wording.name(rng),
            lambda: wording.date(rng),
            lambda: wording.reference(rng),
            lambda: f"{rng.randint(1, 9999)}",
        ]
        kinds = [rng.choice(cells) for _ in range(columns)]
        rows = [[rng.choice(wording.FIELDS) for _ in range(columns)]] + [
            [kind() for kind in kinds] for _ in range(rng.randint(4, 12))
        ]
        header = rng.choice([None, *furniture.DARK_COLOURS])
        y = (
            furniture.table(sheet, x, y, [width / columns] * columns, rows, font, header=header, row_height=rng.uniform(16, 24))
            + 18
        )
    if sheet.height - y > 80:
        _running_text(sheet, x, y, width, sheet.height - 60, font, font.size * 1.3)


def form(sheet: Sheet) -> None:
    """Labelled fields, some filled in and some empty, boxes to tick, a black bar over each section."""
    rng, x, y = sheet.rng, 48.0, 48.0
    width, font = sheet.width - 96, Font("Helvetica", sheet.rng.uniform(8.5, 10.5))
    bar = rng.choice([*furniture.DARK_COLOURS, *furniture.PALE_COLOURS])
    ink = (255, 255, 255) if sum(bar) < 380 else (0, 0, 0)
    sheet.text(x, y, rng.choice(wording.AGENCIES), font.with_style("B").scaled(1.5))
    furniture.matrix_code(sheet, sheet.width - 110, 24, 54) if rng.random() < 0.4 else furniture.logo(
        sheet, sheet.width - 130, 26, 34
    )
    y += 44
    while y < sheet.height - 130:
        sheet.rect(x, y, x + width, y + 17, fill=bar)
        sheet.text(x + 5, y + 12, rng.choice(wording.TITLES), Font("Helvetica", 9.5, "B", ink))
        y = _fields(sheet, x, y + 17, width, font) + 10
    sheet.text(x, y + 20, "Signature", font)
    sheet.rule(x + 60, y + 22, x + 240, y + 22)
    furniture.scribble(sheet, x + 70, y + 18, 110)


def _fields(sheet: Sheet, x: float, y: float, width: float, font: Font) -> float:
    rng = sheet.rng
    for _ in range(rng.randint(2, 5)):
        columns, height = rng.choice([1, 2, 3]), rng.uniform(26, 34)
        for column in range(columns):
            left = x + column * width / columns
            sheet.rect(left, y, left + width / columns, y + height, edge=(0, 0, 0), line=rng.choice([0.5, 0.8]))
            sheet.text(left + 3, y + 8, rng.choice(wording.FIELDS), font.scaled(0.7))
            if rng.random() < 0.6:
                value = rng.choice([wording.name(rng), wording.date(rng), wording.reference(rng)])
                sheet.line(left + 6, y + height - 7, value, Font("Courier", font.size) if rng.random() < 0.4 else font)
        y += height
    for column in range(rng.choice([0, 3, 4])):
        left = x + 6 + column * width / 4
        sheet.rect(left, y + 6, left + 10, y + 16, edge=(0, 0, 0), fill=(0, 0, 0) if rng.random() < 0.25 else None)
        sheet.text(left + 15, y + 15, rng.choice(["yes", "no", "other", "unknown"]), font)
    return y + 22


def columns(sheet: Sheet) -> None:
    """A report or newspaper in two or three columns with a picture."""
    rng, count = sheet.rng, sheet.rng.choice([2, 2, 3])
    font, gap, x = Font(rng.choice(["Times", "Helvetica"]), rng.uniform(8.5, 10.5)), 18.0, 48.0
    width = (sheet.width - 2 * x - gap * (count - 1)) / count
    if rng.random() < 0.5:
        sheet.rect(0, 0, sheet.width, 70, fill=rng.choice(furniture.DARK_COLOURS))
        sheet.text(x, 46, rng.choice(wording.AGENCIES), Font("Helvetica", 20, "B", (255, 255, 255)))
    else:
        sheet.text(x, 56, rng.choice(wording.AGENCIES), Font("Times", 22, "B"))
        sheet.rule(x, 64, sheet.width - x, 64, 2)
    for column in range(count):
        left, top = x + column * (width + gap), 90.0
        if rng.random() < 0.35:
            height = rng.uniform(80, 170)
            furniture.photo(sheet, left, top, width, height)
            top += height + 24
        _running_text(sheet, left, top, width, sheet.height - 56, font, font.size * 1.22)


def typewritten(sheet: Sheet) -> None:
    """A cable or bulletin in typewriter letters, with numbered items."""
    rng, font = sheet.rng, Font("Courier", sheet.rng.choice([10.0, 11.0, 12.0]), sheet.rng.choice(["", "B"]))
    furniture.release_stamp(sheet)
    x, y = rng.uniform(80, 130), rng.uniform(70, 130)
    heading = rng.choice(["TOP SECRET", "FOR OFFICIAL USE ONLY", "MEMORANDUM", "DAILY BULLETIN"])
    sheet.text(sheet.width / 2, y - 24, heading, font.with_style("B"), "centre")
    number, bottom = 1, sheet.height - 96
    while y < bottom - 30:
        label = f"{number}." if rng.random() < 0.7 else "Comment:"
        sheet.text(x - 8, y + font.size, label, font, "right")
        y = sheet.paragraph(
            x,
            y,
            sheet.width - x - rng.uniform(80, 130),
            wording.prose(rng, rng.randint(1, 5)),
            font,
            font.size * rng.choice([1.1, 1.6]),
            indent=28,
            bottom=bottom,
        )
        y, number = y + font.size, number + 1
    if rng.random() < 0.5:
        furniture.stamp(sheet, rng.uniform(80, 360), sheet.height - rng.uniform(40, 70))
    if rng.random() < 0.4:
        furniture.binder_holes(sheet)


def report(sheet: Sheet) -> None:
    """Plain running text with a page number; the commonest page of all."""
    rng, font, x = sheet.rng, _body_font(sheet.rng), sheet.rng.uniform(58, 92)
    if rng.random() < 0.4:
        furniture.filing_stamp(sheet)
    _running_text(
        sheet,
        x,
        rng.uniform(54, 90),
        sheet.width - 2 * x,
        sheet.height - rng.uniform(70, 120),
        font,
        font.size * rng.choice([1.15, 1.3, 1.6, 2.0]),
    )
    sheet.text(sheet.width / 2, sheet.height - 40, f"- {rng.randint(1, 90)} -", font, "centre")
    if rng.random() < 0.2:
        furniture.stamp(sheet, rng.uniform(80, 360), rng.uniform(40, 700))


def cover(sheet: Sheet) -> None:
    """Little text and large dark shapes: an exhibit's cover, a chart, a screenshot."""
    rng, font = sheet.rng, Font("Helvetica", sheet.rng.uniform(26, 44), "B")
    colour = rng.choice(furniture.DARK_COLOURS)
    sheet.text(sheet.width / 2, 260, f"EXHIBIT {rng.choice('ABCDEFGHJK')}", font, "centre")
    if rng.random() < 0.5:
        sheet.rect(0, 0, sheet.width, rng.uniform(60, 130), fill=colour)
        sheet.rect(0, sheet.height - 70, sheet.width, sheet.height, fill=colour)
    if rng.random() < 0.5:
        furniture.photo(sheet, 120, 320, sheet.width - 240, rng.uniform(180, 320))
    else:
        for bar in range(rng.randint(4, 8)):
            height = rng.uniform(30, 220)
            sheet.rect(150 + bar * 40, 620 - height, 178 + bar * 40, 620, fill=colour)
    sheet.line(120, 690, wording.sentence(rng)[:70], Font("Times", 12))


LAYOUTS: dict[str, tuple[Callable[[Sheet], None], int]] = {
    "letter": (letter, 3), "email": (email, 3), "court": (court, 5), "table": (table_page, 3), "form": (form, 3),
    "columns": (columns, 2), "typewritten": (typewritten, 4), "report": (report, 4), "cover": (cover, 1),
}  # fmt: skip
"""Each layout and how often it is drawn, relative to the others."""


def draw_layout(rng: Random) -> str:
    """The name of a layout, drawn by weight."""
    return rng.choices(list(LAYOUTS), [weight for _, weight in LAYOUTS.values()])[0]


def draw_size(rng: Random) -> tuple[float, float]:
    """Width and height of a page in points: US Letter or A4."""
    return rng.choice([LETTER_PT, LETTER_PT, A4_PT])


def write_page(pdf: FPDF, rng: Random, layout: str, size_pt: tuple[float, float]) -> Sheet:
    """Write one page of that layout at the end of the document."""
    sheet = Sheet(pdf, *size_pt, rng)
    LAYOUTS[layout][0](sheet)
    return sheet
