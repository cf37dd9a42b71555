"""Composing one synthetic page from its recipe: background, redactions, wear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
import pypdfium2

from redaction.dataset import Box, Style
from redaction.pages.geometry import clip_to_page
from redaction.pages.image import PageImage
from redaction.synthesis.aging import Paper, age, encode, wear
from redaction.synthesis.appearances import Appearance, AppearanceName, draw_appearance
from redaction.synthesis.bars import Bar
from redaction.synthesis.drawing import draw_bars, highlight, is_still_visible, median_paper_color, write_note
from redaction.synthesis.layouts import draw_size, write_page
from redaction.synthesis.photocopies import dithered, faxed, in_grayscale, whitened
from redaction.synthesis.placement import place_bars
from redaction.synthesis.recipes import Recipe
from redaction.synthesis.sheet import Paragraph, Rgb, new_pdf
from redaction.synthesis.textlines import find_paragraphs
from redaction.synthesis.warping import Warp, draw_warp

MAX_PLACEMENT_ATTEMPTS = 4
"""Attempts to place redactions before the page is left without any."""
MIN_VISIBLE_BOX_PX = 5
"""A box cut by the page's edge and narrower than this cannot be recognized."""


@dataclass(frozen=True)
class ComposedPage:
    """A synthetic page before and after redaction, and its final state after wear."""

    before: PageImage
    after: PageImage
    bars: list[Bar]
    """As drawn in `after`."""
    warp: Warp | None
    """How wear moved the page's pixels; `None` if it did not."""
    boxes: tuple[Box, ...]
    """Ground truth for the image in `data`."""
    data: bytes
    """The encoded image file."""
    suffix: str


def compose(recipe: Recipe, background: PageImage | None) -> ComposedPage:
    """Compose the page that a recipe describes; a pure function of its arguments.

    Args:
        background: the real page named in the recipe, as RGB; `None` for a generated page.
    """
    rng = Random(recipe.document)  # noqa: S311 - pictures, not secrets
    paper = _required_paper(recipe.appearances, rng)
    if background is None:
        size_pt = draw_size(rng)
        page, paragraphs = generated_page(rng, recipe.layout or "report", size_pt, recipe.long_side_px / max(size_pt))
        page = age(page, rng, hard=recipe.hard, paper=paper)
    else:
        page = _downscaled(background, recipe.long_side_px)
        paragraphs = find_paragraphs(page)
        page = age(page, rng, paper=paper) if paper == "tinted" else page
    if rng.random() < (0.35 if recipe.hard else 0.15):  # a skewed scan that was redacted upright on a screen
        askew = draw_warp(rng, page.shape[1], page.shape[0], 1.2, median_paper_color(page))
        page, paragraphs = askew.warp_image(page), askew.warp_paragraphs(paragraphs)
    before, after, bars = redact(page, paragraphs, recipe.appearances, rng, hard=recipe.hard)
    return _finish(recipe, before, after, bars, rng)


def redact(
    page: PageImage, paragraphs: list[Paragraph], appearances: tuple[AppearanceName, ...], rng: Random, *, hard: bool = False
) -> tuple[PageImage, PageImage, list[Bar]]:
    """Draw redactions with these appearances over some of the text; with no appearance, draw none.

    Returns:
        the page before (including the margin notes and highlighter that come with the redactions), the page after, and the drawn
        bars.
    """
    if not appearances or not paragraphs:
        return page, page, []
    height, width = page.shape[:2]
    for _ in range(MAX_PLACEMENT_ATTEMPTS):
        drawn_appearances = [draw_appearance(rng, appearance, hard) for appearance in appearances]
        bars = place_bars(rng, paragraphs, drawn_appearances, (width, height))
        before = _with_margin_notes(page, bars, rng)
        after = before.copy()
        drawn = draw_bars(after, bars)
        if drawn:
            return before, after, drawn
    return page, page, []


def _required_paper(appearances: tuple[AppearanceName, ...], rng: Random) -> Paper:
    """The paper that the appearances need: white paint is invisible on white; archives often outline on bilevel copies."""
    if AppearanceName.WHITE in appearances:
        return "tinted"
    return "bilevel" if AppearanceName.OUTLINED in appearances and rng.random() < 0.4 else "any"


def _finish(recipe: Recipe, before: PageImage, after: PageImage, bars: list[Bar], rng: Random) -> ComposedPage:
    """Copy, skew, wear and encode the redacted page."""
    page, boxes, warp = after, [bar.box for bar in bars], None
    if rng.random() < (0.35 if recipe.hard else 0.12):
        copy = _copy_without_colors(before, after, bars, rng)
        if copy is not None:
            page, boxes = copy, [_box_in_grayscale(bar) for bar in bars]
    if rng.random() < (0.35 if recipe.hard else 0.1):
        degrees = rng.choice([0.5, 0.5, 1.5]) if recipe.hard else 0.5
        warp = draw_warp(rng, page.shape[1], page.shape[0], degrees, median_paper_color(page))
        page = warp.warp_image(page)
        boxes = [warp.warp_box(box, bar.points) for box, bar in zip(boxes, bars, strict=True)]
    page = wear(page, rng, hard=recipe.hard)
    data, suffix = encode(page, rng, hard=recipe.hard)
    return ComposedPage(before, after, bars, warp, _on_page(boxes, page), data, suffix)


