"""Pages of sample PDFs: drawn as PDF objects (born digital) or as one picture that fills the page (scanned)."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from random import Random

from fpdf import FPDF
from PIL import Image

from redaction.dataset import Box, Style
from redaction.synthesis.aging import age, wear
from redaction.synthesis.bars import Bar
from redaction.synthesis.composition import generated_page, redact
from redaction.synthesis.layouts import draw_layout, draw_size, write_page
from redaction.synthesis.looks import LookName
from redaction.synthesis.sheet import Font, Sheet

_LOOKS: dict[Style, tuple[LookName, ...]] = {
    Style.BLACK: (LookName.BLACK,),
    Style.OUTLINED: (LookName.OUTLINED,),
    Style.GREY: (LookName.GREY, LookName.LIGHT_GREY),
    Style.COLOURED: (LookName.COLOURED, LookName.PALE),
}
"""The looks of each style that are rectangles, as PDF objects are."""

DPI = 150.0
MAX_WIDTH_PX = 1275


@dataclass(frozen=True)
class KnownPage:
    """What is known of a page that was written: its size in pixels once rendered, and its redactions in those pixels."""

    width: int
    height: int
    style: Style | None
    """Style of its redactions; `None` where it has none."""
    boxes: tuple[Box, ...]


def render_scale(width_pt: float) -> float:
    """Pixels per point at which pages are rendered: 150 dpi, less for pages that would be wider than 1275 pixels."""
    return min(DPI / 72, MAX_WIDTH_PX / width_pt)


def rendered_px(width_pt: float, height_pt: float) -> tuple[int, int]:
    """Width and height of the page once rendered by PDFium, which rounds up."""
    scale = render_scale(width_pt)
    return math.ceil(width_pt * scale), math.ceil(height_pt * scale)


def write_digital_page(pdf: FPDF, rng: Random, style: Style | None) -> KnownPage:
    """Write a page of text, with its redactions as filled and stroked rectangles over it; `None` writes no redaction.

    The page is first written and rendered by itself, so that no bar is put where nobody could see it (black on a black header).
    """
    layout, size_pt, text = draw_layout(rng), draw_size(rng), rng.getrandbits(64)
    image, paragraphs = generated_page(_replay(text), layout, size_pt, render_scale(size_pt[0]))
    _, _, bars = redact(image, paragraphs, _looks(style, rng), rng)
    sheet = write_page(pdf, _replay(text), layout, size_pt)
    height, width = image.shape[:2]
    for bar in bars:
        _draw(sheet, bar, width / sheet.width, height / sheet.height)
    return KnownPage(width, height, style if bars else None, tuple(bar.box for bar in bars))


def write_scanned_page(pdf: FPDF, rng: Random, style: Style | None) -> KnownPage:
    """Write a page that is one JPEG picture, of a resolution of its own: text, wear and redactions alike."""
    size_pt, finer = draw_size(rng), rng.choice([0.8, 1.0, 4 / 3])
    image, paragraphs = generated_page(rng, draw_layout(rng), size_pt, render_scale(size_pt[0]) * finer)
    _, after, bars = redact(age(image, rng), paragraphs, _looks(style, rng), rng)
    buffer = io.BytesIO()
    Image.fromarray(wear(after, rng)).save(buffer, "JPEG", quality=rng.randint(60, 92))
    pdf.add_page(format=size_pt)
    pdf.image(buffer, 0, 0, *size_pt)
    width, height = rendered_px(*size_pt)
    boxes = tuple(_scaled(bar.box, width / after.shape[1], height / after.shape[0]) for bar in bars)
    return KnownPage(width, height, style if bars else None, boxes)


def _looks(style: Style | None, rng: Random) -> tuple[LookName, ...]:
    return () if style is None else (rng.choice(_LOOKS[style]),)


def _replay(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - pictures, not secrets


def _scaled(box: Box, across: float, down: float) -> Box:
    return box.model_copy(update={"x0": box.x0 * across, "y0": box.y0 * down, "x1": box.x1 * across, "y1": box.y1 * down})


def _draw(sheet: Sheet, bar: Bar, across: float, down: float) -> None:
    """Draw so that what changes once rendered ends where the box does; a stroke lies half on each side of its path."""
    (x0, y0, x1, y1), look = bar.rect, bar.look
    left, top, right, bottom = x0 / across, y0 / down, x1 / across, y1 / down
    half = look.edge_px / 2 / across
    sheet.rect(
        left + half, top + half, right - half, bottom - half, fill=look.fill or (255, 255, 255), edge=look.edge, line=2 * half
    )
    if bar.code is not None:
        font = Font("Helvetica", max(5, min((bottom - top) * 0.6, 11)), "", look.ink)
        if sheet.length(bar.code, font) + 4 <= right - left and font.size + 2 <= bottom - top:
            sheet.text((left + right) / 2, (top + bottom) / 2 + font.size * 0.35, bar.code, font, "center")
