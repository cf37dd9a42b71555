"""What lies on pages besides text and is not a redaction: dark headers, logos, barcodes, photographs, stamps, empty boxes."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from redaction.synthesis.sheet import Font, Rgb, Sheet

DARK_COLOURS: list[Rgb] = [(0, 0, 0), (20, 30, 70), (90, 20, 25), (15, 70, 60), (60, 60, 60), (0, 84, 150)]
PALE_COLOURS: list[Rgb] = [(225, 232, 242), (235, 235, 235), (245, 236, 215), (222, 240, 225)]


def table(
    sheet: Sheet,
    x: float,
    top: float,
    widths: list[float],
    rows: list[list[str]],
    font: Font,
    *,
    header: Rgb | None,
    row_height: float,
) -> float:
    """A table whose first row is the header (on a dark ground where `header` says so); returns its lower edge."""
    right = x + sum(widths)
    y = top
    for index, row in enumerate(rows):
        dark = index == 0 and header is not None
        if dark:
            sheet.rect(x, y, right, y + row_height, fill=header)
        elif index % 2 == 0 and header is not None and header != (0, 0, 0):
            sheet.rect(x, y, right, y + row_height, fill=(240, 240, 240))
        left = x
        for width, text in zip(widths, row, strict=True):
            while text and sheet.length(text, font) > width - 8:
                text = text[: int(len(text) * 0.8)].rstrip()
            ink = Font(font.family, font.size, "B" if index == 0 else "", (255, 255, 255) if dark else (0, 0, 0))
            if text:
                (sheet.text if index == 0 else sheet.line)(left + 4, y + row_height / 2 + font.size * 0.3, text, ink)
            left += width
        sheet.rule(x, y, right, y, 0.5)
        y += row_height
    sheet.rule(x, y, right, y, 0.5)
    for edge in np.cumsum([0, *widths]):
        sheet.rule(x + float(edge), top, x + float(edge), y, 0.5)
    return y


def logo(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A crest, a bar mark or a ring, in a strong colour."""
    rng, colour = sheet.rng, sheet.rng.choice(DARK_COLOURS)
    kind = rng.choice(["ring", "blocks", "crest", "word"])
    sheet.pdf.set_fill_color(*colour)
    if kind == "ring":
        sheet.pdf.ellipse(x, y, size, size, style="F")
        sheet.pdf.set_fill_color(255, 255, 255)
        sheet.pdf.ellipse(x + size * 0.22, y + size * 0.22, size * 0.56, size * 0.56, style="F")
    elif kind == "blocks":
        for step in range(3):
            sheet.rect(
                x + step * size * 0.36, y + size * (0.5 - step * 0.2), x + step * size * 0.36 + size * 0.26, y + size, fill=colour
            )
    elif kind == "crest":
        points = [(x, y), (x + size, y), (x + size, y + size * 0.6), (x + size / 2, y + size), (x, y + size * 0.6)]
        sheet.pdf.polygon(points, style="F")
        sheet.text(
            x + size / 2, y + size * 0.55, rng.choice("ABDEMRS"), Font("Times", size * 0.5, "B", (255, 255, 255)), "centre"
        )
    else:
        sheet.rect(x, y, x + size * 2.4, y + size * 0.8, fill=colour)
        sheet.text(
            x + size * 1.2,
            y + size * 0.55,
            rng.choice(["NORTHLINE", "AXIOM", "HARBOUR", "MERIDIAN"]),
            Font("Helvetica", size * 0.32, "B", (255, 255, 255)),
            "centre",
        )


