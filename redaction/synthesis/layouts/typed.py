"""Typewritten papers: cables, dispatches on ruled forms, intelligence bulletins and briefs, police reports."""

from __future__ import annotations

from redaction.synthesis import furniture
from redaction.synthesis.handwriting import handwritten_line, reader_marks, signature
from redaction.synthesis.sheet import Font, Sheet

_MARKINGS = ["TOP SECRET", "SECRET", "CONFIDENTIAL", "RESTRICTED", "UNCLASSIFIED", "FOR OFFICIAL USE ONLY", "EYES ONLY", "NOFORN"]


def _typewriter(sheet: Sheet) -> Font:
    rng = sheet.rng
    sheet.jitter_pt, sheet.emphasis_share = rng.choice([0.0, 0.2, 0.5]), 0.003
    family = rng.choices(["Courier", "Typewriter", "Mono"], [4, 2, 1])[0]
    return Font(family, rng.choice([9.0, 10.0, 11.0, 12.0]), rng.choice(["", "", "B"]), stretch=rng.choice([100, 92, 108]))  # type: ignore[arg-type]


def _marking(sheet: Sheet, text: str, font: Font) -> None:
    """The classification at the top and the bottom of the page, often struck out on release."""
    rng, big = sheet.rng, font.with_style("B").scaled(sheet.rng.uniform(1, 1.6))
    for y in (rng.uniform(30, 46), sheet.height - rng.uniform(24, 40)):
        line = sheet.text(sheet.width / 2, y, text, big, "center")
        if rng.random() < 0.4:
            sheet.rule(line[0][0] - 4, y - big.size * 0.3, line[-1][2] + 4, y - big.size * 0.3, rng.uniform(0.8, 2.5))


def typewritten(sheet: Sheet) -> None:
    """A typewritten bulletin with numbered items."""
    rng, font = sheet.rng, _typewriter(sheet)
    if rng.random() < 0.6:
        furniture.release_stamp(sheet)
    x, right = rng.uniform(80, 140), sheet.width - rng.uniform(70, 130)
    y, leading = rng.uniform(70, 130), font.size * rng.choice([1.1, 1.3, 1.6, 2.1])
    _marking(sheet, rng.choice(_MARKINGS), font)
    number, bottom, labeled = rng.randint(1, 9), sheet.height - 84, rng.random() < 0.8
    while y < bottom - 30:
        if labeled:
            sheet.text(
                x - 8, y + leading * 0.5 + font.size * 0.26, f"{number}." if rng.random() < 0.7 else "Comment:", font, "right"
            )
        y = sheet.paragraph(x, y, right - x, sheet.words.prose(rng.randint(1, 5)), font, leading, indent=28, bottom=bottom)
        y, number = y + font.size, number + 1
    sheet.text(x, sheet.height - 56, f"{sheet.words.date()}    DAILY BULLETIN    Page {rng.randint(1, 12)}", font)
    if rng.random() < 0.3:
        reader_marks(sheet)


def brief(sheet: Sheet) -> None:
    """A narrow typewritten column with wide margins, sometimes with the subject of each item to its left."""
    rng, font = sheet.rng, _typewriter(sheet).with_style("B" if sheet.rng.random() < 0.4 else "")
    font = font.scaled(rng.choice([1, 1, 1.15]) * max(1, 10.5 / font.size))
    furniture.release_stamp(sheet)
    heading = Font("Helvetica", 9, "I")
    sheet.text(sheet.width / 2, 40, "FOR THE MINISTER ONLY" if rng.random() < 0.6 else rng.choice(_MARKINGS), heading, "center")
    if rng.random() < 0.3:
        for notch in range(24):
            sheet.rect(40 + notch * 22, 56, 50 + notch * 22, 60, edge=(0, 0, 0), line_width=0.7)
    beside = rng.random() < 0.5
    x = rng.uniform(210, 250) if beside else rng.uniform(110, 190)
    width, leading = min(rng.uniform(220, 320), sheet.width - x - 70), font.size * rng.choice([1.1, 1.5])
    y, number, bottom = rng.uniform(80, 200), rng.randint(1, 6), sheet.height - rng.uniform(80, 220)
    while y + leading * 2 < bottom:
        if beside:
            sheet.text(x - 150, y + leading * 0.76, f"{number}.", font)
            sheet.paragraph(x - 125, y, 100, sheet.words.words(rng.randint(1, 3)).title(), font, font.size * 1.15)
        elif number == 1:
            sheet.redactable_text(x + width / 2, y, sheet.words.title(), font, "center")
            y += leading * 1.5
        for _ in range(rng.randint(1, 3)):
            y = (
                sheet.paragraph(
                    x, y, width, sheet.words.prose(rng.randint(1, 3)), font, leading, indent=font.size * 2.5, bottom=bottom
                )
                + leading
            )
        y, number = y + rng.choice([0, 20, 60]), number + 1
    sheet.text(
        x + width / 2,
        sheet.height - 40,
        rng.choice(["(continued)", str(rng.randint(1, 9)), "FOR THE MINISTER ONLY"]),
        font,
        "center",
    )


