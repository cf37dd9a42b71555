"""Page furniture that is not a redaction: logos, codes, stamps, seals, holes, reversed headings."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from redaction.synthesis.colors import any_color, bright_color, dark_color, text_color_on
from redaction.synthesis.sheet import Align, Font, Rgb, Sheet

_STAMP_INKS: list[Rgb] = [(180, 20, 30), (20, 40, 150), (0, 0, 0), (90, 90, 90), (110, 40, 130)]


def reversed_heading(sheet: Sheet, x: float, y: float, width: float, text: str, height: float, align: Align = "left") -> None:
    """White or black text on a colored bar: a section heading that looks like a redaction."""
    fill = any_color(sheet.rng)
    font = Font("Helvetica", height * sheet.rng.uniform(0.5, 0.68), sheet.rng.choice(["B", "B", ""]), text_color_on(fill))
    sheet.rect(x, y, x + width, y + height, fill=fill)
    at = {"left": x + height * 0.3, "center": x + width / 2, "right": x + width - height * 0.3}[align]
    sheet.text(at, y + height * 0.5 + font.size * 0.34, sheet.truncated(text, font, width - height * 0.6), font, align)


def logo(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A crest, blocks, a ring, a seal or a word, in a strong color."""
    rng = sheet.rng
    color = rng.choice([dark_color, bright_color])(rng)
    kind = rng.choice(["ring", "blocks", "crest", "word", "seal", "tiles"])
    if kind == "ring":
        sheet.ellipse(x, y, x + size, y + size, fill=color)
        sheet.ellipse(x + size * 0.22, y + size * 0.22, x + size * 0.78, y + size * 0.78, fill=(255, 255, 255))
    elif kind == "blocks":
        for step in range(3):
            left = x + step * size * 0.36
            sheet.rect(left, y + size * (0.5 - step * 0.2), left + size * 0.26, y + size, fill=color)
    elif kind == "tiles":
        for step in range(4):
            left, top = x + step % 2 * size * 0.55, y + step // 2 * size * 0.55
            sheet.rect(left, top, left + size * 0.45, top + size * 0.45, fill=bright_color(rng))
    elif kind == "crest":
        sheet.polygon([(x, y), (x + size, y), (x + size, y + size * 0.6), (x + size / 2, y + size), (x, y + size * 0.6)], color)
        font = Font("Times", size * 0.5, "B", (255, 255, 255))
        sheet.text(x + size / 2, y + size * 0.55, rng.choice("ABDEMRS"), font, "center")
    elif kind == "seal":
        round_seal(sheet, x + size / 2, y + size / 2, size / 2, color)
    else:
        width = size * rng.uniform(2, 3)
        sheet.rect(x, y, x + width, y + size * 0.8, fill=color)
        font = Font("Helvetica", size * 0.32, "B", text_color_on(color))
        sheet.text(
            x + width / 2, y + size * 0.55, rng.choice(["NORTHLINE", "AXIOM", "HARBOUR", "MERIDIAN", "BINT"]), font, "center"
        )


def round_seal(sheet: Sheet, x: float, y: float, radius: float, color: Rgb) -> None:
    """Rings with rays and a star in the middle, as used by agencies and notaries."""
    for share, line in ((1.0, 1.4), (0.92, 0.5), (0.62, 0.8)):
        reach = radius * share
        sheet.ellipse(x - reach, y - reach, x + reach, y + reach, edge=color, line_width=line)
    for ray in range(36):
        angle = ray / 36 * 2 * math.pi
        near, far = radius * 0.68, radius * (0.86 if ray % 3 else 0.76)
        ends = (x + near * math.cos(angle), y + near * math.sin(angle), x + far * math.cos(angle), y + far * math.sin(angle))
        sheet.rule(*ends, 1.0, color)
    star = [
        (
            x + radius * (0.5 if k % 2 else 0.2) * math.sin(k * math.pi / 5),
            y - radius * (0.5 if k % 2 else 0.2) * math.cos(k * math.pi / 5),
        )
        for k in range(10)
    ]
    sheet.polygon(star, color)


