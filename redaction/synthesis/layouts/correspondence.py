"""Letters, memos, e-mails and text messages."""

from __future__ import annotations

from redaction.synthesis import furniture
from redaction.synthesis.colors import bright_color, dark_color, pale_color, text_color_on
from redaction.synthesis.handwriting import signature
from redaction.synthesis.layouts.running import draw_font, draw_typesetting, page_number, running_text
from redaction.synthesis.sheet import Font, Sheet


def letter(sheet: Sheet) -> None:
    """Letterhead, address, salutation, body, signature."""
    rng, setting = sheet.rng, draw_typesetting(sheet.rng)
    font, x, right = setting.font, setting.left, sheet.width - setting.right
    y = _letterhead(sheet, x, right)
    to, reference = [sheet.words.person(), *sheet.words.address()], sheet.words.reference()
    at = rng.choice([x, x, sheet.width * 0.55])
    sheet.redactable_text(at, y, sheet.words.date(), font)
    y += font.size * 2.5
    for text in to:
        sheet.redactable_text(x, y, text, font)
        y += font.size * 1.25
    y += font.size
    if rng.random() < 0.6:
        sheet.redactable_text(
            x, y, f"{sheet.words.language.phrases(sheet.words.language.mail)[-1]}: {reference}", font.with_style("B")
        )
        y += font.size * 2
    sheet.redactable_text(x, y, f"{sheet.words.language.greeting} {sheet.words.surname()},", font)
    until = rng.choice([sheet.height - 150, rng.uniform(y + 80, sheet.height - 150)])
    y = running_text(sheet, setting, y + font.size, until)
    _closing(sheet, x, y + 20, font)
    page_number(sheet, font)


def _letterhead(sheet: Sheet, x: float, right: float) -> float:
    rng, name = sheet.rng, sheet.words.agency()
    kind = rng.choice(["logo", "center", "band", "plain"])
    if kind == "band":
        fill = dark_color(rng)
        sheet.rect(0, 0, sheet.width, rng.uniform(50, 90), fill=fill)
        sheet.text(x, 38, name, Font("Helvetica", rng.uniform(15, 24), "B", text_color_on(fill)))
    elif kind == "center":
        furniture.round_seal(sheet, sheet.width / 2, 50, 26, dark_color(rng))
        sheet.text(sheet.width / 2, 92, name.upper(), Font("Times", rng.uniform(12, 16), "B"), "center")
    else:
        if kind == "logo":
            furniture.logo(sheet, x, 36, rng.uniform(28, 48))
        sheet.text(right, 60, name, Font("Helvetica", 13, "B"), "right")
        sheet.text(right, 74, ", ".join(sheet.words.address()), Font("Helvetica", 8), "right")
    if rng.random() < 0.4:
        sheet.rule(x, 104, right, 104, rng.uniform(0.6, 4), dark_color(rng))
    return rng.uniform(128, 160)


def _closing(sheet: Sheet, x: float, y: float, font: Font) -> None:
    regards = sheet.rng.choice(sheet.words.language.phrases(sheet.words.language.regards))
    sheet.redactable_text(x, y, f"{regards},", font)
    kind = sheet.rng.random()
    if kind < 0.15:
        _digital_signature(sheet, x, y + 6)
    elif kind < 0.75:
        signature(sheet, x, y + 26, sheet.rng.uniform(60, 140))
    sheet.redactable_text(x, y + 48, sheet.words.person(), font)
    if sheet.rng.random() < 0.6:
        sheet.redactable_text(x, y + 48 + font.size * 1.2, sheet.words.words(3).title(), font)


def _digital_signature(sheet: Sheet, x: float, y: float) -> None:
    """The frame that signing software puts in place of a signature: signer, date and time."""
    words, name = sheet.words, sheet.words.person()
    if sheet.rng.random() < 0.6:
        sheet.rect(x, y, x + 190, y + 30, edge=(0, 0, 0), line_width=0.5)
    sheet.redactable_text(x + 4, y + 20, sheet.truncated(name, Font("Helvetica", 13), 84), Font("Helvetica", 13))
    for row, text in enumerate((f"Digitally signed by {name}", f"Date: {words.date()}", f"{words.time()}:12 +01'00'")):
        sheet.text(x + 92, y + 9 + row * 8, sheet.truncated(text, Font("Helvetica", 6.5), 96), Font("Helvetica", 6.5))


def memo(sheet: Sheet) -> None:
    """TO, FROM and SUBJECT with their values, a rule, and the text below."""
    rng, setting = sheet.rng, draw_typesetting(sheet.rng)
    font, x = setting.font, setting.left
    big = font.with_style("B").scaled(rng.uniform(1.2, 2))
    sheet.text(sheet.width / 2 if rng.random() < 0.5 else x, 74, rng.choice(["MEMORANDUM", "NOTE TO FILE", "NOTA", "MEMO"]), big)
    y, labels = 110.0, sheet.words.language.phrases(sheet.words.language.mail)
    for label in [labels[0], labels[2], labels[1], labels[4]]:
        text = (
            sheet.words.date()
            if label == labels[1]
            else sheet.words.title().title()
            if label == labels[4]
            else sheet.words.person()
        )
        sheet.text(x, y, f"{label.upper()}:", font.with_style("B"))
        sheet.redactable_text(x + 90, y, text, font)
        y += font.size * rng.choice([1.4, 1.4, 2])
    sheet.rule(x, y, sheet.width - setting.right, y, rng.choice([0.6, 2, 4]))
    running_text(sheet, setting, y + 12, sheet.height - 70)
    page_number(sheet, font)