def cable(sheet: Sheet) -> None:
    """A cable in capitals: a ruled head with precedence and distribution, numbered paragraphs, handwritten remarks."""
    rng, font = sheet.rng, _typewriter(sheet)
    x, right, y = rng.uniform(46, 90), sheet.width - rng.uniform(46, 80), rng.uniform(60, 90)
    if rng.random() < 0.7:
        y = _ruled_head(sheet, x, y, right, rng.randint(2, 4))
    for label in rng.sample(["FM", "TO", "INFO", "REF", "SUBJ", "TAGS", "ACTION", "R", "PRECEDENCE"], rng.randint(3, 6)):
        y += font.size * 1.3
        sheet.text(x, y, label, font)
        sheet.redactable_text(
            x + 70, y, sheet.truncated(sheet.words.words(rng.randint(2, 8)).upper(), font, right - x - 70), font
        )
    y += font.size
    leading, number, bottom = font.size * rng.choice([1.15, 1.5, 2]), 1, sheet.height - rng.uniform(70, 200)
    while y + leading < bottom:
        text = f"{number}. {sheet.words.prose(rng.randint(1, 4))}".upper()
        end = sheet.paragraph(x, y, right - x, text, font, leading, bottom=bottom)
        if end == y:
            break
        y, number = end + rng.choice([0, leading]), number + 1
    if rng.random() < 0.6:
        _marking(sheet, rng.choice(_MARKINGS), font)
    for _ in range(rng.choice([0, 1, 3])):
        handwritten_line(
            sheet,
            rng.uniform(60, sheet.width - 220),
            rng.uniform(60, sheet.height - 40),
            rng.uniform(40, 160),
            rng.uniform(9, 18),
        )
    if rng.random() < 0.5:
        reader_marks(sheet)
    furniture.stamp(sheet, rng.uniform(80, 380), sheet.height - rng.uniform(40, 90))
    _registry_marks(sheet)


def _ruled_head(sheet: Sheet, x: float, y: float, right: float, rows: int) -> float:
    rng, small = sheet.rng, Font("Helvetica", 5.5)
    typed, line = Font("Courier", 9), rng.choice([0.5, 0.8, 0.8, 1.4])
    for _ in range(rows):
        height, cells, left = rng.uniform(18, 34), rng.randint(1, 5), x
        for cell in range(cells):
            until = right if cell == cells - 1 else left + (right - left) * rng.uniform(0.2, 0.6)
            sheet.rect(left, y, until, y + height, edge=(0, 0, 0), line_width=line)
            if rng.random() < 0.8:
                sheet.text(left + 2, y + 7, sheet.truncated(sheet.words.field().upper(), small, until - left - 4), small)
            if rng.random() < 0.55 and until - left > 30:
                sheet.redactable_text(
                    left + 6, y + height - 5, sheet.truncated(sheet.words.cell().upper(), typed, until - left - 10), typed
                )
            left = until
        y += height
    return y


