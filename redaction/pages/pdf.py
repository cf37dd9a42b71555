"""Pages of a PDF as the detector's input, rendered as they are for those who annotate."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import numpy as np
import pypdfium2

from redaction.errors import RedactionError
from redaction.pages.image import MAX_PIXELS, PageImage

PAGE_DPI, MAX_PAGE_WIDTH_PX = 150, 1275
"""The width of US Letter at 150 dpi: a wider page is rendered at fewer dots an inch."""


class Pdf:
    """An open document; to be used in a ``with`` statement.

    Raises:
        RedactionError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as fault:
            raise RedactionError(f"{path} cannot be opened as a PDF ({fault}); is it damaged, or encrypted?") from fault

    def __enter__(self) -> Pdf:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._document)

    def page(self, index: int) -> PageImage:
        """The image of a page, counted from 0: RGB, uint8, (height, width, 3).

        Raises:
            RedactionError: there is no such page, or it cannot be rendered.
        """
        where = f"page {index + 1} of {self.path}"
        if not 0 <= index < len(self):
            raise RedactionError(f"{self.path} has {len(self)} pages, so there is no page {index + 1}.")
        try:
            page = self._document[index]
            width, height = page.get_size()
            scale = min(PAGE_DPI / 72, MAX_PAGE_WIDTH_PX / max(width, 1))
            if not 1 <= width * height * scale**2 <= MAX_PIXELS:
                raise RedactionError(f"{where} cannot be rendered: it is {width:.0f} x {height:.0f} points.")
            pixels = page.render(scale=scale, rev_byteorder=True).to_numpy()
        except pypdfium2.PdfiumError as fault:
            raise RedactionError(f"{where} cannot be rendered ({fault}); is the file damaged?") from fault
        return np.ascontiguousarray(pixels[:, :, :3])

    def pages(self) -> Iterator[PageImage | RedactionError]:
        """The images of all pages in order, or why one cannot be rendered; the next is rendered while this one is looked at."""
        if not len(self):
            raise RedactionError(f"{self.path} has no page; is it damaged?")
        # PDFium bears one thread at a time, but not always the same one
        with ThreadPoolExecutor(1, "renderer") as renderer:
            ahead = renderer.submit(self._page_or_fault, 0)
            for index in range(len(self)):
                rendered = ahead.result()
                if index + 1 < len(self):
                    ahead = renderer.submit(self._page_or_fault, index + 1)
                yield rendered

    def _page_or_fault(self, index: int) -> PageImage | RedactionError:
        try:
            return self.page(index)
        except RedactionError as fault:
            return fault

    def close(self) -> None:
        """Let go of the file."""
        self._document.close()
