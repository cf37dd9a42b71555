"""Tables in text, spreadsheets, invoices and ledgers."""

from __future__ import annotations

from redaction.synthesis import furniture
from redaction.synthesis.colors import dark_color, pale_color, text_color_on
from redaction.synthesis.grids import column_widths, draw_table_style, random_cells, table
from redaction.synthesis.layouts.running import draw_font, draw_typesetting, heading, page_number, running_text
from redaction.synthesis.sheet import Font, Sheet


def table_page(sheet: Sheet) -> None:
    """Text around one or more tables with black, colored or plain heads."""
    rng, setting = sheet.rng, draw_typesetting(sheet.rng, draw_font(sheet.rng, 8, 11))
    x, width, y = setting.left, sheet.width - setting.left - setting.right, 60.0
    y = heading(sheet, setting, x, y, width)
    for _ in range(rng.choice([1, 2, 3])):
        y = (
            sheet.paragraph(
                x, y, width, sheet.words.prose(rng.randint(1, 5)), setting.font, setting.leading, bottom=sheet.height - 60
            )
            + 12
        )
        count, font = rng.randint(2, 7), setting.font.scaled(rng.uniform(0.75, 1)).with_style("")
        height = font.size * rng.uniform(1.3, 2.4)
        room = int((sheet.height - 70 - y) / height) - 1
        if room < 2:
            break
        rows = random_cells(sheet, count, min(room, rng.randint(2, 16)))
        heads = [sheet.words.field() for _ in range(count)]
        y = table(sheet, x, y, column_widths(rng, width, count), heads, rows, font, height, draw_table_style(rng)) + 16
    if sheet.height - y > 90:
        running_text(sheet, setting, y, sheet.height - 60)
    page_number(sheet, setting.font)


def spreadsheet(sheet: Sheet) -> None:
    """Many narrow columns of small print over the whole page, with field names or column letters as heads."""
    rng = sheet.rng
    font = Font(rng.choice(["Helvetica", "Sans", "Times"]), rng.uniform(4.8, 8.5), stretch=rng.choice([100, 86]))
    x, y, width = rng.uniform(18, 50), rng.uniform(24, 60), sheet.width
    width -= 2 * x
    count, height = rng.randint(4, 14), font.size * rng.uniform(1.25, 1.9)
    if rng.random() < 0.4:
        sheet.text(x, y, sheet.words.title(), font.with_style("B").scaled(1.6))
        y += 12
    rows = int((sheet.height - y - rng.choice([30, 30, 200, 400])) / height)
    cells = random_cells(sheet, count, max(3, rows))
    if rng.random() < 0.35:
        cells = [[str(index + 1), *row[1:]] for index, row in enumerate(cells)]
    heads = [sheet.words.field() for _ in range(count)] if rng.random() < 0.8 else list("ABCDEFGHIJKLMN"[:count])
    y = table(sheet, x, y, column_widths(rng, width, count), heads, cells, font, height, draw_table_style(rng))
    if rng.random() < 0.4:
        sheet.text(x + width, sheet.height - 14, f"Page {rng.randint(1, 30)}", font, "right")


def invoice(sheet: Sheet) -> None:
    """Seller and buyer, items, totals on a tint, payment terms, a tear-off slip."""
    rng, font = sheet.rng, draw_font(sheet.rng, 8, 10.5).with_style("")
    x, right, accent = rng.uniform(40, 64), sheet.width - rng.uniform(40, 64), dark_color(rng)
    furniture.logo(sheet, x, 36, rng.uniform(30, 50))
    sheet.text(
        right,
        62,
        rng.choice(["INVOICE", "FACTUUR", "STATEMENT", "RECEIPT", "RECHNUNG"]),
        Font("Helvetica", rng.uniform(18, 30), "B", accent),
        "right",
    )
    y = 118.0
    for at, label in ((x, "Bill to"), (sheet.width * 0.55, "Details")):
        sheet.text(at, y, label, font.with_style("B"))
        lines = (
            [sheet.words.person(), *sheet.words.address(), f"555-01{rng.randint(10, 99)}"]
            if at == x
            else [f"{sheet.words.field()}: {sheet.words.cell()}" for _ in range(4)]
        )
        for row, text in enumerate(lines):
            sheet.redactable_text(at, y + (row + 1.3) * font.size * 1.3, text, font)
    y += font.size * 8.5
    heads = [sheet.words.field() for _ in range(5)]
    rows = [
        [
            sheet.words.words(rng.randint(1, 5)),
            sheet.words.date(),
            str(rng.randint(1, 20)),
            sheet.words.amount(),
            sheet.words.amount(),
        ]
        for _ in range(rng.randint(2, 14))
    ]
    widths = [(right - x) * share for share in (0.36, 0.18, 0.1, 0.18, 0.18)]
    y = table(sheet, x, y, widths, heads, rows, font, font.size * rng.uniform(1.5, 2.4), draw_table_style(rng))
    tint = rng.choice([accent, pale_color(rng)])
    for row, label in enumerate(["Subtotal", "Tax", "TOTAL"]):
        top = y + 6 + row * font.size * 1.8
        ink = font
        if label == "TOTAL":
            sheet.rect(right - 190, top, right, top + font.size * 1.8, fill=tint)
            ink = font.with_style("B").in_color(text_color_on(tint))
        sheet.text(right - 184, top + font.size * 1.25, label, ink)
        sheet.redactable_text(right - 6, top + font.size * 1.25, sheet.words.amount(), ink, "right")
    y += font.size * 7
    if y < sheet.height - 220:
        sheet.paragraph(x, y, (right - x) * 0.6, sheet.words.prose(3), font, font.size * 1.3, bottom=sheet.height - 170)
    if rng.random() < 0.4 and y < sheet.height - 150:
        cut = sheet.height - 130
        sheet.pdf.set_dash_pattern(4, 3)
        sheet.rule(0, cut, sheet.width, cut, 0.7)
        sheet.pdf.set_dash_pattern()
        furniture.barcode(sheet, x, cut + 40, 160, 30)
        furniture.placeholder(sheet, right - 150, cut + 30, 140, 36, "amount enclosed")


def ledger(sheet: Sheet) -> None:
    """Unruled lines of calls, transactions or log entries."""
    rng = sheet.rng
    font = Font(rng.choice(["Courier", "Helvetica", "Mono"]), rng.uniform(6.5, 9.5))
    x, y, leading = rng.uniform(36, 60), 80.0, font.size * rng.uniform(1.15, 1.6)
    furniture.reversed_heading(sheet, x, 44, sheet.width - 2 * x, sheet.words.title(), rng.uniform(14, 26))
    stops = [x, x + 70, x + 130, x + 250, sheet.width - x]
    stripes, tint = rng.random() < 0.5, pale_color(rng)
    while y < sheet.height - 60:
        if stripes and int((y - 80) / leading) % 2:
            sheet.rect(x, y - font.size, sheet.width - x, y - font.size + leading, fill=tint)
        texts = [sheet.words.date(), sheet.words.time(), f"555-01{rng.randint(10, 99)}", sheet.words.words(rng.randint(2, 6))]
        for at, until, text in zip(stops, [*stops[1:4], stops[4] - 70], texts, strict=False):
            sheet.redactable_text(at, y, sheet.truncated(text, font, until - at - 6), font)
        sheet.redactable_text(stops[4], y, sheet.words.amount(), font, "right")
        y += leading
        if rng.random() < 0.03:
            y += leading
            sheet.rule(x, y - font.size, sheet.width - x, y - font.size, rng.choice([0.5, 2]))
    page_number(sheet, font)