def routing(sheet: Sheet) -> None:
    """A message under a printed routing head: many small captioned cells, most of them empty, initials in some."""
    rng, font = sheet.rng, _typewriter(sheet)
    x, right, y = rng.uniform(30, 70), sheet.width - rng.uniform(30, 70), rng.uniform(36, 80)
    split = x + (right - x) * rng.uniform(0.5, 0.75)
    for label in rng.sample(["ORIG", "UNIT", "EXT", "DATE", "FROM", "TO", "CONF", "INFO"], rng.randint(3, 6)):
        y += 13
        sheet.text(x, y, f"{label}:", Font("Helvetica", 7))
        sheet.redactable_text(x + 40, y, sheet.truncated(sheet.words.cell().upper(), font, split - x - 50), font)
    _numbered_cells(sheet, split, y - rng.uniform(30, 60), right)
    foot = _ruled_head(sheet, x, y + 8, right, rng.randint(1, 3)) + 20
    leading, bottom = font.size * rng.choice([1.15, 1.5, 2]), sheet.height - rng.uniform(90, 220)
    y = sheet.paragraph(x + 10, foot, right - x - 30, sheet.words.prose(12).upper(), font, leading, bottom=bottom)
    _numbered_cells(sheet, rng.choice([x, split]), min(y + 16, sheet.height - 90), right)
    for _ in range(rng.randint(0, 6)):
        handwritten_line(
            sheet, rng.uniform(40, sheet.width - 160), rng.uniform(50, sheet.height - 40), rng.uniform(20, 90), rng.uniform(9, 20)
        )
    furniture.stamp(sheet, rng.uniform(60, 300), sheet.height - rng.uniform(20, 80))
    if rng.random() < 0.5:
        text, bold = (
            f"{rng.randint(1990, 2025)} RELEASE UNDER THE RECORDS ACT OF {rng.randint(1960, 1999)}",
            Font("Helvetica", 8, "B"),
        )
        sheet.rect(90, 6, 100 + sheet.text_width(text, bold), 21, edge=(0, 0, 0), line_width=0.8, fill=(255, 255, 255))
        sheet.text(95, 17, text, bold)
    _registry_marks(sheet)


def _registry_marks(sheet: Sheet) -> None:
    """Registry marks on a message: framed words that stay readable, a framed classification, routing slips."""
    rng = sheet.rng
    if rng.random() < 0.4:
        _boxed_words(sheet)
    if rng.random() < 0.4:
        font = Font("Courier", rng.uniform(8, 12), rng.choice(["", "B"]))
        text = " ".join(rng.choice(_MARKINGS)) if rng.random() < 0.5 else rng.choice(_MARKINGS)
        wide, high = sheet.text_width(text, font) + rng.uniform(10, 50), font.size * rng.uniform(1.4, 2.4)
        x, y = rng.uniform(0.1, 0.6) * sheet.width, rng.choice([rng.uniform(30, 90), sheet.height - rng.uniform(50, 90)])
        sheet.rect(x, y, x + wide, y + high, edge=(0, 0, 0), line_width=rng.choice([0.6, 1, 1.6]))
        sheet.text(x + wide / 2, y + high / 2 + font.size * 0.3, text, font, "center")
    for _ in range(rng.choice([0, 0, 1, 2])):
        _slip(sheet, rng.uniform(0.05, 0.75) * sheet.width, rng.uniform(0.05, 0.8) * sheet.height)


def _boxed_words(sheet: Sheet) -> None:
    """Tight frames around words that stay readable, as reviewers mark significant names."""
    rng, line = sheet.rng, sheet.rng.choice([0.5, 0.8, 1.2])
    words = [word for paragraph in sheet.paragraphs for text_line in paragraph for word in text_line]
    for x0, y0, x1, y1 in rng.sample(words, min(len(words), rng.randint(1, 12))):
        pad = rng.uniform(0.5, 2.5)
        sheet.rect(x0 - pad, y0 - pad, x1 + pad, y1 + pad, edge=(0, 0, 0), line_width=line)


def _slip(sheet: Sheet, x: float, y: float) -> None:
    """A small stamped routing table: offices in a narrow column, initials or nothing beside them."""
    rng, small = sheet.rng, Font("Helvetica", sheet.rng.uniform(5, 7), "B")
    line, wide, high = rng.choice([0.6, 1, 1.6]), rng.uniform(60, 130), rng.uniform(9, 16)
    split = x + wide * rng.uniform(0.2, 0.5)
    for row in range(rng.randint(2, 7)):
        top = y + row * high
        if top + high > sheet.height - 8:
            return
        if rng.random() < 0.2:
            sheet.rect(x, top, x + wide, top + high, edge=(0, 0, 0), line_width=line)
            continue
        sheet.rect(x, top, split, top + high, edge=(0, 0, 0), line_width=line)
        sheet.rect(split, top, x + wide, top + high, edge=(0, 0, 0), line_width=line)
        text = rng.choice([f"C/{rng.choice('SWEA')}B", "P,M", "FILE", "R.I.", "COS", "1", ""])
        sheet.text(x + 2, top + high * 0.7, sheet.truncated(text, small, split - x - 3), small)
        if rng.random() < 0.3:
            handwritten_line(sheet, split + 4, top + high * 0.8, (x + wide - split) * rng.uniform(0.3, 0.7), high * 0.7)