def email(sheet: Sheet) -> None:
    """Header lines, body, and quoted messages below, as printed by mail programs."""
    rng, font = sheet.rng, draw_font(sheet.rng, 8.5, 11.5)
    setting = draw_typesetting(rng, font.with_style(""))
    x, y, bottom = rng.uniform(36, 70), rng.uniform(44, 70), sheet.height - 56
    if rng.random() < 0.5:
        sheet.text(x, y, sheet.words.person(), font.with_style("B").scaled(1.2))
        sheet.rule(x, y + 6, sheet.width - x, y + 6, rng.choice([1.0, 3.0]))
        y += 26
    tint, quoted, depth = rng.choice([None, None, pale_color(rng)]), rng.random() < 0.25, 0
    while y < bottom - 90:
        left = x + (depth * 10 if quoted else 0)
        y = _mail_head(sheet, left, y, font, tint)
        until = min(bottom, y + rng.choice([rng.uniform(40, 120), rng.uniform(100, 420)]))
        end = running_text(sheet, setting, y + 10, until, left, sheet.width - x - left)
        if quoted and depth:
            sheet.rule(left - 5, y, left - 5, end, 1.2, bright_color(rng))
        y = end + 14
        if y < bottom - 60:
            sheet.redactable_text(left, y, sheet.words.person(), font)
            y += font.size * 2
        if rng.random() < 0.3 and y < bottom - 40:
            y = _disclaimer(sheet, left, y, font)
        style = rng.choice(["rule", "dashes", "none"])
        if style == "rule":
            sheet.rule(left, y, sheet.width - x, y, 0.7, (150, 150, 150))
        elif style == "dashes":
            sheet.text(left, y, "-----Original Message-----", font)
        y, depth = y + font.size * 2, depth + 1


def _mail_head(sheet: Sheet, x: float, y: float, font: Font, tint: tuple[int, int, int] | None) -> float:
    words, rng = sheet.words, sheet.rng
    sender, labels = words.person(), words.language.phrases(words.language.mail)
    receivers = [words.person() for _ in range(rng.choice([1, 1, 2, 5]))]
    form = rng.choice(["name", "both", "address"])
    shown = [
        {"name": one, "both": f"{one} <{words.email_address(one)}>", "address": words.email_address(one)}[form]
        for one in [sender, *receivers]
    ]
    values = [
        shown[0],
        f"{words.date()} {words.time()}",
        "; ".join(shown[1:]),
        words.person(),
        f"{rng.choice(['RE: ', 'FW: ', ''])}{words.title().title()}",
    ]
    chosen = [index for index in range(5) if index != 3 or rng.random() < 0.4]
    if tint:
        sheet.rect(x - 4, y - font.size * 1.2, sheet.width - x + 4, y + font.size * 1.3 * len(chosen), fill=tint)
    for index in chosen:
        sheet.text(x, y, f"{labels[index]}:", font.with_style("B"))
        column = x + font.size * 6.5
        sheet.redactable_text(column, y, sheet.truncated(values[index], font, sheet.width - column - 40), font)
        y += font.size * 1.3
    if rng.random() < 0.2:
        sheet.text(x, y, "Attachments:", font.with_style("B"))
        sheet.redactable_text(x + font.size * 7.5, y, f"{words.words(1)}_{rng.randint(1, 99)}.pdf", font.in_color((20, 40, 190)))
        y += font.size * 1.3
    return y


def _disclaimer(sheet: Sheet, x: float, y: float, font: Font) -> float:
    small = font.scaled(0.75).in_color((120, 120, 120))
    return (
        sheet.paragraph(x, y, sheet.width - x - 60, sheet.words.prose(2), small, small.size * 1.2, bottom=sheet.height - 50) + 8
    )


def chat(sheet: Sheet) -> None:
    """Chat bubbles with names and times on a white or dark background; sometimes a phone screenshot on the page."""
    rng = sheet.rng
    black = rng.random() < 0.3
    width = rng.choice([sheet.width, sheet.width, 260.0])
    x0 = (sheet.width - width) / 2
    top, bottom = (0.0, sheet.height) if width == sheet.width else (70.0, sheet.height - 60)
    if black:
        sheet.rect(x0, top, x0 + width, bottom, fill=(18, 18, 20))
    bar = rng.choice([(240, 240, 242), dark_color(rng), bright_color(rng)])
    sheet.rect(x0, top, x0 + width, top + 44, fill=bar)
    sheet.text(x0 + width / 2, top + 28, sheet.words.person(), Font("Helvetica", 12, "B", text_color_on(bar)), "center")
    mine, theirs = bright_color(rng), (58, 58, 62) if black else (230, 230, 235)
    font, y = Font(rng.choice(["Helvetica", "Sans"]), rng.uniform(9, 12)), top + 60
    while y < bottom - 70:
        own = rng.random() < 0.5
        wide = min(width * rng.uniform(0.3, 0.72), 330)
        text = sheet.words.sentence()
        lines = 1 + int(sheet.text_width(text, font) / (wide - 24) * 1.15)
        height = lines * font.size * 1.3 + 12
        left = x0 + width - wide - 14 if own else x0 + 14
        fill = mine if own else theirs
        sheet.rounded(left, y, left + wide, y + height, fill=fill, radius=12)
        end = sheet.paragraph(
            left + 12, y + 6, wide - 24, text, font.in_color(text_color_on(fill)), font.size * 1.3, bottom=min(bottom, y + height)
        )
        if rng.random() < 0.3:
            sheet.text(
                x0 + width / 2,
                y + height + 11,
                f"{sheet.words.date()} {sheet.words.time()}",
                Font("Helvetica", 7, "", (140, 140, 140)),
                "center",
            )
            end += 12
        y = max(end, y + height) + rng.uniform(4, 16)
    if width < sheet.width:
        sheet.rounded(x0 - 6, top - 20, x0 + width + 6, bottom + 20, edge=(0, 0, 0), radius=18)
