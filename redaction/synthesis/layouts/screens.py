"""Screenshots and printouts: web pages with dark bars, code listings, windows in dark mode, web forms, social media posts."""

from __future__ import annotations

from redaction.synthesis import furniture, pictures
from redaction.synthesis.colors import bright_color, dark_color, text_color_on
from redaction.synthesis.grids import column_widths, draw_table_style, random_cells, table
from redaction.synthesis.layouts.running import Typesetting, running_text
from redaction.synthesis.sheet import Font, Sheet


def web_page(sheet: Sheet) -> None:
    """A dark bar with links, a picture, a sidebar, buttons, a dark footer."""
    rng, bar = sheet.rng, dark_color(sheet.rng)
    font = Font(rng.choice(["Helvetica", "Sans", "Times"]), rng.uniform(8.5, 11))
    height, at = rng.uniform(24, 50), 90.0
    sheet.rect(0, 0, sheet.width, height, fill=bar)
    furniture.logo(sheet, 16, 5, height - 12)
    for _ in range(rng.randint(2, 6)):
        word = sheet.words.words(1).title()
        sheet.text(at, height / 2 + 3, word, font.in_color(text_color_on(bar)))
        at += sheet.text_width(word, font) + 18
    y, side = height + 14, rng.random() < 0.6
    if rng.random() < 0.6:
        pictures.photo(sheet, 0, y, sheet.width, rng.uniform(90, 200), caption=False)
        y += 206
    left, right = (170.0 if side else 40.0), sheet.width - 40
    if side:
        for row in range(rng.randint(3, 12)):
            chosen = rng.random() < 0.2
            if chosen:
                sheet.rect(14, y + row * 22 - 4, 150, y + row * 22 + 16, fill=bar)
            ink = text_color_on(bar) if chosen else (20, 60, 160)
            sheet.redactable_text(20, y + row * 22 + 10, sheet.truncated(sheet.words.words(2), font, 124), font.in_color(ink))
            sheet.rule(14, y + row * 22 + 18, 150, y + row * 22 + 18, 0.4, (200, 200, 200))
    setting = Typesetting(font, font.size * 1.4, left, sheet.width - right, 0, False, font.size)
    y = running_text(sheet, setting, y, sheet.height - rng.choice([110, 200]), left, right - left)
    for index in range(rng.randint(0, 3)):
        button = bright_color(rng)
        x = left + index * 110
        sheet.rounded(x, y, x + 96, y + 24, fill=button, radius=5)
        sheet.text(
            x + 48,
            y + 15,
            sheet.truncated(sheet.words.words(1).title(), font, 88),
            font.with_style("B").in_color(text_color_on(button)),
            "center",
        )
    foot = sheet.height - rng.uniform(40, 80)
    sheet.rect(0, foot, sheet.width, sheet.height, fill=bar)
    sheet.text(40, foot + 20, sheet.words.words(6), font.scaled(0.9).in_color(text_color_on(bar)))
    sheet.text(
        14,
        sheet.height - 5,
        f"https://www.example.org/{sheet.words.words(1)}  {sheet.words.date()}",
        Font("Times", 7, "", text_color_on(bar)),
    )


def listing(sheet: Sheet) -> None:
    """Numbered lines of code or of a log in a monospaced font, on white, gray or dark."""
    rng = sheet.rng
    base = rng.choice([(255, 255, 255), (255, 255, 255), (245, 245, 245), (30, 30, 30), (0, 43, 54)])
    sheet.rect(0, 0, sheet.width, sheet.height, fill=base)
    font = Font(rng.choice(["Courier", "Mono"]), rng.uniform(6.5, 9.5), "", text_color_on(base))
    inks = [font.color, font.color, (200, 80, 80), (90, 150, 90), (90, 120, 220)]
    x, y, depth = 60.0, 50.0, 0
    while y < sheet.height - 50:
        depth = max(0, min(6, depth + rng.choice([-1, 0, 0, 0, 1])))
        sheet.text(x - 10, y, str(int((y - 50) / 10) + 1), font.in_color((140, 140, 140)), "right")
        if rng.random() < 0.88:
            word = sheet.words.words(rng.randint(1, 3)).replace(" ", "_")
            text = rng.choice(
                [
                    f"def {word}(self):",
                    f"{word} = {rng.randint(0, 999)}",
                    f"return {word}",
                    f"# {sheet.words.words(6)}",
                    f"{sheet.words.time()} INFO {sheet.words.words(7)}",
                ]
            )
            left = x + depth * font.size * 2
            sheet.redactable_text(left, y, sheet.truncated(text, font, sheet.width - left - 40), font.in_color(rng.choice(inks)))
        y += font.size * 1.3


