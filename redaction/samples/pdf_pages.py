"""Pages of sample PDFs: PDF objects (born digital), or a single picture that fills the page (scanned)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random

from fpdf import FPDF
from PIL import Image

from redaction.dataset import Box, Style
from redaction.pages.pdf import render_scale, rendered_size_px
from redaction.synthesis.aging import age, wear
from redaction.synthesis.appearances import AppearanceName
from redaction.synthesis.bars import Bar
from redaction.synthesis.composition import generated_page, redact
from redaction.synthesis.layouts import draw_layout, draw_size, write_page
from redaction.synthesis.sheet import Font, Sheet

_RECTANGULAR_APPEARANCES: dict[Style, tuple[AppearanceName, ...]] = {
    Style.BLACK: (AppearanceName.BLACK,),
    Style.OUTLINED: (AppearanceName.OUTLINED,),
    Style.GREY: (AppearanceName.GREY, AppearanceName.LIGHT_GREY),
    Style.COLOURED: (AppearanceName.COLOURED, AppearanceName.PALE),
}
"""The appearances of each style that are plain rectangles, as PDF objects are."""


@dataclass(frozen=True)
class GroundTruthPage:
    """Ground truth of one page: its rendered size and its redactions, in pixels."""

    width: int
    height: int
    style: Style | None
    """Style of its redactions; `None` if it has none."""
    boxes: tuple[Box, ...]


def write_digital_page(pdf: FPDF, rng: Random, style: Style | None) -> GroundTruthPage:
    """Write a page of text with its redactions as filled and stroked rectangles on top; `None` writes none.

    The page is rendered without redactions first, so that no bar is placed where it would be invisible (black on a black header).
    """
    layout, size_pt, text = draw_layout(rng), draw_size(rng), rng.getrandbits(64)
    image, paragraphs = generated_page(_replay(text), layout, size_pt, render_scale(size_pt[0]))
    _, _, bars = redact(image, paragraphs, _choose_appearance(style, rng), rng)
    sheet = write_page(pdf, _replay(text), layout, size_pt)
    height, width = image.shape[:2]
    for bar in bars:
        _draw(sheet, bar, width / sheet.width, height / sheet.height)
    return GroundTruthPage(width, height, style if bars else None, tuple(bar.box for bar in bars))


def write_scanned_page(pdf: FPDF, rng: Random, style: Style | None) -> GroundTruthPage:
    """Write a page that is one JPEG with a resolution of its own, including text, wear and redactions."""
    size_pt, finer = draw_size(rng), rng.choice([0.8, 1.0, 4 / 3])
    image, paragraphs = generated_page(rng, draw_layout(rng), size_pt, render_scale(size_pt[0]) * finer)
    _, after, bars = redact(age(image, rng), paragraphs, _choose_appearance(style, rng), rng)
    buffer = io.BytesIO()
    Image.fromarray(wear(after, rng)).save(buffer, "JPEG", quality=rng.randint(60, 92))
    pdf.add_page(format=size_pt)
    pdf.image(buffer, 0, 0, *size_pt)
    width, height = rendered_size_px(*size_pt)
    boxes = tuple(_scaled(bar.box, width / after.shape[1], height / after.shape[0]) for bar in bars)
    return GroundTruthPage(width, height, style if bars else None, boxes)


def _choose_appearance(style: Style | None, rng: Random) -> tuple[AppearanceName, ...]:
    return () if style is None else (rng.choice(_RECTANGULAR_APPEARANCES[style]),)


def _replay(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - pictures, not secrets


def _scaled(box: Box, across: float, down: float) -> Box:
    return box.model_copy(update={"x0": box.x0 * across, "y0": box.y0 * down, "x1": box.x1 * across, "y1": box.y1 * down})


def _draw(sheet: Sheet, bar: Bar, across: float, down: float) -> None:
    """Draw the bar so that its rendered pixels end where its box does; half of a stroke lies on each side of its path."""
    (x0, y0, x1, y1), appearance = bar.rect, bar.appearance
    left, top, right, bottom = x0 / across, y0 / down, x1 / across, y1 / down
    half = appearance.edge_px / 2 / across
    sheet.rect(
        left + half,
        top + half,
        right - half,
        bottom - half,
        fill=appearance.fill or (255, 255, 255),
        edge=appearance.edge,
        line_width=2 * half,
    )
    if bar.code is not None:
        font = Font("Helvetica", max(5, min((bottom - top) * 0.6, 11)), "", appearance.ink)
        if sheet.text_width(bar.code, font) + 4 <= right - left and font.size + 2 <= bottom - top:
            sheet.text((left + right) / 2, (top + bottom) / 2 + font.size * 0.35, bar.code, font, "center")
