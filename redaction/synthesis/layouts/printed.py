"""Printed matter: reports in columns, newspapers, tables of contents, minutes, title pages, slides."""

from __future__ import annotations

from redaction.synthesis import furniture, pictures
from redaction.synthesis.colors import any_color, bright_color, dark_color, pale_color, text_color_on
from redaction.synthesis.layouts.running import Typesetting, draw_font, draw_typesetting, page_number, running_text
from redaction.synthesis.sheet import Font, Sheet


def columns(sheet: Sheet) -> None:
    """A report or newspaper in columns with pictures, under a common heading."""
    rng, count = sheet.rng, sheet.rng.choice([2, 2, 3, 4])
    font, gap, x = draw_font(rng, 7, 10.5 if count < 4 else 8), rng.uniform(12, 24), rng.uniform(30, 54)
    width = (sheet.width - 2 * x - gap * (count - 1)) / count
    fill = any_color(rng)
    if rng.random() < 0.5:
        sheet.rect(0, 0, sheet.width, 70, fill=fill)
        sheet.text(x, 46, sheet.words.agency(), Font("Helvetica", rng.uniform(16, 26), "B", text_color_on(fill)))
    else:
        sheet.text(x, 56, sheet.words.agency(), Font("Times", rng.uniform(18, 34), "B"))
        sheet.rule(x, 64, sheet.width - x, 64, rng.choice([0.6, 2, 5]))
    setting = Typesetting(
        font, font.size * rng.uniform(1.12, 1.35), x, x, rng.choice([0, 10]), rng.random() < 0.6, rng.choice([0, 5])
    )
    for column in range(count):
        left, top = x + column * (width + gap), 90.0
        if rng.random() < 0.3:
            height = rng.uniform(60, 170)
            pictures.photo(sheet, left, top, width, height)
            top += height + 24
        elif rng.random() < 0.3:
            big = Font("Times", rng.uniform(13, 22), "B")
            top = sheet.paragraph(left, top, width, sheet.words.words(6).capitalize(), big, big.size * 1.1)
        running_text(sheet, setting, top, sheet.height - 56, left, width)
        if column and rng.random() < 0.3:
            sheet.rule(left - gap / 2, 84, left - gap / 2, sheet.height - 56, 0.5)
    page_number(sheet, font)


def table_of_contents(sheet: Sheet) -> None:
    """A table of contents or a list of names, with dotted leaders."""
    rng, font, y = sheet.rng, draw_font(sheet.rng, 9, 13), 110.0
    x, right = rng.uniform(60, 100), sheet.width - rng.uniform(60, 100)
    sheet.text(
        sheet.width / 2,
        76,
        rng.choice(["CONTENTS", "TABLE OF AUTHORITIES", "INHOUD", "Index"]),
        font.with_style("B").scaled(1.3),
        "center",
    )
    leading, dots = font.size * rng.uniform(1.3, 2.4), rng.random() < 0.7
    while y < sheet.height - rng.uniform(60, 100):
        inset = rng.choice([0, 18, 36])
        text = sheet.truncated(
            rng.choice([sheet.words.title(), sheet.words.words(rng.randint(2, 9)).capitalize()]), font, right - x - inset - 70
        )
        line = sheet.redactable_text(x + inset, y, text, font)
        number = sheet.text(right, y, str(rng.randint(1, 240)), font, "right")
        if dots and line:
            count = int((number[0][0] - line[-1][2] - 8) / max(1, sheet.text_width(".", font)))
            sheet.text(line[-1][2] + 4, y, "." * max(0, count), font)
        y += leading
    page_number(sheet, font)


def minutes(sheet: Sheet) -> None:
    """Those present, then numbered items with their owners in a separate column."""
    rng, setting = sheet.rng, draw_typesetting(sheet.rng)
    font, x, y = setting.font, setting.left, 70.0
    width = sheet.width - x - setting.right
    sheet.text(
        x,
        y,
        sheet.truncated(f"{sheet.words.title().title()} - {sheet.words.date()}", font.with_style("B"), width / 1.3),
        font.with_style("B").scaled(1.3),
    )
    y += 24
    for _ in range(rng.randint(2, 7)):
        sheet.redactable_text(x, y, f"{sheet.words.person()}, {sheet.words.agency()}", font)
        y += font.size * 1.4
    number, action = 1, rng.random() < 0.5
    while y < sheet.height - 100:
        furniture.reversed_heading(
            sheet, x, y, width, f"{number}. {sheet.words.title().title()}", font.size * 1.6
        ) if rng.random() < 0.3 else sheet.redactable_text(
            x,
            y + font.size,
            sheet.truncated(f"{number}. {sheet.words.title().title()}", font.with_style("B"), width),
            font.with_style("B"),
        )
        y += font.size * 2
        end = sheet.paragraph(
            x + 14,
            y,
            width - (110 if action else 14),
            sheet.words.prose(rng.randint(1, 4)),
            font,
            setting.leading,
            bottom=sheet.height - 70,
        )
        if action and end > y:
            sheet.redactable_text(x + width - 84, y + font.size, sheet.words.surname(), font.with_style("B"))
        if end == y:
            break
        y, number = end + font.size, number + 1
    page_number(sheet, font)


