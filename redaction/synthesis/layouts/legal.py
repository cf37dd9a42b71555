"""Legal documents: pleadings, transcripts, contracts, exhibit covers; and plain reports."""

from __future__ import annotations

from redaction.synthesis import furniture, pictures
from redaction.synthesis.colors import dark_color
from redaction.synthesis.handwriting import signature
from redaction.synthesis.layouts.running import Typesetting, draw_font, draw_typesetting, page_number, running_text
from redaction.synthesis.sheet import Font, Sheet


def court(sheet: Sheet) -> None:
    """A pleading on numbered paper: double-spaced lines beside vertical rules."""
    rng = sheet.rng
    if rng.random() < 0.8:
        furniture.filing_stamp(sheet)
    count = rng.choice([28, 28, 28, 25, 32])
    top = rng.uniform(56, 76)
    leading = (sheet.height - top - 60) / count
    font = Font(rng.choice(["Times", "Times", "Courier", "Stix", "Helvetica"]), min(leading * 0.5, 12))
    left, right = rng.uniform(96, 124), sheet.width - rng.uniform(36, 60)
    for number in range(1, count + 1):
        sheet.text(left - 18, top + (number - 0.5) * leading + 3, str(number), font, "right")
    for edge in [left - 10, *([left - 7.5] if rng.random() < 0.7 else []), *([right + 6] if rng.random() < 0.8 else [])]:
        sheet.rule(edge, rng.choice([0, 24]), edge, sheet.height - rng.choice([0, 20]), 0.7)
    y, bottom, single = top, top + count * leading, rng.random() < 0.2
    setting = Typesetting(font, leading / 2 if single else leading, left, sheet.width - right, 36, rng.random() < 0.3, 0)
    if rng.random() < 0.2:
        y = _caption(sheet, setting, y, right)
    while y + leading <= bottom:
        if rng.random() < 0.15:
            sheet.redactable_text((left + right) / 2, y + leading * 0.6, sheet.words.title(), font.with_style("B"), "center")
            y += leading
        if rng.random() < 0.08 and bottom - y > 150:
            y = (
                sheet.paragraph(
                    left + 36, y, right - left - 72, sheet.words.prose(3), font, leading / 2, justify=True, bottom=bottom
                )
                + leading / 2
            )
        end = sheet.paragraph(
            left,
            y,
            right - left,
            sheet.words.prose(rng.randint(1, 6)),
            font,
            setting.leading,
            indent=36,
            justify=setting.justify,
            bottom=bottom,
        )
        if end == y:
            break
        y = end
    _footnotes(sheet, left, right, bottom) if rng.random() < 0.25 else None
    sheet.rule(left, sheet.height - 36, right, sheet.height - 36, 0.6)
    sheet.text(
        (left + right) / 2,
        sheet.height - 24,
        sheet.truncated(f"{rng.randint(1, 40)} {sheet.words.title()}", Font("Times", 8), 300),
        Font("Times", 8),
        "center",
    )


def _footnotes(sheet: Sheet, left: float, right: float, bottom: float) -> None:
    font = Font("Times", 6.5)
    sheet.paragraph(left, bottom + 2, right - left, sheet.words.sentence(), font, 8, bottom=sheet.height - 37)


def _caption(sheet: Sheet, setting: Typesetting, y: float, right: float) -> float:
    font, x, middle = setting.font, setting.left, (setting.left + right) / 2
    sheet.text(middle, y + 20, "UNITED DISTRICT COURT", font.with_style("B"), "center")
    for row, text in enumerate(
        [sheet.words.person().upper() + ",", "Plaintiff,", "v.", sheet.words.agency().upper() + ",", "Defendant."]
    ):
        sheet.redactable_text(x + (40 if row % 2 else 0), y + 54 + row * 18, sheet.truncated(text, font, middle - x - 50), font)
    sheet.rule(middle, y + 40, middle, y + 140, 0.8)
    sheet.rule(x, y + 140, middle, y + 140, 0.8)
    sheet.redactable_text(middle + 14, y + 60, f"Case No. {sheet.words.reference()}", font)
    sheet.redactable_text(
        middle + 14, y + 84, sheet.truncated(sheet.words.title(), font.with_style("B"), right - middle - 20), font.with_style("B")
    )
    return y + 156


def transcript(sheet: Sheet) -> None:
    """Questions and answers in Courier with numbered lines; or four reduced pages on one."""
    rng = sheet.rng
    if rng.random() < 0.3:
        gap = 12.0
        wide, high = (sheet.width - 80 - gap) / 2, (sheet.height - 130 - gap) / 2
        furniture.logo(sheet, 40, sheet.height - 50, 28)
        for index in range(4):
            x, y = 40 + index % 2 * (wide + gap), 56 + index // 2 * (high + gap)
            if rng.random() < 0.7:
                sheet.rect(x, y, x + wide, y + high, edge=(0, 0, 0), line_width=0.7)
            _testimony(sheet, x + 4, y + 4, wide - 10, high - 10, rng.uniform(5.5, 6.6))
        return
    if rng.random() < 0.5:
        sheet.rect(60, 44, sheet.width - 40, sheet.height - 50, edge=(0, 0, 0), line_width=0.7)
    if rng.random() < 0.5:
        furniture.filing_stamp(sheet)
    _testimony(sheet, 66, 56, sheet.width - 120, sheet.height - 120, rng.uniform(9.5, 12))
    sheet.text(sheet.width / 2, sheet.height - 32, f"{sheet.words.agency()} 555-0199", Font("Helvetica", 9, "B"), "center")


