"""Pages of a PDF as images: one policy for ingestion, detection, evaluation and the samples.

A page is rendered at 150 dpi, or at fewer where it would become wider than US Letter at 150 dpi (1275 pixels).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from redaction.errors import RedactionError
from redaction.pages.image import MAX_PIXELS, PageImage

DEFAULT_DPI = 150.0
MAX_WIDTH_PX = 1275
POINTS_PER_INCH = 72


class RenderedPixels(NamedTuple):
    """A rendered PDF page."""

    bgrx: NDArray[np.uint8]
    """Blue, green, red and an unused fourth value; shape (height, width, 4)."""
    dpi: float


def render_scale(width_pt: float, dpi: float = DEFAULT_DPI, max_width_px: int = MAX_WIDTH_PX) -> float:
    """Pixels per point at which a page of this width is rendered."""
    return min(dpi / POINTS_PER_INCH, max_width_px / width_pt)


def rendered_size_px(width_pt: float, height_pt: float) -> tuple[int, int]:
    """Width and height of a page once rendered; PDFium rounds up."""
    scale = render_scale(width_pt)
    return math.ceil(width_pt * scale), math.ceil(height_pt * scale)


def render_pixels(
    page: pypdfium2.PdfPage, dpi: float = DEFAULT_DPI, max_width_px: int = MAX_WIDTH_PX, max_pixels: float = MAX_PIXELS
) -> RenderedPixels:
    """Render one page.

    Raises:
        ValueError: the page has no area, or would have more than `max_pixels`.
        pypdfium2.PdfiumError: PDFium cannot render it.
    """
    width_pt, height_pt = page.get_size()
    if not (width_pt > 0 and height_pt > 0):
        raise ValueError(f"has no area ({width_pt:g} x {height_pt:g} pt)")
    scale = render_scale(width_pt, dpi, max_width_px)
    width_px, height_px = width_pt * scale, height_pt * scale
    if width_px * height_px > max_pixels:
        raise ValueError(f"would be {width_px:.0f} x {height_px:.0f} pixels, more than {max_pixels / 1e6:g} million")
    # PDFium composes four bytes a pixel faster than three, with the same colors
    return RenderedPixels(page.render(scale=scale, prefer_bgrx=True).to_numpy(), scale * POINTS_PER_INCH)


class Pdf:
    """An open PDF, to be used in a ``with`` statement.

    Raises:
        RedactionError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            raise RedactionError(f"{path} cannot be opened as a PDF ({error}); is it damaged or encrypted?") from error

    def __enter__(self) -> Pdf:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._document)

    def page(self, index: int) -> PageImage:
        """The image of a page, counted from 0: RGB, uint8, (height, width, 3).

        Raises:
            RedactionError: there is no such page, or it cannot be rendered.
        """
        if not 0 <= index < len(self):
            raise RedactionError(f"{self.path} has {len(self)} pages, so there is no page {index + 1}.")
        try:
            pixels = render_pixels(self._document[index]).bgrx
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise RedactionError(f"page {index + 1} of {self.path} cannot be rendered: it {_reason(error)}.") from error
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB), np.uint8)

    def pages(self) -> Iterator[PageImage | RedactionError]:
        """The images of all pages in order, or the error that says why one cannot be rendered.

        The next page is rendered while the caller works on this one.
        """
        if not len(self):
            raise RedactionError(f"{self.path} has no page; is it damaged?")
        # PDFium allows one thread at a time, not necessarily always the same one
        with ThreadPoolExecutor(1, "renderer") as renderer:
            next_page = renderer.submit(self._page_or_error, 0)
            for index in range(len(self)):
                rendered = next_page.result()
                if index + 1 < len(self):
                    next_page = renderer.submit(self._page_or_error, index + 1)
                yield rendered

    def _page_or_error(self, index: int) -> PageImage | RedactionError:
        try:
            return self.page(index)
        except RedactionError as error:
            return error

    def close(self) -> None:
        """Close the file."""
        self._document.close()


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"is damaged ({error})"
