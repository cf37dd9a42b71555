"""Image files as page images: RGB, 8 bits, upright, on white paper."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from redaction.errors import RedactionError
from redaction.pages.kinds import document_kind

logger = logging.getLogger(__name__)
# what it says about damaged files is part of our own errors
logging.getLogger("PIL").setLevel(logging.CRITICAL)

PageImage = NDArray[np.uint8]
"""A page image, RGB, shape (height, width, 3)."""

MAX_PIXELS = 60_000_000
"""An A3 page at 400 dpi has 31 million; a larger image is a mistake or an attack."""

PAPER = 255
"""The level of white paper in every channel."""

SAMPLE_FORMAT, SIGNED = 339, 2
"""Tag of a TIFF that says what kind of numbers its pixels are, and its value for signed integers."""

PNG_END = b"IEND\xaeB`\x82"

PNG_EXTRAS = (b"acTL", b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
"""Marks of a PNG that is animated or may name an orientation."""


FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "JPEG2000", "PPM")
"""What Pillow may decode; a phone's MPO counts as JPEG. It knows more, which start other programs or accept nearly any bytes."""

ADVICE = "give a complete PNG, JPEG, TIFF or WebP file"


class ImageError(ValueError):
    """An image cannot be used; the message completes the sentence that begins with its name."""


@contextmanager
def opened_image(data: bytes) -> Iterator[ImageFile.ImageFile]:
    """Open an image file with Pillow. Whatever its bytes cause inside the ``with`` block becomes an `ImageError`.

    Raises:
        ImageError: the bytes are not a complete image.
    """
    with warnings.catch_warnings():
        # about sizes, for which we have our own limit, and about metadata
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                yield image
        except ImageError:
            raise
        except UnidentifiedImageError as error:  # its own text names a memory address
            known = f"its {len(data):,} bytes are of no known format" if data else "it is empty"
            if document_kind(data) is not None:
                known = "it is damaged, or its pixels are stored in a way that is not supported"
            raise ImageError(f"cannot be read as an image ({known}); {ADVICE}") from error
        except MemoryError as error:
            raise ImageError("cannot be read as an image (it needs more memory than there is); reduce its resolution") from error
        except (Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
            raise ImageError(f"cannot be read as an image ({error}); {ADVICE}") from error
        # On damaged bytes, Pillow's decoders also raise KeyError, IndexError, TypeError, struct.error, zlib.error and others.
        except Exception as error:
            logger.debug("An image cannot be decoded", exc_info=True)
            raise ImageError(f"cannot be read as an image (it is damaged); {ADVICE}") from error


def page_from_bytes(data: bytes, name: str = "the image", max_pixels: int = MAX_PIXELS) -> PageImage:
    """Decode an image file: gray, 1-bit, 16-bit, palette, transparent and CMYK images become RGB on white paper.

    Of a file of several pages, this is the first; `redaction.pages.document.open_document` has them all.

    Raises:
        RedactionError: the bytes are not a complete image, or it has more than `max_pixels`.
    """
    try:
        with opened_image(data) as image:
            return decoded(image, data, max_pixels)
    except ImageError as error:
        raise RedactionError(f"{name} {error}.") from error


def decoded(image: ImageFile.ImageFile, data: bytes, max_pixels: int = MAX_PIXELS) -> PageImage:
    """Decode the selected page of an opened image.

    Args:
        image: from `opened_image`, which handles what this raises.
        data: the bytes of its file.
        max_pixels: a larger image is not decoded.

    Raises:
        ImageError: the image is too large.
    """
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError(f"has {width} x {height} pixels, more than the {max_pixels:,} allowed; render it at a lower resolution")
    plain = _decode_plain(data) if _is_plain(data, image) else None
    return page_from_pil(image) if plain is None or plain.shape != (height, width, 3) else plain


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
    scale = _gray_scale(image)  # of the file: an image that was turned has no tags
    # both conversions copy the page even if they change nothing, so they are skipped when not needed
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return np.asarray(image, np.uint8)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.repeat(_to_8_bits(np.asarray(image), scale)[:, :, None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        opaque = Image.new("RGBA", image.size, (PAPER, PAPER, PAPER, 255))
        image = Image.alpha_composite(opaque, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"), np.uint8)


class _GrayScale(NamedTuple):
    """What gray values of more than 8 bits mean."""

    white: float = 65535
    """The highest integer of the format."""
    is_signed: bool = False
    white_is_zero: bool = False


def _gray_scale(image: Image.Image) -> _GrayScale:
    tags = getattr(image, "tag_v2", None)  # a TIFF's
    if tags is None:
        return _GrayScale()
    is_signed = tags.get(SAMPLE_FORMAT, (1,))[0] == SIGNED
    bits = tags.get(ExifTags.Base.BitsPerSample, (16,))[0] - is_signed
    return _GrayScale(2.0 ** min(bits, 16) - 1, is_signed, tags.get(ExifTags.Base.PhotometricInterpretation) == 0)


def _to_8_bits(values: NDArray[np.generic], scale: _GrayScale) -> NDArray[np.uint8]:
    """Scale gray values of more than 8 bits, so that an all-black page stays black.

    White is the highest value of the format: `scale.white` for integers and 1 for floating-point numbers. Where a page has higher
    values, white is the highest of these; where it has negative ones, black is the lowest. What is not a number is paper.
    """
    if values.dtype == np.int32 and values.min() < 0 and not scale.is_signed:
        values = values.view(np.uint32)  # Pillow reads unsigned numbers as signed
    levels = values.astype(np.float32)
    if np.issubdtype(values.dtype, np.integer):
        black, white = min(0.0, float(levels.min())), max(scale.white, float(levels.max()))
    else:
        are_numbers = np.isfinite(levels)
        black = min(0.0, float(levels.min(where=are_numbers, initial=0)))
        white = max(1.0, float(levels.max(where=are_numbers, initial=0)))
        paper = black if scale.white_is_zero else white
        np.nan_to_num(levels, copy=False, nan=paper, posinf=white, neginf=black)
    levels -= black
    levels *= PAPER / (white - black)
    gray = np.asarray(np.rint(np.clip(levels, 0, PAPER, out=levels), out=levels), np.uint8)
    return PAPER - gray if scale.white_is_zero else gray