def _copy_without_colors(before: PageImage, after: PageImage, bars: list[Bar], rng: Random) -> PageImage | None:
    """Copy in gray, dithered or faxed so that every bar stays visible; `None` if one is lost even in gray."""
    darkest = max([90.0, *(_edge_luma(bar.appearance) + 30 for bar in bars)])
    paper, wear_seed = max(median_paper_color(after)), rng.getrandbits(64)
    ways: list[Callable[[PageImage, Random], PageImage]] = [lambda page, rng: in_grayscale(page)]
    if darkest < 240 and rng.random() < 0.5:
        ways.insert(0, lambda page, rng: dithered(whitened(in_grayscale(page), paper), rng))
    if darkest < 140 and rng.random() < 0.8:
        ways.insert(0, lambda page, rng: faxed(whitened(in_grayscale(page), paper), rng, darkest))
    for way in ways:
        without, copy = (way(page, Random(wear_seed)) for page in (before, after))  # noqa: S311 - pictures, not secrets
        if all(is_still_visible(without, copy, bar) for bar in bars):
            return copy
    return None


def _edge_luma(appearance: Appearance) -> float:
    """Luma of what shows the bar's extent: its edge, or else its fill."""
    return _luma(appearance.edge or appearance.fill or (255, 255, 255))


def _luma(color: Rgb) -> float:
    red, green, blue = color
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _box_in_grayscale(bar: Bar) -> Box:
    """The bar's box, with the style it has on a copy without colors."""
    box = bar.box
    if box.style is not Style.COLOURED or bar.appearance.fill is None:
        return box
    return box.model_copy(update={"style": Style.BLACK if _luma(bar.appearance.fill) < 45 else Style.GREY})


def _on_page(boxes: list[Box], page: PageImage) -> tuple[Box, ...]:
    """Clip the boxes to the page; drop those that become too small."""
    height, width = page.shape[:2]
    kept = []
    for box in boxes:
        for x0, y0, x1, y1 in clip_to_page(np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32), width, height).tolist():
            if x1 - x0 >= MIN_VISIBLE_BOX_PX and y1 - y0 >= MIN_VISIBLE_BOX_PX:
                kept.append(box.model_copy(update={"x0": x0, "y0": y0, "x1": x1, "y1": y1}))
    return tuple(kept)


def generated_page(rng: Random, layout: str, size_pt: tuple[float, float], scale: float) -> tuple[PageImage, list[Paragraph]]:
    """Generate a page of this layout and size.

    Returns:
        the page rendered at `scale` pixels per point, and its redactable text with word boxes in pixels.
    """
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
    """Convert word boxes from points to pixels."""
    return [
        [[(x0 * x_scale, y0 * y_scale, x1 * x_scale, y1 * y_scale) for x0, y0, x1, y1 in line] for line in paragraph]
        for paragraph in paragraphs
    ]


def _with_margin_notes(page: PageImage, bars: list[Bar], rng: Random) -> PageImage:
    """Add the bars' highlighter fringes and margin codes; they are not part of the redactions."""
    page = page.copy()
    height, width = page.shape[:2]
    x, size = int(width * rng.choice([rng.uniform(0.86, 0.93), rng.uniform(0.01, 0.05)])), max(8, height // rng.randint(80, 110))
    noted: list[int] = []
    for bar in bars:
        x0, y0, x1, y1 = bar.rect
        if bar.appearance.fringe is not None:
            out = max(2, round(bar.text_line_px * 0.3))
            sides = [rng.randint(0, out), rng.randint(-2, 2), rng.randint(0, out * 3), rng.randint(-2, 2)]
            highlight(page, (x0 - sides[0], y0 - sides[1], x1 + sides[2], y1 + sides[3]), bar.appearance.fringe)
        middle = (y0 + y1) // 2 - size // 2
        if bar.appearance.margin_codes and (x1 < x - 4 or x0 > width * 0.12) and all(abs(middle - y) > size for y in noted):
            noted.append(middle)
            write_note(page, x + rng.randint(-2, 2), middle, rng.choice(bar.appearance.codes[:2]), size)
    return page


def _downscaled(image: PageImage, long_side_px: int) -> PageImage:
    longest = max(image.shape[:2])
    if longest <= long_side_px:
        return image
    size = (max(1, round(image.shape[1] * long_side_px / longest)), max(1, round(image.shape[0] * long_side_px / longest)))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
