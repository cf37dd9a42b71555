"""Contact sheets: thumbnails of many pages in one image, with their boxes drawn."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from redaction.dataset import Box, Dataset, Style

STYLE_COLORS: dict[Style, tuple[int, int, int]] = {
    Style.BLACK: (225, 30, 40),
    Style.OUTLINED: (20, 110, 230),
    Style.GREY: (245, 140, 0),
    Style.COLOURED: (20, 150, 70),
    Style.UNKNOWN: (160, 40, 190),
}
"""The color in which boxes of each style are drawn."""

_CAPTION_PX, _MARGIN_PX, _BACKGROUND = 16, 6, (96, 100, 106)


@dataclass(frozen=True)
class SheetPage:
    """One page of a sheet: its image (a path or an image), its boxes in image pixels, and a short caption."""

    image: Path | Image.Image
    boxes: Sequence[Box] = ()
    caption: str = ""


def _sheet_pages(dataset: Dataset) -> list[SheetPage]:
    return [
        SheetPage(
            dataset.image_path(page), page.boxes, f"{page.document[:10]} {page.page.rsplit('/', 1)[-1]} · {len(page.boxes)}"
        )
        for page in dataset.pages
    ]


def contact_sheet(
    pages: Dataset | Iterable[SheetPage], *, columns: int = 5, page_width_px: int = 300, limit: int = 40
) -> Image.Image:
    """Draw a grid of pages with their boxes in the color of their style.

    Pages are scaled to `page_width_px`; tall pages are scaled to fit a cell √2 times as high as wide.

    Args:
        limit: maximum number of pages shown, spaced evenly over all pages.

    Returns:
        An RGB image; without pages it reads "no pages".
    """
    chosen = _evenly_spaced(_sheet_pages(pages) if isinstance(pages, Dataset) else list(pages), limit)
    columns = max(1, min(columns, len(chosen)))
    cell = (page_width_px + _MARGIN_PX, round(page_width_px * 1.42) + _CAPTION_PX + _MARGIN_PX)
    rows = max(1, -(-len(chosen) // columns))
    sheet = Image.new("RGB", (columns * cell[0] + _MARGIN_PX, rows * cell[1] + _MARGIN_PX), _BACKGROUND)
    if not chosen:
        ImageDraw.Draw(sheet).text((_MARGIN_PX, _MARGIN_PX), "no pages", fill="white")
    for index, page in enumerate(chosen):
        at = (_MARGIN_PX + index % columns * cell[0], _MARGIN_PX + index // columns * cell[1])
        sheet.paste(_cell(page, (cell[0] - _MARGIN_PX, cell[1] - _MARGIN_PX)), at)
    return sheet


def contact_sheet_png(
    pages: Dataset | Iterable[SheetPage], *, columns: int = 5, page_width_px: int = 300, limit: int = 40
) -> bytes:
    """Like `contact_sheet`, as the bytes of a PNG file."""
    buffer = io.BytesIO()
    contact_sheet(pages, columns=columns, page_width_px=page_width_px, limit=limit).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _evenly_spaced(pages: list[SheetPage], limit: int) -> list[SheetPage]:
    if len(pages) <= limit:
        return pages
    return [pages[round(index * (len(pages) - 1) / max(1, limit - 1))] for index in range(limit)]


def _cell(page: SheetPage, size: tuple[int, int]) -> Image.Image:
    image = page.image if isinstance(page.image, Image.Image) else Image.open(page.image)
    scale = min(size[0] / image.width, (size[1] - _CAPTION_PX) / image.height)
    thumbnail = image.convert("RGB").resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BOX
    )
    draw = ImageDraw.Draw(thumbnail)
    for box in page.boxes:
        corners = [(box.x0 * scale - 1, box.y0 * scale - 1), (box.x1 * scale, box.y1 * scale)]
        draw.rectangle(corners, outline=STYLE_COLORS[box.style], width=2)
    cell = Image.new("RGB", size, _BACKGROUND)
    cell.paste(thumbnail, (0, _CAPTION_PX))
    ImageDraw.Draw(cell).text((1, 2), page.caption, fill="white", font=ImageFont.load_default(11))
    return cell
