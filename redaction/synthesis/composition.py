"""One synthetic page from its recipe: background, redactions, wear."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
import pypdfium2

from redaction.dataset import Style
from redaction.synthesis.ageing import age, encode, wear
from redaction.synthesis.bars import Bar, Look, draw_look
from redaction.synthesis.drawing import PageImage, draw_bars, write_note
from redaction.synthesis.layouts import draw_size, write_page
from redaction.synthesis.placement import place_bars
from redaction.synthesis.recipes import Recipe
from redaction.synthesis.sheet import Paragraph, new_pdf
from redaction.synthesis.textlines import find_paragraphs

_ATTEMPTS = 4
"""Placements tried before a page that should carry redactions stays without."""


@dataclass(frozen=True)
class Composed:
    """A synthetic page: before and after its redactions were drawn, the bars, and the file's bytes once worn and encoded."""

    before: PageImage
    after: PageImage
    bars: list[Bar]
    data: bytes
    suffix: str


def compose(recipe: Recipe, background: PageImage | None) -> Composed:
    """The page of that recipe; a pure function of its arguments.

    Args:
        background: the real page that the recipe names, as RGB; `None` for a generated page.
    """
    rng = Random(recipe.document)  # noqa: S311 - pictures, not secrets
    if background is None:
        size_pt = draw_size(rng)
        page, paragraphs = generated_page(rng, recipe.layout or "report", size_pt, recipe.long_side_px / max(size_pt))
        page = age(page, rng)
    else:
        page = _at_most(background, recipe.long_side_px)
        paragraphs = find_paragraphs(page)
    before, after, bars = redact(page, paragraphs, recipe.style, rng)
    data, suffix = encode(wear(after, rng), rng)
    return Composed(before, after, bars, data, suffix)


def redact(
    page: PageImage, paragraphs: list[Paragraph], style: Style | None, rng: Random
) -> tuple[PageImage, PageImage, list[Bar]]:
    """Draw redactions over some of the text.

    Returns:
        the page before (with the margin notes that go with the redactions), the page after, and what was drawn.
    """
    before, after = page, page
    if style is None or not paragraphs:
        return before, after, []
    height, width = page.shape[:2]
    for _ in range(_ATTEMPTS):
        look = draw_look(rng, style)
        bars = place_bars(rng, paragraphs, look, (width, height))
        before = _with_notes(page, bars, look, rng)
        after = before.copy()
        drawn = draw_bars(after, bars)
        if drawn:
            return before, after, drawn
    return page, page, []


def generated_page(rng: Random, layout: str, size_pt: tuple[float, float], scale: float) -> tuple[PageImage, list[Paragraph]]:
    """A page of that layout and size, rendered at `scale` pixels per point, and its text with word boxes in pixels."""
    pdf = new_pdf()
    sheet = write_page(pdf, rng, layout, size_pt)
    document = pypdfium2.PdfDocument(bytes(pdf.output()))
    try:
        bitmap = document[0].render(scale=scale, rev_byteorder=True)
        image = np.array(bitmap.to_numpy()[:, :, :3])
    finally:
        document.close()
    return image, _in_pixels(sheet.paragraphs, image.shape[1] / sheet.width, image.shape[0] / sheet.height)


def _in_pixels(paragraphs: list[Paragraph], x_scale: float, y_scale: float) -> list[Paragraph]:
    """Word boxes in points as word boxes in pixels."""
    return [
        [[(x0 * x_scale, y0 * y_scale, x1 * x_scale, y1 * y_scale) for x0, y0, x1, y1 in line] for line in paragraph]
        for paragraph in paragraphs
    ]


def _with_notes(page: PageImage, bars: list[Bar], look: Look, rng: Random) -> PageImage:
    """The codes that some agencies write into the margin beside what they took out; they are no part of the redaction."""
    if look.style is not Style.OUTLINED or look.code_share or rng.random() < 0.4:
        return page
    page = page.copy()
    height, width = page.shape[:2]
    x, code = int(width * rng.uniform(0.89, 0.93)), rng.choice(["50X1", "25X1", "3.3(h)(2)", "3.5(c)", "(b)(3)"])
    for bar in bars:
        if bar.rect[2] < x - 4:
            write_note(page, x, (bar.rect[1] + bar.rect[3]) // 2 - height // 150, code, max(9, height // 90))
    return page


def _at_most(image: PageImage, long_side_px: int) -> PageImage:
    longest = max(image.shape[:2])
    if longest <= long_side_px:
        return image
    size = (max(1, round(image.shape[1] * long_side_px / longest)), max(1, round(image.shape[0] * long_side_px / longest)))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