def badge(sheet: Sheet, x: float, y: float, radius: float) -> None:
    """A filled disc with a scalloped rim, rings, and a letter on a crest, as used by societies and schools."""
    rng, rim, inner = sheet.rng, bright_color(sheet.rng), dark_color(sheet.rng)
    teeth = rng.choice([24, 36, 48])
    rim_points = [
        (
            x + radius * (1.0 if k % 2 else 0.94) * math.sin(k * math.pi / teeth),
            y - radius * (1.0 if k % 2 else 0.94) * math.cos(k * math.pi / teeth),
        )
        for k in range(2 * teeth)
    ]
    sheet.polygon(rim_points, rim)
    for share, fill in ((0.86, inner), (0.8, rim), (0.77, inner)):
        reach = radius * share
        sheet.ellipse(x - reach, y - reach, x + reach, y + reach, fill=fill)
    for ray in range(20):
        angle = ray / 20 * 2 * math.pi
        px, py = x + radius * 0.62 * math.cos(angle), y + radius * 0.62 * math.sin(angle)
        sheet.ellipse(px - 2.5, py - 2.5, px + 2.5, py + 2.5, fill=rim)
    side = radius * 0.3
    sheet.polygon(
        [(x - side, y - side), (x + side, y - side), (x + side, y + side * 0.4), (x, y + side), (x - side, y + side * 0.4)], rim
    )
    sheet.text(x, y + side * 0.3, rng.choice("ABDEMRS"), Font("Helvetica", side, "B", inner), "center")
    ribbon = radius * rng.uniform(0.5, 0.9)
    sheet.rect(x - ribbon, y + radius * 0.4, x + ribbon, y + radius * 0.56, fill=rim)


def exhibit_label(sheet: Sheet, x: float, y: float) -> None:
    """The sticker that a court puts on an exhibit."""
    rng, font = sheet.rng, Font("Times", 10, "B")
    fill = rng.choice([(255, 240, 0), (255, 255, 255), (170, 210, 255)])
    sheet.rounded(x, y, x + 90, y + 54, fill=fill, edge=(0, 0, 0), radius=6)
    sheet.text(x + 45, y + 16, rng.choice(["GOVERNMENT", "PLAINTIFF'S", "DEFENDANT'S"]), font, "center")
    sheet.text(x + 45, y + 30, "EXHIBIT", font, "center")
    sheet.text(x + 45, y + 46, rng.choice([str(rng.randint(1, 90)), rng.choice("ABCDEF"), "____"]), font, "center")


