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
"""An A3 page at 400 dpi has 31 million; a larger image is a mistake or an attack."""

PAPER = 255
"""The level of white paper in every channel."""

PNG_END = b"IEND\xaeB`\x82"

PNG_EXTRAS = (b"acTL", b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
"""Marks of a PNG that is animated or may name an orientation."""


def page_from_bytes(data: bytes, name: str = "the image", max_pixels: int = MAX_PIXELS) -> PageImage:
    """Decode an image file: gray, 1-bit, 16-bit, palette, transparent and CMYK images become RGB on white paper.

    Raises:
        RedactionError: the bytes are not a complete image, or it has more than `max_pixels`.
    """
    with warnings.catch_warnings():
        # our own limit is an error, not a warning
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
        except UnidentifiedImageError as error:  # its own text names a memory address
            known = f"its {len(data):,} bytes are of no known format" if data else "it is empty"
            raise RedactionError(
                f"{name} cannot be read as an image ({known}); give a complete PNG, JPEG, TIFF or WebP file."
            ) from error
        except (Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
            raise RedactionError(
                f"{name} cannot be read as an image ({error}); give a complete PNG, JPEG, TIFF or WebP file."
            ) from error


def _is_plain(data: bytes, image: ImageFile.ImageFile) -> bool:
    """Whether OpenCV reads the same pixels as Pillow: a complete PNG or JPEG, 8-bit RGB or gray, upright and opaque.

    OpenCV pads a damaged file where Pillow refuses it. So a PNG must have its end chunk (the others have checksums), and a JPEG
    must be one complete scan.
    """
    if image.mode not in ("RGB", "L") or "transparency" in image.info:
        return False
    if image.format == "JPEG":
        return image.getexif().get(ExifTags.Base.Orientation, 1) == 1 and _is_one_scan(data)
    if image.format == "PNG":
        # Pillow also looks for the orientation behind the pixels, and decodes them to get there
        return data.endswith(PNG_END) and image.tile[0].args == image.mode and not any(mark in data for mark in PNG_EXTRAS)
    return False


def _is_one_scan(jpeg: bytes) -> bool:
    # Between a baseline file's start of scan (FF DA) and its end (FF D9), FF is followed by zero or is a restart mark (D0 to D7).
    scan = np.frombuffer(jpeg, np.uint8)[max(0, jpeg.find(b"\xff\xda")) + 2 :]
    marks = scan[np.flatnonzero(scan[:-1] == 0xFF) + 1]
    inside = marks[:-1]
    return jpeg.endswith(b"\xff\xd9") and bool(np.all((inside == 0) | ((inside >= 0xD0) & (inside <= 0xD7))))


def _decode_plain(data: bytes) -> PageImage | None:
    # OpenCV is faster than Pillow here, and releases the GIL
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return None if decoded is None else np.asarray(decoded, np.uint8)


def page_from_file(path: Path, max_pixels: int = MAX_PIXELS) -> PageImage:
    """Decode an image file; see `page_from_bytes`."""
    return page_from_bytes(path.read_bytes(), path.name, max_pixels)


def page_from_pil(image: Image.Image) -> PageImage:
    """Convert a Pillow image of any mode, turned upright if its camera recorded the orientation."""
    # both conversions copy the page even if they change nothing, so they are skipped when not needed
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
    """Scale 16-bit gray by its full range, not by its extremes, so that an all-black page stays black."""
    return np.clip(values.astype(np.float64) / 257, 0, 255).round().astype(np.uint8)