def window(sheet: Sheet) -> None:
    """A screenshot on the page: title bar, side panel, and a table or text, in light or dark mode."""
    rng = sheet.rng
    black = rng.random() < 0.5
    base, panel = ((32, 33, 36), (48, 49, 54)) if black else ((255, 255, 255), (238, 238, 242))
    x0, y0 = rng.uniform(10, 60), rng.uniform(10, 140)
    x1, y1 = sheet.width - x0, min(sheet.height - 20, y0 + rng.uniform(300, 620))
    sheet.rect(x0, y0, x1, y1, fill=base, edge=(90, 90, 90))
    bar = rng.choice([panel, dark_color(rng)])
    sheet.rect(x0, y0, x1, y0 + 22, fill=bar)
    sheet.text(x0 + 10, y0 + 15, sheet.words.agency(), Font("Helvetica", 9, "", text_color_on(bar)))
    for index in range(3):
        sheet.ellipse(x1 - 16 - index * 14, y0 + 7, x1 - 8 - index * 14, y0 + 15, fill=bright_color(rng))
    sheet.rect(x0, y0 + 22, x0 + 120, y1, fill=panel)
    font = Font("Helvetica", rng.uniform(7.5, 9.5), "", text_color_on(base))
    for row in range(int((y1 - y0 - 60) / 24)):
        top = y0 + 34 + row * 24
        if rng.random() < 0.15:
            sheet.rect(x0 + 4, top - 4, x0 + 116, top + 14, fill=bright_color(rng))
        sheet.rect(x0 + 10, top, x0 + 20, top + 10, fill=rng.choice([bright_color(rng), (130, 130, 130)]))
        sheet.redactable_text(
            x0 + 28, top + 8, sheet.truncated(sheet.words.words(2), font, 84), font.in_color(text_color_on(panel))
        )
    left = x0 + 134
    if rng.random() < 0.6:
        count = rng.randint(3, 6)
        rows = random_cells(sheet, count, int((y1 - y0 - 80) / 18))
        widths = column_widths(rng, x1 - left - 10, count)
        table(sheet, left, y0 + 36, widths, [sheet.words.field() for _ in range(count)], rows, font, 18, draw_table_style(rng))
    else:
        running_text(sheet, Typesetting(font, font.size * 1.5, left, 20, 0, False, 8), y0 + 36, y1 - 20, left, x1 - left - 16)
    if sheet.height - y1 > 120:
        body = Font("Times", 11)
        running_text(sheet, Typesetting(body, 15, 72, 72, 0, True, 6), y1 + 24, sheet.height - 60)


def web_form(sheet: Sheet) -> None:
    """A web form: labels with empty or filled fields, drop-down lists, a button."""
    rng, font = sheet.rng, Font(sheet.rng.choice(["Helvetica", "Sans"]), sheet.rng.uniform(8.5, 11))
    x, width = rng.uniform(36, 90), rng.uniform(260, 420)
    edge, fill = rng.choice([(0, 0, 0), (130, 130, 130), (190, 190, 190)]), rng.choice([None, (248, 248, 250), (226, 236, 250)])
    beside, y = rng.random() < 0.4, 80.0
    draw = sheet.rect if rng.random() < 0.5 else sheet.rounded
    furniture.reversed_heading(sheet, 0, 0, sheet.width, sheet.words.agency(), rng.uniform(26, 50))
    sheet.text(x, y, sheet.words.title().title(), font.with_style("B").scaled(1.6))
    y += 20
    while y < sheet.height - 120:
        label, high = f"{sheet.words.field()}{rng.choice(['', ':', ' *'])}", rng.choice([18.0, 22.0, 22.0, 70.0])
        sheet.text(x, y + 13, label, font.with_style(rng.choice(["", "B"])))
        left = x + 130 if beside else x
        top = y if beside else y + 18
        right = min(sheet.width - 36, left + width * rng.choice([1, 1, 0.5]))
        draw(left, top, right, top + high, fill=fill, edge=edge)
        if rng.random() < 0.55:
            text = sheet.words.prose(2) if high > 50 else sheet.truncated(sheet.words.cell(), font, right - left - 24)
            sheet.paragraph(left + 6, top + 2, right - left - 22, text, font, font.size * 1.4, bottom=top + high)
        if rng.random() < 0.2:
            at = top + min(high, 22) / 2
            sheet.polygon([(right - 14, at - 2), (right - 6, at - 2), (right - 10, at + 4)], (60, 60, 60))
        y = top + high + rng.uniform(6, 16)
    button = bright_color(rng)
    sheet.rounded(x, y, x + 90, y + 24, fill=button, radius=4)
    sheet.text(x + 45, y + 16, rng.choice(["Submit", "OK", "Verzenden", "Save"]), font.in_color(text_color_on(button)), "center")


def posts(sheet: Sheet) -> None:
    """Social media posts: round portraits, names, text, pictures, rows of small icons below."""
    rng, black = sheet.rng, sheet.rng.random() < 0.3
    base = (21, 24, 28) if black else (255, 255, 255)
    sheet.rect(0, 0, sheet.width, sheet.height, fill=base)
    font = Font(rng.choice(["Helvetica", "Sans"]), rng.uniform(9, 11.5), "", text_color_on(base))
    left, right, y = 90.0, sheet.width - 90, 50.0
    while y < sheet.height - 120:
        sheet.ellipse(left - 44, y, left - 10, y + 34, fill=rng.choice([bright_color(rng), (150, 150, 150)]))
        sheet.redactable_text(left, y + 11, sheet.words.person(), font.with_style("B"))
        sheet.redactable_text(
            left, y + 23, f"@{sheet.words.surname().lower()} {sheet.words.date()}", font.scaled(0.8).in_color((130, 130, 130))
        )
        y = sheet.paragraph(
            left, y + 28, right - left, sheet.words.prose(rng.randint(1, 3)), font, font.size * 1.35, bottom=sheet.height - 60
        )
        if rng.random() < 0.4 and sheet.height - y > 240:
            high = rng.uniform(90, 190)
            pictures.photo(sheet, left, y + 6, (right - left) * rng.uniform(0.6, 1), high, caption=False)
            y += high + 12
        for index in range(4):
            sheet.ellipse(left + index * 60, y + 5, left + index * 60 + 8, y + 13, edge=(140, 140, 140), line_width=1)
            sheet.text(left + index * 60 + 12, y + 12, str(rng.randint(0, 999)), font.scaled(0.75).in_color((140, 140, 140)))
        y += 24
        sheet.rule(left - 44, y, right, y, 0.5, (200, 200, 200))
        y += 12