def barcode(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """A one-dimensional barcode with its number below."""
    rng, left = sheet.rng, x
    while left < x + width:
        bar = rng.choice([0.8, 1.6, 2.4])
        sheet.rect(left, y, left + bar, y + height, fill=(0, 0, 0))
        left += bar + rng.choice([0.8, 1.6, 2.4])
    sheet.text(x, y + height + 9, f"{rng.randint(10**11, 10**12 - 1)}", Font("Courier", 8))


def matrix_code(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A two-dimensional code: random cells, with finder patterns in three corners."""
    cells = np.random.default_rng(sheet.rng.getrandbits(64)).random((21, 21)) < 0.5
    rows, columns = np.indices(cells.shape)
    for row, column in ((3, 3), (3, 17), (17, 3)):
        ring = np.maximum(abs(rows - row), abs(columns - column))
        cells = np.where(ring <= 4, np.isin(ring, (0, 1, 3)), cells)
    picture = Image.fromarray(np.where(cells, 0, 255).astype(np.uint8)).resize((252, 252), Image.Resampling.NEAREST)
    sheet.pdf.image(picture, x, y, size, size)


def stamp(sheet: Sheet, x: float, y: float) -> None:
    """A rubber stamp: framed words at a slight angle, sometimes with a date below; or a round one."""
    rng = sheet.rng
    text = rng.choice(
        ["RECEIVED", "CONFIDENTIAL", "COPY", "FILED", "TOP SECRET", "APPROVED", "DRAFT", "PAID", "SECRET", "ENTERED"]
    )
    color = rng.choice(_STAMP_INKS)
    if rng.random() < 0.25:
        round_seal(sheet, x + 20, y - 10, rng.uniform(24, 40), color)
        return
    font = Font(rng.choice(["Helvetica", "Times", "Courier"]), rng.uniform(12, 24), "B", color)
    width, below = sheet.text_width(text, font), rng.choice([0.35, 1.5])
    with sheet.pdf.rotation(rng.uniform(-14, 14), x, y):
        if rng.random() < 0.75:
            sheet.rect(x - 6, y - font.size, x + width + 6, y + font.size * below, edge=color, line_width=rng.uniform(0.8, 2.4))
        sheet.text(x, y, text, font)
        if below > 1:
            sheet.text(x + width / 2, y + font.size, sheet.words.date(), font.scaled(0.6), "center")


def filing_stamp(sheet: Sheet) -> None:
    """The line that a court's filing system prints across the top of each page."""
    rng = sheet.rng
    number = f"{rng.randint(1, 9)}:{rng.randint(10, 24)}-cv-{rng.randint(100, 9999):05}"
    filed = f"{rng.randint(1, 12):02}/{rng.randint(1, 28):02}/{rng.randint(15, 24)}"
    page = f"Page {rng.randint(1, 40)} of {rng.randint(40, 60)}"
    text = f"Case {number}-{rng.choice(['ABC', 'EMC', 'JST', 'DMG'])}   Document {rng.randint(2, 700)}   Filed {filed}   {page}"
    sheet.text(sheet.width / 2, 14, text, Font("Helvetica", 9, "", (0, 0, 230)), "center")


def release_stamp(sheet: Sheet) -> None:
    """The line that an agency prints on a partial release."""
    rng = sheet.rng
    wording = [
        "Declassified in Part - Sanitized Copy Approved for Release",
        "Approved for Release:",
        "Released under Information Act",
    ]
    date = f"{rng.randint(2010, 2024)}/{rng.randint(1, 12):02}/{rng.randint(1, 28):02}"
    text = f"{rng.choice(wording)} {date} : C{rng.randint(10**7, 10**8 - 1)}"
    box = rng.random() < 0.25
    for baseline in (16.0, sheet.height - 12):
        font = Font("Helvetica", 8, "B" if box else "")
        half = sheet.text_width(text, font) / 2 + 4
        if box and baseline < 20:
            sheet.rect(sheet.width / 2 - half, 5, sheet.width / 2 + half, 20, edge=(0, 0, 0), line_width=0.8)
        sheet.text(sheet.width / 2, baseline, text, font, "center")


def binder_holes(sheet: Sheet) -> None:
    """Punched holes, scanned as black discs or gray ovals."""
    rng = sheet.rng
    count, x, size = rng.choice([2, 3, 4]), rng.choice([rng.uniform(12, 24), sheet.width - 30]), rng.uniform(9, 17)
    shade = rng.choice([(20, 20, 20), (120, 120, 120)])
    for index in range(count):
        y = sheet.height * (index + 1) / (count + 1)
        sheet.ellipse(x, y, x + size, y + size, fill=shade, edge=(60, 60, 60))


def page_tab(sheet: Sheet) -> None:
    """A dark tab with a chapter number at the page's outer edge."""
    rng, fill = sheet.rng, dark_color(sheet.rng)
    y, height = rng.uniform(80, sheet.height - 160), rng.uniform(24, 80)
    sheet.rect(sheet.width - 24, y, sheet.width, y + height, fill=fill)
    sheet.text(
        sheet.width - 12, y + height / 2 + 5, str(rng.randint(1, 12)), Font("Helvetica", 13, "B", text_color_on(fill)), "center"
    )


def framed_text(sheet: Sheet, x: float, y: float, width: float, font: Font) -> float:
    """A readable paragraph in a frame or on a tint: a note, a warning, a quotation. Return its lower edge."""
    rng, leading, pad = sheet.rng, font.size * 1.25, sheet.rng.uniform(4, 12)
    text = sheet.words.prose(rng.randint(1, 3))
    lines = math.ceil(sheet.text_width(text, font) / (width - 2 * pad) * 1.12) + 1
    fill: Rgb | None = rng.choice([None, (235, 235, 235), (205, 205, 205), (255, 248, 215), (222, 234, 246)])
    edge: Rgb | None = (0, 0, 0) if fill is None or rng.random() < 0.4 else None
    bottom = y + lines * leading + 2 * pad
    if fill is None and rng.random() < 0.2:
        sheet.rounded(x, y, x + width, bottom, edge=edge)
    else:
        sheet.rect(x, y, x + width, bottom, fill=fill, edge=edge, line_width=rng.choice([0.5, 1, 2]))
    if rng.random() < 0.3:
        sheet.rect(x, y, x + rng.uniform(2, 6), bottom, fill=any_color(rng))
    end = sheet.paragraph(x + pad, y + pad, width - 2 * pad, text, font, leading, bottom=bottom)
    return max(end, bottom)


def checkbox(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A checkbox: empty, ticked, crossed, or filled black."""
    state = sheet.rng.choices(["empty", "tick", "cross", "full"], [5, 2, 3, 2])[0]
    sheet.rect(x, y, x + size, y + size, edge=(0, 0, 0), fill=(0, 0, 0) if state == "full" else None)
    if state == "cross":
        sheet.rule(x + 1.5, y + 1.5, x + size - 1.5, y + size - 1.5, 1)
        sheet.rule(x + 1.5, y + size - 1.5, x + size - 1.5, y + 1.5, 1)
    elif state == "tick":
        sheet.stroke([(x + 1, y + size * 0.5), (x + size * 0.4, y + size - 1), (x + size + 2, y - 2)], 1.2)


def placeholder(sheet: Sheet, x: float, y: float, width: float, height: float, text: str) -> None:
    """An empty frame with a caption, or a crossed-out frame for a missing picture."""
    sheet.rect(x, y, x + width, y + height, edge=(0, 0, 0), line_width=sheet.rng.choice([0.5, 1]))
    if sheet.rng.random() < 0.4:
        sheet.rule(x, y, x + width, y + height, 0.5)
        sheet.rule(x, y + height, x + width, y, 0.5)
    else:
        font = Font("Helvetica", 7, "", (90, 90, 90))
        sheet.text(x + width / 2, y + height / 2, sheet.truncated(text, font, width - 4), font, "center")
