"""Other office papers: organization charts, calendars, fax covers, questionnaires, inventories, cards."""

from __future__ import annotations

from dataclasses import replace

from redaction.synthesis import furniture, pictures
from redaction.synthesis.colors import any_color, bright_color, dark_color, pale_color, text_color_on
from redaction.synthesis.grids import draw_table_style, table
from redaction.synthesis.handwriting import handwritten_line, signature
from redaction.synthesis.layouts.running import draw_font, draw_typesetting, heading, page_number, running_text
from redaction.synthesis.sheet import Font, Rgb, Sheet


def diagram(sheet: Sheet) -> None:
    """Boxes of text joined by lines: an organization chart or a process."""
    rng, font = sheet.rng, draw_font(sheet.rng, 7, 10).with_style("")
    sheet.redactable_text(sheet.width / 2, 50, sheet.words.title().title(), font.with_style("B").scaled(1.6), "center")
    levels = rng.randint(2, 5)
    step, tints = (sheet.height - 150) / levels, [rng.choice([None, pale_color(rng), any_color(rng)]) for _ in range(levels)]
    above: list[tuple[float, float]] = []
    for level in range(levels):
        count = 1 if level == 0 else rng.randint(1, 5)
        cell, y = (sheet.width - 60) / count, 80 + level * step
        wide, high, below = min(150.0, cell * 0.86), min(step * rng.uniform(0.35, 0.6), 70.0), []
        for index in range(count):
            middle = 30 + cell * (index + 0.5)
            for x, bottom in above[:1] if rng.random() < 0.7 else above:
                sheet.stroke([(x, bottom), (x, (bottom + y) / 2), (middle, (bottom + y) / 2), (middle, y)], 0.8)
            _node(sheet, middle - wide / 2, y, wide, high, tints[level], font)
            below.append((middle, y + high))
        above = below
    sheet.paragraph(
        40, sheet.height - 62, sheet.width - 80, sheet.words.prose(2), font, font.size * 1.3, bottom=sheet.height - 24
    )


def _node(sheet: Sheet, x: float, y: float, width: float, height: float, tint: Rgb | None, font: Font) -> None:
    draw = sheet.rounded if sheet.rng.random() < 0.3 else sheet.rect
    draw(x, y, x + width, y + height, fill=tint or (255, 255, 255), edge=(0, 0, 0))
    ink = font.in_color(text_color_on(tint or (255, 255, 255)))
    ink = ink.scaled(min(1.5, max(1.0, height / ink.size / 4.5)))
    text = f"{sheet.words.person()} {sheet.words.words(sheet.rng.randint(3, 8))}"
    sheet.paragraph(x + 4, y + 3, width - 8, text, ink, ink.size * 1.25, bottom=y + height - 2, align="center")


def calendar(sheet: Sheet) -> None:
    """A month, with most days empty."""
    rng, x, top = sheet.rng, 36.0, 90.0
    wide, weeks, fill = (sheet.width - 72) / 7, sheet.rng.choice([5, 6]), any_color(sheet.rng)
    high = min(100.0, (sheet.height - top - 80) / weeks)
    sheet.text(x, 60, sheet.words.date(), Font("Helvetica", 22, "B"))
    sheet.rect(x, top - 20, sheet.width - 36, top, fill=fill)
    for day in range(7):
        head = Font("Helvetica", 9, "B", text_color_on(fill))
        sheet.text(x + (day + 0.5) * wide, top - 6, "MTWTFSS"[day], head, "center")
    busy, shade = rng.uniform(0.1, 0.6), rng.choice([None, (235, 235, 235)])
    for cell in range(7 * weeks):
        left, y = x + cell % 7 * wide, top + cell // 7 * high
        sheet.rect(left, y, left + wide, y + high, edge=(0, 0, 0), fill=shade if cell % 7 > 4 else None)
        sheet.text(left + 3, y + 11, str(cell % 31 + 1), Font("Helvetica", 8))
        if rng.random() < busy:
            tint = rng.choice([None, pale_color(rng), bright_color(rng)])
            font = Font("Helvetica", 7, "", text_color_on(tint or (255, 255, 255)))
            if tint:
                sheet.rect(left + 1, y + 16, left + wide - 1, y + 27, fill=tint)
            sheet.redactable_text(
                left + 3, y + 24, sheet.truncated(f"{sheet.words.time()} {sheet.words.surname()}", font, wide - 6), font
            )
    sheet.paragraph(
        x, sheet.height - 60, sheet.width - 72, sheet.words.prose(1), Font("Helvetica", 9), 12, bottom=sheet.height - 24
    )