def title_page(sheet: Sheet) -> None:
    """Blocks of color, a large title, a picture, an imprint."""
    rng = sheet.rng
    base = rng.choice([(255, 255, 255), any_color(rng), dark_color(rng)])
    sheet.rect(0, 0, sheet.width, sheet.height, fill=base)
    for _ in range(rng.randint(0, 4)):
        if rng.random() < 0.5:
            y = rng.uniform(0, sheet.height)
            sheet.rect(0, y, sheet.width, y + rng.uniform(20, 260), fill=any_color(rng))
        else:
            x = rng.uniform(0, sheet.width)
            sheet.rect(x, 0, x + rng.uniform(10, 200), sheet.height, fill=any_color(rng))
    if rng.random() < 0.45:
        pictures.photo(sheet, 0, sheet.height * 0.4, sheet.width, sheet.height * rng.uniform(0.2, 0.45), caption=False)
    panel, y = rng.choice([(255, 255, 255), base, dark_color(rng)]), sheet.height * rng.uniform(0.1, 0.25)
    size = rng.uniform(24, 44)
    sheet.rect(40, y - 20, sheet.width - 40, y + size * 4.2, fill=panel)
    font = Font(rng.choice(["Helvetica", "Times", "Sans"]), size, "B", text_color_on(panel))
    end = sheet.paragraph(
        60,
        y,
        sheet.width - 120,
        sheet.words.title().title(),
        font,
        size * 1.15,
        bottom=y + size * 3,
        align=rng.choice(["left", "center"]),
    )
    sheet.redactable_text(
        60, end + 18, f"{sheet.words.agency()}, {sheet.words.date()}", Font("Helvetica", 12, "", text_color_on(panel))
    )
    if rng.random() < 0.5:
        furniture.logo(sheet, 60, sheet.height - 90, 44)


def slides(sheet: Sheet) -> None:
    """One slide on a landscape page, or two or three on a portrait page."""
    count = 1 if sheet.width > sheet.height else sheet.rng.choice([2, 2, 3])
    base = any_color(sheet.rng)
    for index in range(count):
        high = sheet.height / count
        inset = 0 if count == 1 else 16
        _slide(sheet, inset * 2, index * high + inset, sheet.width - inset * 2, (index + 1) * high - inset, base)


def _slide(sheet: Sheet, x0: float, y0: float, x1: float, y1: float, base: tuple[int, int, int]) -> None:
    rng, white = sheet.rng, sheet.rng.random() < 0.5
    ground_color = (255, 255, 255) if white else base
    sheet.rect(x0, y0, x1, y1, fill=ground_color, edge=(120, 120, 120))
    size = (y1 - y0) * rng.uniform(0.055, 0.085)
    head = Font(rng.choice(["Helvetica", "Sans", "Times"]), size, "B", text_color_on(base if white else ground_color))
    if white:
        sheet.rect(x0, y0, x1, y0 + size * 1.9, fill=base)
    sheet.text(x0 + 24, y0 + size * 1.3, sheet.truncated(sheet.words.title().title(), head, x1 - x0 - 60), head)
    body = Font(head.family, size * rng.uniform(0.45, 0.65), "", text_color_on(ground_color))
    half, y = rng.random() < 0.5, y0 + size * 2.4
    right = (x0 + x1) / 2 if half else x1 - 24
    while y + body.size * 2 < y1 - 12:
        sheet.ellipse(x0 + 26, y + body.size * 0.45, x0 + 26 + body.size * 0.35, y + body.size * 0.8, fill=body.color)
        text = sheet.words.words(rng.randint(2, 14)).capitalize()
        y = sheet.paragraph(x0 + 40, y, right - x0 - 44, text, body, body.size * 1.3, bottom=y1 - 10) + body.size * 0.6
    if half:
        draw = rng.choice([pictures.photo, pictures.chart, pictures.map_drawing])
        if not white:
            sheet.rect(right + 10, y0 + size * 2.1, x1 - 14, y1 - 20, fill=(255, 255, 255))
        draw(sheet, right + 16, y0 + size * 2.3, x1 - right - 36, y1 - y0 - size * 2.3 - 44)


def newspaper(sheet: Sheet) -> None:
    """A large headline over narrow justified columns, pictures, an advertisement in reverse."""
    rng, x = sheet.rng, 34.0
    sheet.rule(x, 30, sheet.width - x, 30, 2)
    big = Font("Times", rng.uniform(24, 42), "B")
    y = sheet.paragraph(
        x,
        36,
        sheet.width - 2 * x,
        sheet.words.words(rng.randint(4, 9)).capitalize(),
        big,
        big.size * 1.05,
        bottom=170,
        redactable=False,
    )
    sheet.redactable_text(x, y + 12, f"By {sheet.words.person()}, {sheet.words.date()}", Font("Times", 9, "I"))
    count = rng.choice([3, 4, 5])
    width = (sheet.width - 2 * x - 10 * (count - 1)) / count
    font = Font("Times", rng.uniform(7, 9))
    setting = Typesetting(font, font.size * 1.12, x, x, 9, True, 0)
    for column in range(count):
        left, top, bottom = x + column * (width + 10), y + 24, sheet.height - 40
        if rng.random() < 0.3:
            pictures.photo(sheet, left, top, width, 80)
            top += 104
        if rng.random() < 0.25:
            bottom -= 130
            fill = rng.choice([dark_color(rng), bright_color(rng), pale_color(rng)])
            sheet.rect(left, bottom + 8, left + width, sheet.height - 40, fill=fill)
            ad = Font("Helvetica", 13, "B", text_color_on(fill))
            sheet.paragraph(
                left + 6,
                bottom + 14,
                width - 12,
                sheet.words.words(7).upper(),
                ad,
                16,
                bottom=sheet.height - 44,
                redactable=False,
            )
        running_text(sheet, setting, top, bottom, left, width)
