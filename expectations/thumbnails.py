"""A page as a small picture on which faulty boxes can be seen, also those that lie outside the page or have no area."""

from __future__ import annotations

import io
import math
from collections.abc import Collection
from pathlib import Path

from PIL import Image, ImageDraw, UnidentifiedImageError

from redaction.dataset import AnnotatedPage, Box, Dataset

PAGE_WIDTH = 340
MARGIN = 28
"""Pixels around the page, where boxes that leave it are seen."""

EASILY_MISSED = 8
"""A faulty box thinner than this many pixels gets a ring around it."""

GROUND, SOUND, AT_FAULT = (226, 229, 234), (90, 120, 165), (214, 32, 39)


def thumbnail_jpeg(dataset: Dataset, page: AnnotatedPage, at_fault: Collection[int]) -> bytes | None:
    """The page with its boxes, those numbered in `at_fault` thick and red; none when its image cannot be read."""
    path = dataset.image_path(page).resolve()
    if not path.is_relative_to(Path(dataset.root).resolve()) or not path.is_file():
        return None
    try:
        with Image.open(path) as image:
            image.draft("RGB", (PAGE_WIDTH, PAGE_WIDTH))
            small = image.convert("RGB").resize((PAGE_WIDTH, _height(page)), Image.Resampling.BOX)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return None
    canvas = Image.new("RGB", (small.width + 2 * MARGIN, small.height + 2 * MARGIN), GROUND)
    canvas.paste(small, (MARGIN, MARGIN))
    draw = ImageDraw.Draw(canvas)
    for number, box in sorted(enumerate(page.boxes), key=lambda numbered: numbered[0] in at_fault):
        red = number in at_fault
        (x0, y0), (x1, y1) = _corners(box, page, canvas.size)
        draw.rectangle((x0, y0, x1, y1), outline=AT_FAULT if red else SOUND, width=3 if red else 1)
        if red and min(x1 - x0, y1 - y0) < EASILY_MISSED:
            draw.ellipse((x0 - 14, y0 - 14, x1 + 14, y1 + 14), outline=AT_FAULT, width=2)
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _height(page: AnnotatedPage) -> int:
    # a page of absurd proportions is shown squashed rather than as a picture of any length
    return round(PAGE_WIDTH * min(max(page.height / max(page.width, 1), 0.1), 4))


def _corners(box: Box, page: AnnotatedPage, canvas: tuple[int, int]) -> list[tuple[float, float]]:
    scale_x, scale_y = PAGE_WIDTH / max(page.width, 1), _height(page) / max(page.height, 1)
    xs = sorted(_on_canvas(x, scale_x, canvas[0]) for x in (box.x0, box.x1))
    ys = sorted(_on_canvas(y, scale_y, canvas[1]) for y in (box.y0, box.y1))
    return [(xs[0] - 1, ys[0] - 1), (max(xs[1], xs[0] + 3), max(ys[1], ys[0] + 3))]


def _on_canvas(value: float, scale: float, limit: int) -> float:
    return 2.0 if math.isnan(value) else min(max(value * scale + MARGIN, 2.0), limit - 5.0)
