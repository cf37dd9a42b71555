"""What every open document has in common, whatever its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from redaction.errors import RedactionError
from redaction.pages.image import PageImage


class RenderedPixels(NamedTuple):
    """A rendered page."""

    bgrx: NDArray[np.uint8]
    """Blue, green, red and an unused fourth value; shape (height, width, 4)."""
    dpi: float | None
    """None for an image that does not say how large its page is."""


class DocumentError(RedactionError):
    """A document cannot be opened.

    Args:
        name: the document.
        reason: what is wrong; completes the sentence that begins with the name.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}.")
        self.reason = reason


def embedded_files_warning(count: int) -> tuple[str, ...]:
    """The warning about so many embedded files; none if there are none."""
    return (f"{count} embedded file{' was' if count == 1 else 's were'} not looked at",) if count else ()


class OpenDocument(ABC):
    """An open document, to be used in a ``with`` statement.

    Args:
        name: the document, as error messages call it.
        remarks: what the reader of its report should know, known from the beginning.
        is_cut_off: whether the end of the file is missing, and perhaps pages with it.
        embedded_files: number of files in the document that are not looked at; those on pages come to light with the pages.
    """

    def __init__(self, name: str, remarks: tuple[str, ...] = (), is_cut_off: bool = False, embedded_files: int = 0) -> None:
        self.name = name
        self.remarks = remarks
        self.is_cut_off = is_cut_off
        self.embedded_files = embedded_files
        self.attached_files: dict[int, int] = {}
        """Number of files attached to each page that was rendered, by its index."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader of its report should know; complete once all pages were rendered."""
        return (*self.remarks, *embedded_files_warning(self.embedded_files + sum(self.attached_files.values())))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @abstractmethod
    def __len__(self) -> int:
        """Number of pages."""

    @abstractmethod
    def rendered(self, index: int, dpi: float, max_width_px: int, max_pixels: float) -> RenderedPixels:
        """A page at `dpi`, or at fewer where it would be wider than `max_width_px`; an image is never enlarged.

        Raises:
            ValueError: the page cannot be read, or would have more than `max_pixels`; the message completes
                the sentence "The page …".
        """

    @abstractmethod
    def _page(self, index: int) -> PageImage:
        """The image of a page. Raises ValueError as `rendered` does."""

    def close(self) -> None:  # noqa: B027 - images hold nothing open
        """Close the file."""

    def page(self, index: int) -> PageImage:
        """The image of a page, counted from 0: RGB, uint8, (height, width, 3).

        Raises:
            RedactionError: there is no such page, or it cannot be read.
        """
        if not 0 <= index < len(self):
            raise RedactionError(f"{self.name} has {len(self)} pages, so there is no page {index + 1}.")
        try:
            return self._page(index)
        except ValueError as error:
            raise RedactionError(f"page {index + 1} of {self.name} {error}.") from error

    def pages(self) -> Iterator[PageImage | RedactionError]:
        """The images of all pages in order, or the error that says why one cannot be read.

        The next page is read while the caller works on this one.
        """
        # PDFium allows one thread at a time, not necessarily always the same one
        with ThreadPoolExecutor(1, "renderer") as renderer:
            next_page = renderer.submit(self._page_or_error, 0)
            for index in range(len(self)):
                image = next_page.result()
                if index + 1 < len(self):
                    next_page = renderer.submit(self._page_or_error, index + 1)
                yield image

    def _page_or_error(self, index: int) -> PageImage | RedactionError:
        try:
            return self.page(index)
        except RedactionError as error:
            return error
