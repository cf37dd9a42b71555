"""Image files as page images: RGB, 8 bits, upright, on white paper."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from redaction.errors import RedactionError

PageImage = NDArray[np.uint8]
"""A page image, RGB, shape (height, width, 3)."""

MAX_PIXELS = 60_000_000
"""More than an A3 page at 400 dpi (31 million): beyond it an image is an accident or an attack, not a page."""

PAPER = 255

PNG_END = b"IEND\xaeB`\x82"

PNG_EXTRAS = (b"acTL", b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
"""Marks of a PNG that is animated or may say which side is up."""


def page_from_bytes(data: bytes, name: str = "the image", max_pixels: int = MAX_PIXELS) -> PageImage:
    """An image file's bytes as a page: gray, 1-bit, 16-bit, palette, transparent and CMYK images become RGB on white paper.

    Raises:
        RedactionError: the bytes are no image that can be read whole, or it has more than `max_pixels`.
    """
    with warnings.catch_warnings():
        # the limit that counts is ours, and it is an error
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise RedactionError(
                        f"{name} has {width} x {height} pixels, more than the {max_pixels:,} allowed; "
                        "render it at a lower resolution."
                    )
                plain = _decode_plain(data) if _is_plain(data, image) else None
                return page_from_pil(image) if plain is None or plain.shape != (height, width, 3) else plain
        except UnidentifiedImageError as fault:  # whose own words name a place in memory
            known = f"its {len(data):,} bytes begin as no known format does" if data else "it is empty"
            raise RedactionError(f"{name} cannot be read as an image ({known}); give a whole PNG, JPEG, TIFF or WebP.") from fault
        except (Image.DecompressionBombError, OSError, SyntaxError, ValueError) as fault:
            raise RedactionError(f"{name} cannot be read as an image ({fault}); give a whole PNG, JPEG, TIFF or WebP.") from fault


def _is_plain(data: bytes, image: ImageFile.ImageFile) -> bool:
    """Whether the file is a whole PNG or JPEG, 8-bit RGB or gray, upright and opaque, of which OpenCV reads the same pixels.

    OpenCV fills up what is missing of a damaged file where Pillow refuses it. So a PNG's end has to be there (what lies before it
    has checksums), and a JPEG has to be one scan without a gap.
    """
    if image.mode not in ("RGB", "L") or "transparency" in image.info:
        return False
    if image.format == "JPEG":
        return image.getexif().get(ExifTags.Base.Orientation, 1) == 1 and _is_one_scan(data)
    if image.format == "PNG":
        # Pillow looks for the orientation behind the pixels too, and unpacks them to get there
        return data.endswith(PNG_END) and image.tile[0].args == image.mode and not any(mark in data for mark in PNG_EXTRAS)
    return False


def _is_one_scan(jpeg: bytes) -> bool:
    # Between a baseline file's start of scan (FF DA) and its end (FF D9), FF is followed by zero or is a restart mark (D0 to D7).
    scan = np.frombuffer(jpeg, np.uint8)[max(0, jpeg.find(b"\xff\xda")) + 2 :]
    marks = scan[np.flatnonzero(scan[:-1] == 0xFF) + 1]
    inside = marks[:-1]
    return jpeg.endswith(b"\xff\xd9") and bool(np.all((inside == 0) | ((inside >= 0xD0) & (inside <= 0xD7))))


def _decode_plain(data: bytes) -> PageImage | None:
    # a fifth less time than Pillow takes for a JPEG, and a third less for a PNG; it also lets other threads work
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return None if decoded is None else np.asarray(decoded, np.uint8)


def page_from_file(path: Path, max_pixels: int = MAX_PIXELS) -> PageImage:
    """An image file as a page; see `page_from_bytes`."""
    return page_from_bytes(path.read_bytes(), path.name, max_pixels)


def page_from_pil(image: Image.Image) -> PageImage:
    """A Pillow image of any mode as a page, turned upright if its camera said how."""
    # both of these copy the page even when there is nothing to do, a third of the time that reading it takes
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return np.asarray(image, np.uint8)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.repeat(_to_8_bits(np.asarray(image))[:, :, None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        opaque = Image.new("RGBA", image.size, (PAPER, PAPER, PAPER, 255))
        image = Image.alpha_composite(opaque, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"), np.uint8)


def _to_8_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """16-bit gray scaled by its full range, never by its own extremes: an all-black page stays black."""
    return np.clip(values.astype(np.float64) / 257, 0, 255).round().astype(np.uint8)
