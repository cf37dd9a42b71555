"""One synthetic page from its recipe: background, redactions, wear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
import pypdfium2

from redaction.dataset import Box, Style
from redaction.pages.geometry import clip_to_page
from redaction.synthesis.aging import Paper, age, encode, wear
from redaction.synthesis.bars import Bar
from redaction.synthesis.drawing import PageImage, draw_bars, highlight, paper_of, still_shows, write_note
from redaction.synthesis.layouts import draw_size, write_page
from redaction.synthesis.looks import Look, LookName, draw_look
from redaction.synthesis.photocopies import dithered, faxed, grayed, whitened
from redaction.synthesis.placement import place_bars
from redaction.synthesis.recipes import Recipe
from redaction.synthesis.sheet import Paragraph, new_pdf
from redaction.synthesis.textlines import find_paragraphs
from redaction.synthesis.warping import Warp, draw_warp

_ATTEMPTS = 4
"""Placements tried before a page that should carry redactions stays without."""
_LEAST_PX = 5
"""Of a box that the page's edge cuts: what is narrower can no longer be made out."""


@dataclass(frozen=True)
class Composed:
    """A synthetic page: before and after its redactions were drawn, the bars, and what became of them once the page was worn."""

    before: PageImage
    after: PageImage
    bars: list[Bar]
    """As drawn in `after`."""
    warp: Warp | None
    """Where wear moved the page's pixels to; `None` where they stayed."""
    boxes: tuple[Box, ...]
    """The truth about the page in the file."""
    data: bytes
    """The image file."""
    suffix: str


def compose(recipe: Recipe, background: PageImage | None) -> Composed:
    """The page of that recipe; a pure function of its arguments.

    Args:
        background: the real page that the recipe names, as RGB; `None` for a generated page.
    """
    rng = Random(recipe.document)  # noqa: S311 - pictures, not secrets
    paper = _paper_for(recipe.looks, rng)
    if background is None:
        size_pt = draw_size(rng)
        page, paragraphs = generated_page(rng, recipe.layout or "report", size_pt, recipe.long_side_px / max(size_pt))
        page = age(page, rng, hard=recipe.hard, paper=paper)
    else:
        page = _at_most(background, recipe.long_side_px)
        paragraphs = find_paragraphs(page)
        page = age(page, rng, paper=paper) if paper == "tinted" else page
    if rng.random() < (0.35 if recipe.hard else 0.15):  # a skewed scan, redacted upright on a screen
        askew = draw_warp(rng, page.shape[1], page.shape[0], 1.2, paper_of(page))
        page, paragraphs = askew.image(page), askew.text(paragraphs)
    before, after, bars = redact(page, paragraphs, recipe.looks, rng, hard=recipe.hard)
    return _worn(recipe, before, after, bars, rng)


def redact(
    page: PageImage, paragraphs: list[Paragraph], looks: tuple[LookName, ...], rng: Random, *, hard: bool = False
) -> tuple[PageImage, PageImage, list[Bar]]:
    """Draw redactions in these looks over some of the text; without a look, none.

    Returns:
        the page before (with the margin notes and highlighter that go with the redactions), the page after, and what was drawn.
    """
    if not looks or not paragraphs:
        return page, page, []
    height, width = page.shape[:2]
    for _ in range(_ATTEMPTS):
        drawn_looks = [draw_look(rng, look, hard) for look in looks]
        bars = place_bars(rng, paragraphs, drawn_looks, (width, height))
        before = _with_notes(page, bars, rng)
        after = before.copy()
        drawn = draw_bars(after, bars)
        if drawn:
            return before, after, drawn
    return page, page, []


def _paper_for(looks: tuple[LookName, ...], rng: Random) -> Paper:
    """White paint shows on no white paper; archives outline what they take out on a screen, over copies of old paper."""
    if LookName.WHITE in looks:
        return "tinted"
    return "bilevel" if LookName.OUTLINED in looks and rng.random() < 0.4 else "any"