def barcode(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """A one-dimensional barcode with its number below."""
    rng, left = sheet.rng, x
    while left < x + width:
        bar = rng.choice([0.8, 1.6, 2.4])
        sheet.rect(left, y, left + bar, y + height, fill=(0, 0, 0))
        left += bar + rng.choice([0.8, 1.6, 2.4])
    sheet.text(x, y + height + 9, f"{rng.randint(10**11, 10**12 - 1)}", Font("Courier", 8))


def matrix_code(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A two-dimensional code: random cells, and in three corners the rings that a reader looks for."""
    cells, rng = 21, sheet.rng
    step = size / cells
    for row in range(cells):
        for column in range(cells):
            rings = [max(abs(row - r), abs(column - c)) for r, c in ((3, 3), (3, 17), (17, 3))]
            nearest = min(rings)
            if nearest in (0, 1, 3) if nearest <= 4 else rng.random() < 0.5:
                sheet.rect(x + column * step, y + row * step, x + (column + 1) * step, y + (row + 1) * step, fill=(0, 0, 0))


def photograph(rng: Random, width: int, height: int) -> Image.Image:
    """Something with the tones of a photograph or a map: smooth light and dark areas, a horizon, grain, hardly any colour."""
    noise = np.random.default_rng(rng.getrandbits(64))
    tones: NDArray[np.float32] = np.zeros((height, width), np.float32)
    for cells, weight in ((3, 1.0), (8, 0.6), (24, 0.3), (90, 0.12)):
        coarse = Image.fromarray(noise.random((cells, cells), dtype=np.float32))
        tones += weight * np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    tones = (tones - tones.min()) / (tones.max() - tones.min())
    if rng.random() < 0.5:
        tones[int(height * rng.uniform(0.4, 0.7)) :] *= rng.uniform(0.2, 0.6)
    grey = np.clip(tones * rng.uniform(150, 250), 0, 255)
    if rng.random() < 0.5:
        return Image.fromarray(grey.astype(np.uint8))
    tint = np.array([rng.uniform(0.6, 1.0) for _ in range(3)], np.float32)
    return Image.fromarray((grey[:, :, None] * tint).astype(np.uint8))


def photo(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """A photograph on the page, some of them with a dark frame and a caption."""
    sheet.pdf.image(photograph(sheet.rng, int(width), int(height)), x, y, width, height)
    if sheet.rng.random() < 0.3:
        sheet.rect(x, y, x + width, y + height, edge=(0, 0, 0), line=2)
    sheet.text(x, y + height + 11, f"Figure {sheet.rng.randint(1, 20)}", Font("Helvetica", 8, "I"))


def stamp(sheet: Sheet, x: float, y: float) -> None:
    """A rubber stamp: framed words, turned a little."""
    rng, text = sheet.rng, sheet.rng.choice(["RECEIVED", "CONFIDENTIAL", "COPY", "FILED", "TOP SECRET", "APPROVED", "DRAFT"])
    colour = rng.choice([(180, 20, 30), (20, 40, 150), (0, 0, 0), (90, 90, 90)])
    font = Font("Helvetica", rng.uniform(14, 22), "B", colour)
    width = sheet.length(text, font)
    with sheet.pdf.rotation(rng.uniform(-14, 14), x, y):
        sheet.rect(x - 6, y - font.size, x + width + 6, y + font.size * 0.35, edge=colour, line=1.6)
        sheet.text(x, y, text, font)


def filing_stamp(sheet: Sheet) -> None:
    """The line that a court's filing system prints across the top of each page."""
    rng = sheet.rng
    number, court = (
        f"{rng.randint(1, 9)}:{rng.randint(10, 24)}-cv-{rng.randint(100, 9999):05}",
        rng.choice(["ABC", "EMC", "JST", "DMG"]),
    )
    filed = f"{rng.randint(1, 12):02}/{rng.randint(1, 28):02}/{rng.randint(15, 24)}"
    page = f"Page {rng.randint(1, 40)} of {rng.randint(40, 60)}"
    text = f"Case {number}-{court}   Document {rng.randint(2, 700)}   Filed {filed}   {page}"
    sheet.text(sheet.width / 2, 14, text, Font("Helvetica", 9, "", (0, 0, 230)), "centre")


def release_stamp(sheet: Sheet) -> None:
    """The line that an agency prints on what it releases in part."""
    rng = sheet.rng
    wording = rng.choice(
        ["Declassified in Part - Sanitized Copy Approved for Release", "Approved for Release:", "Released under Information Act"]
    )
    text = (
        f"{wording} {rng.randint(2010, 2024)}/{rng.randint(1, 12):02}/{rng.randint(1, 28):02} : C{rng.randint(10**7, 10**8 - 1)}"
    )
    for baseline in (16.0, sheet.height - 12):
        sheet.text(sheet.width / 2, baseline, text, Font("Helvetica", 8), "centre")


def scribble(sheet: Sheet, x: float, y: float, width: float) -> None:
    """A signature: a few loops of the pen."""
    rng = sheet.rng
    phase, points = rng.uniform(0, 6), []
    for step in range(40):
        t = step / 39
        points.append(
            (x + t * width + 6 * math.sin(t * 22 + phase), y - 9 * math.sin(t * 31 + phase) * (1 - t) - 4 * math.cos(t * 13))
        )
    sheet.pdf.set_draw_color(*rng.choice([(0, 0, 0), (15, 25, 120)]))
    sheet.pdf.set_line_width(rng.uniform(0.8, 1.6))
    sheet.pdf.polyline(points)


def binder_holes(sheet: Sheet) -> None:
    """Punched holes that a scanner saw as black discs or dark pills."""
    count, x = sheet.rng.choice([2, 3]), sheet.rng.uniform(12, 24)
    sheet.pdf.set_fill_color(20, 20, 20)
    for index in range(count):
        y = sheet.height * (index + 1) / (count + 1)
        sheet.pdf.ellipse(x, y, sheet.rng.uniform(10, 16), sheet.rng.uniform(10, 16), style="F")
