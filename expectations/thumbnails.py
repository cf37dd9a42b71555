"""Thumbnails of pages that show faulty boxes, even those outside the page or without area."""

from __future__ import annotations

import io
import math
from collections.abc import Collection
from pathlib import Path

from PIL import Image, ImageDraw, UnidentifiedImageError

from redaction.dataset import AnnotatedPage, Box, Dataset

PAGE_WIDTH_PX = 340
MARGIN_PX = 28
"""Margin around the page, in which boxes outside it are visible."""

MIN_VISIBLE_SIDE_PX = 8
"""A faulty box with a shorter side is circled."""

BACKGROUND, VALID, FAULTY = (226, 229, 234), (90, 120, 165), (214, 32, 39)


def thumbnail_jpeg(dataset: Dataset, page: AnnotatedPage, faulty: Collection[int]) -> bytes | None:
    """Draw a page with its boxes, those with a number in `faulty` thick and red; None if its image cannot be read."""
    path = dataset.image_path(page).resolve()
    if not path.is_relative_to(Path(dataset.root).resolve()) or not path.is_file():
        return None
    try:
        with Image.open(path) as image:
            image.draft("RGB", (PAGE_WIDTH_PX, PAGE_WIDTH_PX))
            small = image.convert("RGB").resize((PAGE_WIDTH_PX, _height(page)), Image.Resampling.BOX)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return None
    canvas = Image.new("RGB", (small.width + 2 * MARGIN_PX, small.height + 2 * MARGIN_PX), BACKGROUND)
    canvas.paste(small, (MARGIN_PX, MARGIN_PX))
    draw = ImageDraw.Draw(canvas)
    for number, box in sorted(enumerate(page.boxes), key=lambda numbered: numbered[0] in faulty):
        is_faulty = number in faulty
        (x0, y0), (x1, y1) = _corners(box, page, canvas.size)
        draw.rectangle((x0, y0, x1, y1), outline=FAULTY if is_faulty else VALID, width=3 if is_faulty else 1)
        if is_faulty and min(x1 - x0, y1 - y0) < MIN_VISIBLE_SIDE_PX:
            draw.ellipse((x0 - 14, y0 - 14, x1 + 14, y1 + 14), outline=FAULTY, width=2)
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _height(page: AnnotatedPage) -> int:
    # extreme aspect ratios are squeezed to limit the size of the picture
    return round(PAGE_WIDTH_PX * min(max(page.height / max(page.width, 1), 0.1), 4))


def _corners(box: Box, page: AnnotatedPage, canvas: tuple[int, int]) -> list[tuple[float, float]]:
    scale_x, scale_y = PAGE_WIDTH_PX / max(page.width, 1), _height(page) / max(page.height, 1)
    xs = sorted(_on_canvas(x, scale_x, canvas[0]) for x in (box.x0, box.x1))
    ys = sorted(_on_canvas(y, scale_y, canvas[1]) for y in (box.y0, box.y1))
    return [(xs[0] - 1, ys[0] - 1), (max(xs[1], xs[0] + 3), max(ys[1], ys[0] + 3))]


def _on_canvas(value: float, scale: float, limit: int) -> float:
    return 2.0 if math.isnan(value) else min(max(value * scale + MARGIN_PX, 2.0), limit - 5.0)
