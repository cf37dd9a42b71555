"""Layouts of generated pages. Each fills one sheet, including items that look like redactions but are not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from fpdf import FPDF

from redaction.synthesis import margins
from redaction.synthesis.layouts import correspondence, forms, legal, office, pictorial, printed, screens, tabular, typed
from redaction.synthesis.sheet import A4_PT, LETTER_PT, Sheet
from redaction.synthesis.wording import draw_wording

LAYOUTS: dict[str, tuple[Callable[[Sheet], None], float]] = {
    "letter": (correspondence.letter, 3), "memo": (correspondence.memo, 2), "email": (correspondence.email, 5),
    "chat": (correspondence.chat, 1.5), "court": (legal.court, 4), "transcript": (legal.transcript, 3),
    "contract": (legal.contract, 2), "cover": (legal.cover, 1.8), "report": (legal.report, 5),
    "typewritten": (typed.typewritten, 3), "brief": (typed.brief, 3), "cable": (typed.cable, 3),
    "dispatch": (typed.dispatch, 2.5), "routing": (typed.routing, 3.5), "police": (typed.police, 3),
    "table": (tabular.table_page, 3), "spreadsheet": (tabular.spreadsheet, 2.5), "invoice": (tabular.invoice, 2),
    "ledger": (tabular.ledger, 1.5), "form": (forms.form, 4), "columns": (printed.columns, 2),
    "contents": (printed.table_of_contents, 1), "minutes": (printed.minutes, 2), "title": (printed.title_page, 1),
    "slides": (printed.slides, 1.5), "newspaper": (printed.newspaper, 1), "web": (screens.web_page, 1.5),
    "listing": (screens.listing, 1), "window": (screens.window, 1.5), "webform": (screens.web_form, 1.5),
    "posts": (screens.posts, 1), "photos": (pictorial.photo_page, 1), "map": (pictorial.map_page, 1.5),
    "brochure": (pictorial.brochure, 3.5), "charts": (pictorial.chart_page, 1.5), "handwritten": (pictorial.handwritten, 1.5),
    "sparse": (pictorial.sparse, 1), "diagram": (office.diagram, 1), "calendar": (office.calendar, 0.7),
    "fax": (office.fax, 1.5), "questionnaire": (office.questionnaire, 1.5), "inventory": (office.inventory, 1.5),
    "withheld": (office.withheld, 1), "cards": (office.cards, 1), "labels": (office.label_form, 2),
}  # fmt: skip
"""Each layout with its relative frequency."""

_SIZES: list[tuple[tuple[float, float], float]] = [
    (LETTER_PT, 10), (A4_PT, 8), ((612.0, 1008.0), 1), ((419.53, 595.28), 0.5), ((498.9, 708.66), 0.5),
    ((792.0, 612.0), 1.2), ((842.0, 595.0), 1.2), ((960.0, 540.0), 0.6), ((720.0, 540.0), 0.4),
]  # fmt: skip
"""Page sizes in points with their relative frequency: Letter, A4, Legal, A5, B5; Letter and A4 landscape; two slide formats."""


def draw_layout(rng: Random) -> str:
    """Draw the name of a layout by weight."""
    return rng.choices(list(LAYOUTS), [weight for _, weight in LAYOUTS.values()])[0]


def draw_size(rng: Random) -> tuple[float, float]:
    """Draw the width and height of a page, in points."""
    return rng.choices([size for size, _ in _SIZES], [weight for _, weight in _SIZES])[0]


def write_page(pdf: FPDF, rng: Random, layout: str, size_pt: tuple[float, float]) -> Sheet:
    """Append one page with this layout to the document."""
    sheet = Sheet(pdf, *size_pt, rng)
    sheet.words = draw_wording(rng)
    margins.underlay(sheet)
    LAYOUTS[layout][0](sheet)
    margins.overlay(sheet)
    return sheet
