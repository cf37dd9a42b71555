"""Items at the edges of a page or across it: stamps, holes, codes, watermarks, bars, color targets."""

from __future__ import annotations

from collections.abc import Callable

from redaction.synthesis.colors import any_color, pale_color, text_color_on
from redaction.synthesis.furniture import barcode, binder_holes, filing_stamp, matrix_code, page_tab, stamp
from redaction.synthesis.sheet import Font, Rgb, Sheet


def underlay(sheet: Sheet) -> None:
    """Draw what lies under the text: tinted paper, colored bars at the edges, a watermark, a border."""
    rng = sheet.rng
    if rng.random() < 0.06:
        sheet.rect(0, 0, sheet.width, sheet.height, fill=pale_color(rng))
    if rng.random() < 0.08:
        fill, high = any_color(rng), rng.uniform(4, 22)
        sheet.rect(0, 0, sheet.width, high, fill=fill)
        if rng.random() < 0.6:
            sheet.rect(0, sheet.height - high, sheet.width, sheet.height, fill=fill)
            font = Font("Helvetica", min(9, high * 0.7), "", text_color_on(fill))
            sheet.text(sheet.width - 30, sheet.height - high * 0.3, sheet.words.agency(), font, "right")
    elif rng.random() < 0.03:
        sheet.rect(0, 0, rng.uniform(6, 24), sheet.height, fill=any_color(rng))
    if rng.random() < 0.06:
        watermark(sheet)
    if rng.random() < 0.05:
        _border(sheet)


def _border(sheet: Sheet) -> None:
    """A single or double frame around the whole page."""
    rng, inset, line = sheet.rng, sheet.rng.uniform(10, 28), sheet.rng.choice([0.5, 1, 2.5])
    color: Rgb = rng.choice([(0, 0, 0), (0, 0, 0), any_color(rng)])
    sheet.rect(inset, inset, sheet.width - inset, sheet.height - inset, edge=color, line_width=line)
    if rng.random() < 0.4:
        inset += 4
        sheet.rect(inset, inset, sheet.width - inset, sheet.height - inset, edge=color, line_width=0.5)


def watermark(sheet: Sheet) -> None:
    """A large pale word across the page, under its text."""
    rng = sheet.rng
    text = rng.choice(["DRAFT", "COPY", "CONFIDENTIAL", "SAMPLE", "UNCLASSIFIED", "CONCEPT", "VOID"])
    level = rng.randint(200, 236)
    color: Rgb = rng.choice([(level, level, level), (255, level, level), (level, level, 255)])
    font = Font("Helvetica", rng.uniform(60, 110), "B", color)
    font = sheet.font_to_fit(font, text, 0.9 * sheet.width)
    with sheet.pdf.rotation(rng.choice([0, 35, 45, 52]), sheet.width / 2, sheet.height / 2):
        sheet.text(sheet.width / 2, sheet.height / 2 + 20, text, font, "center")


def overlay(sheet: Sheet) -> None:
    """Draw what was added after the page was written: stamps, codes, holes, marks."""
    rng = sheet.rng
    if rng.random() < 0.12:
        stamp(sheet, rng.uniform(60, sheet.width - 200), rng.uniform(50, sheet.height - 50))
    if rng.random() < 0.04:
        barcode(sheet, sheet.width - 150, sheet.height - 44, 100, 22)
    if rng.random() < 0.03:
        matrix_code(sheet, sheet.width - 64, 18, 46)
    for draw, chance in _MARKS:
        if rng.random() < chance:
            draw(sheet)


def _page_code(sheet: Sheet) -> None:
    """A production (Bates) number."""
    rng = sheet.rng
    text = f"{rng.choice(['ABC', 'GOV', 'DEF', 'EX'])}-{rng.randint(0, 99999):07}"
    sheet.text(sheet.width - 30, sheet.height - 14, text, Font("Helvetica", 9, rng.choice(["", "B"])), "right")


def _side_text(sheet: Sheet) -> None:
    """Small print along the page's edge, rotated by 90 degrees."""
    x = sheet.rng.choice([14.0, sheet.width - 10])
    with sheet.pdf.rotation(90, x, sheet.height * 0.7):
        sheet.text(x, sheet.height * 0.7, sheet.words.words(8), Font("Helvetica", 7))


def _change_bars(sheet: Sheet) -> None:
    """Vertical lines beside changed or important paragraphs."""
    for paragraph in sheet.paragraphs:
        if len(paragraph) > 1 and sheet.rng.random() < 0.4:
            x = max(4, min(word[0] for line in paragraph for word in line) - sheet.rng.choice([8, 20]))
            sheet.rule(x, paragraph[0][0][1], x, paragraph[-1][0][3], sheet.rng.choice([0.7, 1.5, 3]))


def color_target(sheet: Sheet) -> None:
    """The strip of gray and colored squares that archives photograph beside a page."""
    rng, size, x = sheet.rng, sheet.rng.uniform(12, 24), sheet.rng.uniform(20, 120)
    y = sheet.height - size - 4
    for index in range(rng.randint(6, 14)):
        level = 255 - index * 24
        fill: Rgb = (max(0, level),) * 3 if rng.random() < 0.7 else any_color(rng)
        sheet.rect(x + index * size, y, x + (index + 1) * size, y + size, fill=fill, edge=(0, 0, 0), line_width=0.4)
        sheet.text(x + (index + 0.5) * size, y - 2, str(index + 1), Font("Helvetica", 5), "center")


def _comb_holes(sheet: Sheet) -> None:
    """The row of small rectangular holes of a comb binding, along the top, the bottom or the left edge."""
    rng, upright = sheet.rng, sheet.rng.random() < 0.25
    wide, high = rng.uniform(8, 18), rng.uniform(4, 9)
    step, at = wide * rng.uniform(1.3, 2.4), rng.uniform(6, 60)
    edge_at = rng.choice([rng.uniform(10, 60), rng.uniform(0.1, 0.3) * sheet.height]) if not upright else rng.uniform(6, 30)
    fill: Rgb | None = rng.choice([None, None, None, (255, 255, 255), (0, 0, 0), (150, 150, 150)])
    line = rng.uniform(0.5, 1.6)
    while at + wide < (sheet.height if upright else sheet.width) - 6:
        x, y = (edge_at, at) if upright else (at, edge_at)
        x1, y1 = (x + high, y + wide) if upright else (x + wide, y + high)
        if rng.random() < 0.4:
            sheet.rounded(x, y, x1, y1, fill=fill, edge=(0, 0, 0), radius=2)
        else:
            sheet.rect(x, y, x1, y1, fill=fill, edge=(0, 0, 0), line_width=line)
        at += step


def _crop_marks(sheet: Sheet) -> None:
    for x in (18.0, sheet.width - 18):
        for y in (18.0, sheet.height - 18):
            sheet.rule(x - 8, y, x + 8, y, 0.5)
            sheet.rule(x, y - 8, x, y + 8, 0.5)


_MARKS: list[tuple[Callable[[Sheet], None], float]] = [
    (binder_holes, 0.08), (page_tab, 0.04), (_page_code, 0.06), (filing_stamp, 0.05), (_side_text, 0.05), (_change_bars, 0.05),
    (color_target, 0.02), (_crop_marks, 0.03), (_comb_holes, 0.06),
]  # fmt: skip
"""Marks that need no reserved space, with the probability of each per page."""