def fax(sheet: Sheet) -> None:
    """A fax cover: a huge word, sender and receiver in a grid, checkboxes, a short message, the transmission line at the top."""
    rng, x = sheet.rng, 60.0
    sheet.text(
        40,
        14,
        f"{sheet.words.date()}  {sheet.words.time()}  FROM 555-01{rng.randint(10, 99)}   P.{rng.randint(1, 9)}",
        Font("Courier", 8),
    )
    if rng.random() < 0.5:
        furniture.reversed_heading(
            sheet, x, 50, rng.uniform(150, sheet.width - 120), rng.choice(["FAX", "Fax", "TELEFAX"]), rng.uniform(36, 64)
        )
    else:
        sheet.text(x, 92, "FACSIMILE TRANSMITTAL", Font("Times", 26, "B"))
    y, font, frame = 130.0, Font(rng.choice(["Helvetica", "Times"]), 11), rng.random() < 0.5
    for _ in range(rng.randint(3, 5)):
        for left in (x, sheet.width / 2):
            right = left + sheet.width / 2 - x - 8
            label = f"{sheet.words.field()}:"
            sheet.text(left + 4, y + 16, label, font.with_style("B"))
            after = left + 10 + sheet.text_width(label, font.with_style("B"))
            if rng.random() < 0.3:
                sheet.add_redactable_lines([handwritten_line(sheet, after, y + 16, right - after, 12)])
            elif rng.random() < 0.8:
                sheet.redactable_text(after, y + 16, sheet.truncated(sheet.words.cell(), font, right - after), font)
            if frame:
                sheet.rect(left, y, right, y + 24, edge=(0, 0, 0))
            else:
                sheet.rule(left, y + 22, right, y + 22)
        y += 26
    for index, text in enumerate(["Urgent", "For review", "Please reply"]):
        furniture.checkbox(sheet, x + index * 130, y + 12, 10)
        sheet.text(x + 15 + index * 130, y + 21, text, font)
    sheet.rule(x, y + 36, sheet.width - x, y + 36, rng.choice([1, 3]))
    setting = draw_typesetting(rng, font)
    running_text(sheet, setting, y + 50, rng.uniform(y + 120, sheet.height - 90), x, sheet.width - 2 * x)


def questionnaire(sheet: Sheet) -> None:
    """Statements with circles to fill in, a scale of shaded squares, and frames for written answers."""
    rng, font, x, y = sheet.rng, draw_font(sheet.rng, 8, 11).with_style(""), 48.0, 70.0
    y = heading(sheet, draw_typesetting(rng, font), x, y, sheet.width - 96)
    number = 1
    while y < sheet.height - 110:
        width = sheet.width - 96
        y = (
            sheet.paragraph(x, y, width, f"{number}. {sheet.words.sentence()}", font, font.size * 1.35, bottom=sheet.height - 60)
            + 2
        )
        kind = rng.choice(["circles", "scale", "frame", "lines"])
        if kind == "circles":
            chosen = rng.randint(0, 6)
            for index in range(5):
                left = x + 10 + index * width / 5
                sheet.ellipse(left, y + 2, left + 9, y + 11, edge=(0, 0, 0), fill=(0, 0, 0) if index == chosen else None)
                sheet.text(left + 13, y + 10, sheet.truncated(sheet.words.words(2), font, width / 5 - 26), font.scaled(0.9))
            y += 20
        elif kind == "scale":
            for index in range(10):
                sheet.rect(x + index * 24, y + 2, x + index * 24 + 22, y + 18, edge=(0, 0, 0), fill=(250 - index * 14,) * 3)
                sheet.text(x + index * 24 + 11, y + 14, str(index + 1), Font("Helvetica", 9), "center")
            y += 26
        else:
            high = rng.uniform(30, 80)
            if kind == "frame":
                sheet.rect(x, y + 2, x + width, y + high, edge=(0, 0, 0), line_width=rng.choice([0.5, 1]))
            lines = int((high - 4) / 18)
            for row in range(1, lines + 1):
                if kind == "lines":
                    sheet.rule(x, y + row * 18 + 3, x + width, y + row * 18 + 3, 0.5)
                if rng.random() < 0.5:
                    sheet.add_redactable_lines([handwritten_line(sheet, x + 6, y + row * 18, width * rng.uniform(0.2, 0.9), 12)])
            y += high + 4
        y, number = y + 8, number + 1
    page_number(sheet, font)


