"""Pages of pictures: photographs, maps, charts, handwritten notes, and nearly empty pages."""

from __future__ import annotations

from redaction.synthesis import furniture, pictures
from redaction.synthesis.colors import bright_color, dark_color, pale_color, poster_color, text_color_on
from redaction.synthesis.handwriting import handwritten_note, reader_marks, signature
from redaction.synthesis.layouts.running import draw_font
from redaction.synthesis.sheet import Font, Rgb, Sheet


def photo_page(sheet: Sheet) -> None:
    """One full-page photograph, or several with captions."""
    rng = sheet.rng
    if rng.random() < 0.35:
        margin = rng.choice([0, 0, 36])
        pictures.photo(sheet, margin, margin, sheet.width - 2 * margin, sheet.height - 2 * margin - 20, caption=margin > 0)
        sheet.redactable_text(40, sheet.height - 6, f"{sheet.words.agency()} {sheet.words.date()}", Font("Helvetica", 9))
        return
    title = Font("Helvetica", 13, "B")
    sheet.redactable_text(50, 50, sheet.truncated(sheet.words.title(), title, sheet.width - 100), title)
    across, down = rng.choice([(1, 2), (2, 2), (2, 3), (3, 3), (3, 4)])
    wide, high = (sheet.width - 80) / across, (sheet.height - 130) / down
    for row in range(down):
        for column in range(across):
            if rng.random() < 0.9:
                x, y = 40 + column * wide, 70 + row * high
                pictures.photo(sheet, x + 5, y, wide - rng.uniform(10, 30), high - rng.uniform(24, 50))


def map_page(sheet: Sheet) -> None:
    """A map with a title and some text below; or a screenshot of a route map."""
    rng, margin = sheet.rng, sheet.rng.uniform(20, 90)
    if rng.random() < 0.35:
        pictures.route_map(sheet, margin, margin, sheet.width - 2 * margin, (sheet.height - 2 * margin) * rng.uniform(0.4, 0.9))
        furniture.exhibit_label(sheet, margin * rng.uniform(0.3, 3), sheet.height * rng.uniform(0.4, 0.85))
        return
    high = (sheet.height - 2 * margin) * rng.uniform(0.5, 0.9)
    sheet.redactable_text(margin, margin - 4, sheet.words.title(), Font("Helvetica", 12, "B"))
    pictures.map_drawing(sheet, margin, margin + 6, sheet.width - 2 * margin, high)
    font = Font("Times", 11)
    sheet.paragraph(
        margin, margin + high + 16, sheet.width - 2 * margin, sheet.words.prose(4), font, 14, bottom=sheet.height - 30
    )


def brochure(sheet: Sheet) -> None:
    """A designed page: full-bleed background color, bands, a thin frame, a badge, large bold text."""
    rng, color = sheet.rng, poster_color(sheet.rng)
    paper = rng.choice([color, color, (255, 255, 255), (255, 255, 255), (255, 255, 255), pale_color(rng)])
    sheet.rect(0, 0, sheet.width, sheet.height, fill=paper)
    _bands(sheet, color)
    inset = rng.uniform(16, 60)
    if rng.random() < 0.5:
        frame = rng.choice([(255, 255, 255), (225, 225, 170), dark_color(rng), (0, 0, 0)])
        foot = sheet.height + rng.choice([-inset, -inset, 20])
        sheet.rect(
            inset, inset * rng.uniform(0.6, 1.4), sheet.width - inset, foot, edge=frame, line_width=rng.choice([0.6, 1, 2])
        )
    if rng.random() < 0.6:
        radius = rng.uniform(36, 80)
        furniture.badge(
            sheet, rng.choice([0.5, 0.5, rng.random()]) * sheet.width, rng.choice([radius, rng.random() * sheet.height]), radius
        )
    ink, top = text_color_on(paper), rng.uniform(90, 220)
    if rng.random() < 0.35:
        word = Font("Helvetica", rng.uniform(60, 110), "B", ink)
        text = sheet.words.surname().upper()
        word = sheet.font_to_fit(word, text, 0.8 * sheet.width)
        top = sheet.height * rng.uniform(0.3, 0.6)
        sheet.text(sheet.width / 2, top, text, word, "center")
        top += rng.uniform(20, 60)
    _large_words(sheet, top, Font(rng.choice(["Helvetica", "Sans", "Times"]), rng.uniform(13, 24), "B", ink))