def _numbered_cells(sheet: Sheet, x: float, y: float, right: float) -> None:
    """Up to four columns of line-high cells, numbered from 1."""
    rng, columns, rows, high = sheet.rng, sheet.rng.choice([1, 2, 2, 4]), sheet.rng.randint(2, 6), sheet.rng.uniform(11, 17)
    line, wide, small = rng.choice([0.5, 0.8, 1.2, 1.8]), (right - x) / columns, Font("Helvetica", 6)
    for row in range(rows):
        for column in range(columns):
            left, top = x + column * wide, y + row * high
            if top + high > sheet.height - 8:
                return
            sheet.rect(left, top, left + wide, top + high, edge=(0, 0, 0), line_width=line)
            if rng.random() < 0.8:
                sheet.text(left + 2, top + high * 0.65, str(row + 1 + column * rows), small)
            if rng.random() < 0.25 and wide > 40:
                handwritten_line(sheet, left + 12, top + high * 0.8, wide * rng.uniform(0.2, 0.6), high * 0.7)


def dispatch(sheet: Sheet) -> None:
    """A letter typed into a printed frame: cells at the top and the bottom, the text between two vertical rules."""
    rng, font = sheet.rng, _typewriter(sheet)
    left, right, top, bottom = (
        rng.uniform(40, 110),
        sheet.width - rng.uniform(40, 90),
        rng.uniform(40, 70),
        sheet.height - rng.uniform(60, 170),
    )
    y = _ruled_head(sheet, left, top, right, rng.randint(3, 5))
    foot = bottom - rng.uniform(60, 100)
    leading = font.size * rng.choice([1.1, 1.25, 1.5])
    y += leading
    number = 1
    while y + leading < foot:
        text = f"{number}. {sheet.words.prose(rng.randint(1, 4))}"
        end = sheet.paragraph(left + 16, y, right - left - 32, text, font, leading, indent=font.size * 3, bottom=foot)
        if end == y:
            break
        y, number = end + leading * rng.choice([0, 1]), number + 1
    _ruled_head(sheet, rng.choice([left, (left + right) / 2]), foot + 6, right, 2)
    sheet.rect(left, top, right, bottom, edge=(0, 0, 0), line_width=rng.choice([0.7, 1.4]))
    _registry_marks(sheet)
    if rng.random() < 0.5:
        signature(sheet, left + 30, foot - 4, 110)
    if rng.random() < 0.5:
        reader_marks(sheet)
    if rng.random() < 0.4:
        text = f"{rng.randint(1990, 2025)} RELEASE UNDER THE RECORDS ACT"
        label = Font("Helvetica", 8)
        sheet.rect(80, 8, 90 + sheet.text_width(text, label), 22, edge=(0, 0, 0), line_width=0.8)
        sheet.text(85, 18, text, label)


def police(sheet: Sheet) -> None:
    """An incident report: a head of captioned cells, persons involved, a narrative."""
    rng, font = sheet.rng, _typewriter(sheet)
    font = font if rng.random() < 0.6 else Font("Helvetica", 9.5)
    x, right, y = 36.0, sheet.width - 36, 40.0
    sheet.text(sheet.width / 2, y, f"{sheet.words.agency().upper()} - INCIDENT REPORT", Font("Helvetica", 13, "B"), "center")
    y = _ruled_head(sheet, x, y + 10, right, rng.randint(2, 5))
    for _ in range(rng.randint(1, 3)):
        furniture.reversed_heading(sheet, x, y, right - x, sheet.words.title(), 14)
        y = _ruled_head(sheet, x, y + 14, right, rng.randint(1, 3))
    sheet.text(x + 2, y + 14, "NARRATIVE", Font("Helvetica", 9, "B"))
    top, bottom, leading = y, sheet.height - 60, font.size * rng.choice([1.15, 1.3])
    y += 20
    while y + leading < bottom:
        end = sheet.paragraph(x + 6, y, right - x - 12, sheet.words.prose(rng.randint(2, 6)), font, leading, bottom=bottom)
        if end == y:
            break
        y = end + leading
    if rng.random() < 0.6:
        sheet.rect(x, top, right, bottom + 4, edge=(0, 0, 0), line_width=0.8)
    _ruled_head(sheet, x, sheet.height - 52, right, 1)