def _testimony(sheet: Sheet, x: float, y: float, width: float, height: float, size: float) -> None:
    rng, font, count = sheet.rng, Font("Courier", size), 25
    leading = height / (count + 1)
    sheet.text(x + width, y + leading * 0.7, f"Page {rng.randint(2, 300)}", font, "right")
    row, left, numbers = 1, x + size * 2.4, rng.random() < 0.85
    for number in range(1, count + 1) if numbers else []:
        sheet.text(x + size * 1.6, y + (number + 0.5) * leading + size * 0.26, str(number), font, "right")
    while row <= count:
        kind = rng.choices(["Q.", "A.", "name", "remark"], [4, 4, 1, 0.6])[0]
        text = sheet.words.sentence() if kind == "A." else sheet.words.prose(rng.randint(1, 2))
        lead = {
            "Q.": "Q. ",
            "A.": "A. ",
            "name": f"{rng.choice(['MR.', 'MS.', 'THE'])} {rng.choice([sheet.words.surname().upper(), 'COURT'])}: ",
        }.get(kind, "(Discussion) ")
        top = y + row * leading
        end = sheet.paragraph(
            left, top, width - (left - x), lead + text, font, leading, indent=size * 2.5, bottom=y + (count + 1) * leading
        )
        if end == top:
            break
        row += round((end - top) / leading)


def contract(sheet: Sheet) -> None:
    """Numbered clauses with bold headings, blanks to fill in, and signatures at the end."""
    rng, setting = sheet.rng, draw_typesetting(sheet.rng, draw_font(sheet.rng, 8, 11))
    font, x, width = setting.font.with_style(""), setting.left, sheet.width - setting.left - setting.right
    y, number = 70.0, rng.randint(1, 12)
    sheet.text(
        sheet.width / 2,
        y,
        sheet.truncated(sheet.words.title(), font.with_style("B"), width),
        font.with_style("B").scaled(1.3),
        "center",
    )
    y += 20
    while y < sheet.height - 190:
        sheet.redactable_text(x, y + font.size, f"{number}. {sheet.words.title().title()}", font.with_style("B"))
        y += font.size * 1.8
        for clause in range(rng.randint(1, 3)):
            sheet.text(x, y + setting.leading * 0.5 + font.size * 0.26, f"{number}.{clause + 1}", font)
            y = sheet.paragraph(
                x + 28,
                y,
                width - 28,
                sheet.words.prose(rng.randint(1, 4)),
                font,
                setting.leading,
                justify=setting.justify,
                bottom=sheet.height - 170,
            )
        y, number = y + font.size * 0.6, number + 1
    for column in range(2):
        left = x + column * width / 2
        sheet.text(left, sheet.height - 130, rng.choice(["For the Client", "By:", "Party", "Witness"]), font)
        sheet.rule(left, sheet.height - 84, left + width * 0.42, sheet.height - 84, 0.7)
        if rng.random() < 0.7:
            signature(sheet, left + 10, sheet.height - 88, rng.uniform(60, 120))
        if rng.random() < 0.7:
            sheet.redactable_text(left, sheet.height - 70, sheet.words.person(), font)
        sheet.rule(left, sheet.height - 46, left + width * 0.3, sheet.height - 46, 0.7)
    page_number(sheet, font)


def cover(sheet: Sheet) -> None:
    """Little text and large shapes: an exhibit cover, a chart, a picture, a title on blocks of color."""
    rng = sheet.rng
    font = Font(draw_font(rng).family, rng.choice([rng.uniform(22, 46), rng.uniform(46, 140)]), "B")
    text = rng.choice(
        [
            f"EXHIBIT {rng.choice('ABCDEFGHJK')}",
            f"EXHIBIT {rng.randint(1, 90)}",
            f"Annex {rng.randint(1, 30)}",
            f"Bijlage {rng.randint(1, 40)}",
            f"TAB {rng.randint(1, 90)}",
            "FILED UNDER SEAL",
        ]
    )
    font = sheet.font_to_fit(font, text, 0.9 * sheet.width)
    y = sheet.height * rng.uniform(0.2, 0.5)
    if rng.random() < 0.4:
        fill = dark_color(rng)
        sheet.rect(0, 0, sheet.width, rng.uniform(40, 130), fill=fill)
        sheet.rect(0, sheet.height - rng.uniform(30, 90), sheet.width, sheet.height, fill=fill)
    sheet.text(sheet.width / 2, y, text, font, "center")
    if rng.random() < 0.3:
        sheet.text(sheet.width / 2, y + font.size, "[FILED UNDER SEAL]", font.scaled(0.5), "center")
    height = sheet.height - y - 180
    if height > 120 and rng.random() < 0.45:
        rng.choice([pictures.photo, pictures.chart])(sheet, 110, y + 50, sheet.width - 220, height * rng.uniform(0.6, 1))
    small = Font("Times", 12)
    sheet.redactable_text(110, sheet.height - 108, sheet.truncated(sheet.words.sentence(), small, sheet.width - 220), small)
    if rng.random() < 0.3:
        furniture.filing_stamp(sheet)


def report(sheet: Sheet) -> None:
    """Plain running text with a page number; the most common kind of page."""
    rng, setting = sheet.rng, draw_typesetting(sheet.rng)
    if rng.random() < 0.25:
        furniture.filing_stamp(sheet)
    running_text(sheet, setting, rng.uniform(54, 110), sheet.height - rng.choice([70, 70, 120, rng.uniform(120, 600)]))
    page_number(sheet, setting.font)
