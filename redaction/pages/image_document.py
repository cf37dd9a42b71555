"""Image files as documents: a TIFF has as many pages as it has images, every other file has one."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import cv2
import numpy as np
from PIL import ExifTags, ImageFile

from redaction.pages.image import MAX_PIXELS, ImageError, PageImage, decoded, opened_image
from redaction.pages.opened import DocumentError, OpenDocument, RenderedPixels

MAX_PAGES = 5_000
"""A TIFF that lists more images is a mistake or an attack."""

NEW_SUBFILE_TYPE = 254
REDUCED_OR_MASK = 0b101
"""Bits of a TIFF's subfile type: a smaller version of another image, or its transparency."""

MIN_PAGE_WIDTH_IN, MAX_PAGE_WIDTH_IN = 5, 50
"""A6 is 4.1 inches wide and A0 33; a resolution by which a page is narrower or wider is believed to be wrong."""

MIN_STRETCH, MAX_STRETCH = 1.5, 4
"""Faxes have twice as many pixels per inch across as down; viewers show them with square pixels."""


class _DecodedPage(NamedTuple):
    image: PageImage
    dpi: float | None
    """None if the file does not say, or says what cannot be right."""


class ImageDocument(OpenDocument):
    """An image file as a document, to be used in a ``with`` statement.

    Of other files of several pictures, this is the first one: of an animation, or of a photograph with a second one for its
    depth or brightness (MPO).

    Args:
        data: the bytes of the file.
        name: what error messages call it.

    Raises:
        DocumentError: it is no image, its only page is damaged or too large, or it has more than `MAX_PAGES` pages.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        try:
            with opened_image(data) as image:
                self._frames = _page_frames(image) if image.format == "TIFF" else [0]
                is_animated = image.format in ("GIF", "PNG", "WEBP") and getattr(image, "is_animated", False)
            self._only_page = self._decode(0) if len(self._frames) == 1 else None
        except ImageError as error:
            raise DocumentError(name, str(error)) from error
        super().__init__(name, ("it is an animation, of which only the first picture was looked at",) if is_animated else ())

    def __len__(self) -> int:
        return len(self._frames)

    def rendered(self, index: int, dpi: float, max_width_px: int, max_pixels: float) -> RenderedPixels:
        """A page reduced to `dpi` if the file says its own, and to `max_width_px`; it is never enlarged.

        Raises:
            ImageError: the page is damaged, or would have more than `max_pixels`.
        """
        image, own_dpi = self._only_page or self._decode(index)
        height, width = image.shape[:2]
        scale = min(1.0, max_width_px / width, dpi / own_dpi if own_dpi else 1.0)
        width_px, height_px = max(1, round(width * scale)), max(1, round(height * scale))
        if width_px * height_px > max_pixels:
            raise ImageError(f"would be {width_px} x {height_px} pixels, more than {max_pixels / 1e6:g} million")
        if scale < 1:
            image = np.asarray(cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)
        bgrx = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGRA), np.uint8)
        return RenderedPixels(bgrx, own_dpi * scale if own_dpi else None)

    def _page(self, index: int) -> PageImage:
        return (self._only_page or self._decode(index)).image

    def _decode(self, index: int) -> _DecodedPage:
        with opened_image(self._data) as image:
            if frame := self._frames[index]:
                image.seek(frame)
            stretch, (dpi, _) = _stretch(image), _resolution(image)
            page = decoded(image, self._data, int(MAX_PIXELS / stretch))
        if stretch != 1:
            page = _stretched(page, stretch)
        is_plausible = dpi and MIN_PAGE_WIDTH_IN <= page.shape[1] / dpi <= MAX_PAGE_WIDTH_IN
        return _DecodedPage(page, dpi if is_plausible else None)


def _page_frames(tiff: ImageFile.ImageFile) -> list[int]:
    """Indices of the images of a TIFF that are pages, not smaller versions or masks of others."""
    pages: list[int] = []
    others: list[int] = []
    for index in itertools.count():
        if index == MAX_PAGES:
            raise ImageError(f"lists more than {MAX_PAGES:,} images; split it")
        try:
            tiff.seek(index)
            subfile_type = tiff.getexif().get(NEW_SUBFILE_TYPE, 0)
            (others if subfile_type & REDUCED_OR_MASK else pages).append(index)
        except EOFError:
            break
        except Exception:  # noqa: BLE001 - see `opened_image`
            # a damaged page keeps its number: decoding it says what is wrong
            pages.append(index)
            if tiff.tell() != index:  # its directory is damaged, and so is the address of the next
                break
    return pages or others


def _resolution(image: ImageFile.ImageFile) -> tuple[float | None, float | None]:
    """Pixels per inch across and down; None if the file does not say."""
    values = image.info.get("dpi")
    if not isinstance(values, tuple) or len(values) != 2:
        return None, None
    across, down = (float(value) for value in values)
    return (across, down) if all(math.isfinite(dpi) and dpi > 0 for dpi in (across, down)) else (None, None)


def _stretch(image: ImageFile.ImageFile) -> float:
    """The factor by which the height of a TIFF has to grow to make its pixels square; 1 if they are nearly so."""
    across, down = _resolution(image)
    if image.format != "TIFF" or not across or not down or image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        return 1
    return across / down if MIN_STRETCH <= across / down <= MAX_STRETCH else 1


def _stretched(page: PageImage, factor: float) -> PageImage:
    height, width = page.shape[:2]
    size = width, round(height * factor)
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_LINEAR), np.uint8)