def inventory(sheet: Sheet) -> None:
    """The inventory of a release as plain text: numbers, titles, decisions, and the grounds for withholding."""
    rng, font = sheet.rng, Font(sheet.rng.choice(["Helvetica", "Sans", "Times"]), sheet.rng.uniform(6, 9))
    x, y = 30.0, rng.uniform(40, 80)
    sheet.text(x, y - 10, sheet.words.title().title(), font.with_style("B").scaled(1.8))
    heads = [
        "Nr.",
        *[sheet.words.field() for _ in range(rng.randint(1, 3))],
        *rng.choice([["Decision", "Ground"], ["Beoordeling", "Grond"], ["Status", "Exemption"]]),
    ]
    decisions = ["Deels openbaar", "Openbaar", "Niet openbaar", "Released", "Withheld in full", "Partial", "Reeds openbaar"]
    height = font.size * rng.uniform(1.4, 2.2)
    count = int((sheet.height - y - 60) / height)
    rows = [
        [
            str(index + 1),
            *[rng.choice([sheet.words.cell(), sheet.words.words(5)]) for _ in heads[3:]],
            rng.choice(decisions),
            sheet.words.exemption(),
        ]
        for index in range(count)
    ]
    parts = [0.5, *[2.0] * (len(heads) - 3), 1.2, 1.2]
    widths = [(sheet.width - 60) * part / sum(parts) for part in parts]
    # a colored cell around nothing but a legal ground would be a redaction
    table(sheet, x, y, widths, heads, rows, font, height, replace(draw_table_style(rng), tinted=0))
    page_number(sheet, font)