def _bands(sheet: Sheet, color: Rgb) -> None:
    """Bands of color at the top and the bottom, or down one side."""
    rng = sheet.rng
    for top in (True, False):
        if rng.random() < 0.6:
            high = rng.uniform(20, 200)
            fill = rng.choice([color, color, dark_color(rng), bright_color(rng)])
            y = 0 if top else sheet.height - high
            sheet.rect(0, y, sheet.width, y + high, fill=fill)
            if rng.random() < 0.6:
                title = Font("Helvetica", min(26, high * 0.5), rng.choice(["", "B"]), text_color_on(fill))
                sheet.text(
                    sheet.width / 2, y + high * 0.6, sheet.truncated(sheet.words.title().upper(), title, 500), title, "center"
                )
    if rng.random() < 0.15:
        sheet.rect(0, 0, rng.uniform(30, 180), sheet.height, fill=rng.choice([color, dark_color(rng)]))


def _large_words(sheet: Sheet, y: float, font: Font) -> None:
    rng, number, gap = sheet.rng, 1, sheet.rng.uniform(10, 40)
    x, width = sheet.width * 0.15, sheet.width * 0.7
    while y < sheet.height - rng.uniform(110, 320):
        text = sheet.words.words(rng.randint(2, 14))
        text = f"{number}. {text.upper()}" if rng.random() < 0.7 else text.title()
        y = sheet.paragraph(
            x, y, width, text, font, font.size * 1.3, bottom=sheet.height - 80, align=rng.choice(["left", "center", "center"])
        )
        y, number = y + gap, number + 1


def chart_page(sheet: Sheet) -> None:
    """Two to six charts with text, as in reports and dashboards."""
    rng = sheet.rng
    furniture.reversed_heading(sheet, 40, 36, sheet.width - 80, sheet.words.title(), rng.uniform(18, 34))
    across, down = rng.choice([(1, 2), (2, 2), (2, 3), (1, 3)])
    wide, high = (sheet.width - 80) / across, (sheet.height - 200) / down
    for row in range(down):
        for column in range(across):
            pictures.chart(sheet, 40 + column * wide, 86 + row * high, wide - 10, high - 8)
    sheet.paragraph(
        40, sheet.height - 108, sheet.width - 80, sheet.words.prose(3), Font("Helvetica", 10), 13, bottom=sheet.height - 40
    )


def handwritten(sheet: Sheet) -> None:
    """Handwritten notes on blank, ruled or squared paper, or under a printed heading."""
    rng, paper = sheet.rng, sheet.rng.choice(["blank", "ruled", "squared", "form"])
    if paper in ("ruled", "squared"):
        for row in range(int(sheet.height / 22)):
            sheet.rule(0, row * 22, sheet.width, row * 22, 0.5, (170, 190, 220))
        if paper == "squared":
            for column in range(int(sheet.width / 22) + 1):
                sheet.rule(column * 22, 0, column * 22, sheet.height, 0.5, (170, 190, 220))
        else:
            sheet.rule(70, 0, 70, sheet.height, 0.7, (220, 120, 120))
    y = 70.0
    if paper == "form":
        sheet.text(sheet.width / 2, 70, sheet.words.agency().upper(), Font("Times", 14, "B"), "center")
        for row in range(3):
            sheet.text(80, 110 + row * 24, f"{sheet.words.field()}:", Font("Times", 11))
            sheet.rule(180, 112 + row * 24, 480, 112 + row * 24, 0.6)
        y = 200
    sheet.redactable_text(
        sheet.width - 180, y - 30, sheet.words.date(), Font("Times", 11)
    ) if rng.random() < 0.5 or paper == "form" else None
    size = rng.uniform(11, 20)
    while y < sheet.height - rng.uniform(120, 400):
        y = handwritten_note(sheet, rng.uniform(50, 110), y, sheet.width - rng.uniform(150, 220), rng.randint(1, 7), size) + size
    signature(sheet, sheet.width * 0.5, min(sheet.height - 40, y + 30), 120)
    if rng.random() < 0.4:
        reader_marks(sheet)


def sparse(sheet: Sheet) -> None:
    """A page with a line or two: the end of a chapter, an intentional blank, the last page of a fax; or an empty page."""
    rng, font = sheet.rng, draw_font(sheet.rng)
    if rng.random() < 0.25:
        return
    text = rng.choice(
        ["This page intentionally left blank", sheet.words.sentence(), sheet.words.title(), "END", f"page {rng.randint(2, 90)}"]
    )
    sheet.redactable_text(
        sheet.width / 2, rng.uniform(60, sheet.height - 40), sheet.truncated(text, font, sheet.width - 120), font, "center"
    )
    if rng.random() < 0.3:
        sheet.rule(60, sheet.height - 60, sheet.width - 60, sheet.height - 60, rng.choice([0.6, 2]))
    if rng.random() < 0.3:
        furniture.logo(sheet, sheet.width / 2 - 20, sheet.height - 110, 40)