def _worn(recipe: Recipe, before: PageImage, after: PageImage, bars: list[Bar], rng: Random) -> Composed:
    """What happens after the redaction: the page is copied, laid askew, worn and saved."""
    page, boxes, warp = after, [bar.box for bar in bars], None
    if rng.random() < (0.35 if recipe.hard else 0.12):
        copy = _copied(before, after, bars, rng)
        if copy is not None:
            page, boxes = copy, [_in_gray(bar) for bar in bars]
    if rng.random() < (0.35 if recipe.hard else 0.1):
        degrees = rng.choice([0.5, 0.5, 1.5]) if recipe.hard else 0.5
        warp = draw_warp(rng, page.shape[1], page.shape[0], degrees, paper_of(page))
        page = warp.image(page)
        boxes = [warp.box(box, bar.points) for box, bar in zip(boxes, bars, strict=True)]
    page = wear(page, rng, hard=recipe.hard)
    data, suffix = encode(page, rng, hard=recipe.hard)
    return Composed(before, after, bars, warp, _on_page(boxes, page), data, suffix)


def _copied(before: PageImage, after: PageImage, bars: list[Bar], rng: Random) -> PageImage | None:
    """A copy without colors in which every bar can still be seen; `None` where some bar is lost even in plain gray."""
    darkest = max([90.0, *(_tone(bar.look) + 30 for bar in bars)])
    paper, wear_seed = max(paper_of(after)), rng.getrandbits(64)
    ways: list[Callable[[PageImage, Random], PageImage]] = [lambda page, rng: grayed(page)]
    if darkest < 240 and rng.random() < 0.5:
        ways.insert(0, lambda page, rng: dithered(whitened(grayed(page), paper), rng))
    if darkest < 140 and rng.random() < 0.8:
        ways.insert(0, lambda page, rng: faxed(whitened(grayed(page), paper), rng, darkest))
    for way in ways:
        without, copy = (way(page, Random(wear_seed)) for page in (before, after))  # noqa: S311 - pictures, not secrets
        if all(still_shows(without, copy, bar) for bar in bars):
            return copy
    return None


def _tone(look: Look) -> float:
    """How light that is which shows a bar's extent, its edge or its fill."""
    red, green, blue = look.edge or look.fill or (255, 255, 255)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _in_gray(bar: Bar) -> Box:
    """The bar's box with the style that it has on a copy without colors."""
    box = bar.box
    if box.style is not Style.COLOURED or bar.look.fill is None:
        return box
    red, green, blue = bar.look.fill
    return box.model_copy(update={"style": Style.BLACK if 0.299 * red + 0.587 * green + 0.114 * blue < 45 else Style.GREY})


def _on_page(boxes: list[Box], page: PageImage) -> tuple[Box, ...]:
    """The boxes cut at the page's edges; what is hardly left is dropped."""
    height, width = page.shape[:2]
    kept = []
    for box in boxes:
        for x0, y0, x1, y1 in clip_to_page(np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32), width, height).tolist():
            if x1 - x0 >= _LEAST_PX and y1 - y0 >= _LEAST_PX:
                kept.append(box.model_copy(update={"x0": x0, "y0": y0, "x1": x1, "y1": y1}))
    return tuple(kept)


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


def _with_notes(page: PageImage, bars: list[Bar], rng: Random) -> PageImage:
    """The codes in the margin and the highlighter's fringes that go with the bars; they are no part of a redaction."""
    page = page.copy()
    height, width = page.shape[:2]
    x, size = int(width * rng.choice([rng.uniform(0.86, 0.93), rng.uniform(0.01, 0.05)])), max(8, height // rng.randint(80, 110))
    noted: list[int] = []
    for bar in bars:
        x0, y0, x1, y1 = bar.rect
        if bar.look.fringe is not None:
            out = max(2, round(bar.line_px * 0.3))
            sides = [rng.randint(0, out), rng.randint(-2, 2), rng.randint(0, out * 3), rng.randint(-2, 2)]
            highlight(page, (x0 - sides[0], y0 - sides[1], x1 + sides[2], y1 + sides[3]), bar.look.fringe)
        middle = (y0 + y1) // 2 - size // 2
        if bar.look.margin_codes and (x1 < x - 4 or x0 > width * 0.12) and all(abs(middle - y) > size for y in noted):
            noted.append(middle)
            write_note(page, x + rng.randint(-2, 2), middle, rng.choice(bar.look.codes[:2]), size)
    return page


def _at_most(image: PageImage, long_side_px: int) -> PageImage:
    longest = max(image.shape[:2])
    if longest <= long_side_px:
        return image
    size = (max(1, round(image.shape[1] * long_side_px / longest)), max(1, round(image.shape[0] * long_side_px / longest)))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