def withheld(sheet: Sheet) -> None:
    """A sheet in place of withheld pages that says so, with frames and lists of grounds."""
    rng, font = sheet.rng, draw_font(sheet.rng, 9, 12)
    y, width = rng.uniform(90, 260), sheet.width - 140
    if rng.random() < 0.6:
        sheet.rect(
            50, 60, sheet.width - 50, sheet.height - rng.uniform(60, 300), edge=(0, 0, 0), line_width=rng.choice([0.7, 2, 4])
        )
    title = rng.choice(
        ["PAGES WITHHELD", "DELETED PAGE INFORMATION SHEET", "WITHDRAWAL SHEET", "NIET OPENBAAR", "Page denied in full"]
    )
    sheet.text(sheet.width / 2, y, title, font.with_style("B").scaled(1.5), "center")
    y = sheet.paragraph(70, y + 20, width, sheet.words.prose(2), font, font.size * 1.4, bottom=sheet.height - 300) + 16
    grounds = [sheet.words.exemption() for _ in range(rng.randint(4, 18))]
    for index, text in enumerate(grounds):
        left, top = 80 + index % 3 * width / 3, y + index // 3 * 24
        furniture.checkbox(sheet, left, top, 10)
        sheet.text(left + 16, top + 9, text, font)
    y += (len(grounds) // 3 + 1) * 24 + 10
    for _ in range(rng.randint(1, 4)):
        sheet.rule(80, y + 12, 110, y + 12, 0.7)
        sheet.text(84, y + 10, str(rng.randint(1, 40)), font)
        sheet.redactable_text(118, y + 10, sheet.truncated(sheet.words.sentence(), font, width - 60), font)
        y += 26
    if rng.random() < 0.5:
        stars = rng.choice(["XXXXXXXXXXXXXXXXXXXXXX", "* * * * * * * * * * * *"])
        for row in range(3):
            sheet.text(sheet.width / 2, min(sheet.height - 80, y + 30) + row * 14, stars, font, "center")


def cards(sheet: Sheet) -> None:
    """Copies of identity cards, licenses or checks: a photograph, captioned values, a code along the edge."""
    rng = sheet.rng
    sheet.redactable_text(50, 50, sheet.words.title().title(), Font("Helvetica", 13, "B"))
    y = 80.0
    while y < sheet.height - 190:
        x, high = rng.uniform(40, 140), rng.uniform(130, 180)
        wide, tint, band = high * 1.6, pale_color(rng), any_color(rng)
        sheet.rounded(x, y, x + wide, y + high, fill=tint, edge=(60, 60, 60), radius=9)
        sheet.rect(x, y + 10, x + wide, y + 30, fill=band)
        sheet.text(
            x + 10,
            y + 25,
            sheet.truncated(sheet.words.agency().upper(), Font("Helvetica", 11, "B"), wide - 20),
            Font("Helvetica", 11, "B", text_color_on(band)),
        )
        pictures.photo(sheet, x + 10, y + 38, high * 0.42, high * 0.52, caption=False)
        font, left, top = Font("Helvetica", 8, "B"), x + 18 + high * 0.42, y + 46
        while top < y + high - 24:
            sheet.text(left, top, sheet.words.field(), Font("Helvetica", 5.5))
            sheet.redactable_text(left, top + 9, sheet.truncated(sheet.words.cell().upper(), font, x + wide - left - 8), font)
            top += 21
        if rng.random() < 0.5:
            signature(sheet, x + 20, y + high - 10, 60)
        else:
            mono = Font("Courier", 7)
            sheet.redactable_text(
                x + 10,
                y + high - 7,
                sheet.truncated(f"{rng.randint(10**6, 10**8)}<<<{sheet.words.surname().upper()}<<<<<<<<<<<<", mono, wide - 20),
                mono,
            )
        y += high + rng.uniform(14, 60)
    sheet.paragraph(50, y, sheet.width - 100, sheet.words.prose(3), Font("Times", 11), 14, bottom=sheet.height - 40)


def label_form(sheet: Sheet) -> None:
    """Two or four columns: tinted labels on the left, values or nothing on the right."""
    rng, font, x = sheet.rng, draw_font(sheet.rng, 8, 11).with_style(""), sheet.rng.uniform(36, 64)
    fill, y, pairs, empty = (
        rng.choice([pale_color, dark_color, bright_color])(rng),
        96.0,
        rng.choice([1, 1, 2]),
        rng.uniform(0, 0.7),
    )
    width = (sheet.width - 2 * x) / pairs
    sheet.text(x, 70, sheet.words.title(), font.with_style("B").scaled(1.5))
    while y < sheet.height - 70:
        high = rng.choice([20.0, 20.0, 26.0, 60.0])
        if rng.random() < 0.08:
            furniture.reversed_heading(sheet, x, y, sheet.width - 2 * x, sheet.words.title(), 18)
            y += 18
            continue
        for pair in range(pairs):
            left, share = x + pair * width, width * 0.38
            sheet.rect(left, y, left + share, y + high, fill=fill, edge=(90, 90, 90))
            sheet.rect(left + share, y, left + width, y + high, edge=(90, 90, 90))
            sheet.text(
                left + 4, y + 13, sheet.truncated(sheet.words.field(), font, share - 8), font.in_color(text_color_on(fill))
            )
            if rng.random() > empty:
                text = sheet.words.prose(2) if high > 40 else sheet.truncated(sheet.words.cell(), font, width - share - 8)
                sheet.paragraph(left + share + 4, y + 3, width - share - 8, text, font, font.size * 1.25, bottom=y + high)
        y += high
    page_number(sheet, font)
