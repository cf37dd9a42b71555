"""Any page image becomes RGB on white paper."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from redaction.errors import RedactionError
from redaction.pages.image import MAX_PIXELS, PageImage, page_from_bytes, page_from_pil


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def half_black(mode: str, dark: Any, light: Any) -> Image.Image:
    """20 x 10 pixels: the left half dark, the right half light."""
    image = Image.new(mode, (20, 10), light)
    image.paste(dark, (0, 0, 10, 10))
    return image


TRANSPARENT_RIGHT = half_black("RGBA", (0, 0, 0, 255), (0, 0, 0, 0))


@pytest.mark.parametrize(
    "data",
    [
        encoded(half_black("1", 0, 1)),
        encoded(half_black("1", 0, 1), "TIFF", compression="group4"),
        encoded(half_black("L", 0, 255)),
        encoded(half_black("RGB", (0, 0, 0), (255, 255, 255)).quantize(4)),
        encoded(half_black("I;16", 0, 65535)),
        encoded(half_black("CMYK", (0, 0, 0, 255), (0, 0, 0, 0)), "TIFF"),
        encoded(half_black("CMYK", (0, 0, 0, 255), (0, 0, 0, 0)), "JPEG"),
        encoded(TRANSPARENT_RIGHT),
        encoded(TRANSPARENT_RIGHT.convert("LA")),
        encoded(TRANSPARENT_RIGHT, "WEBP", lossless=True),
    ],
    ids=["1-bit", "fax", "gray", "palette", "16-bit", "CMYK", "CMYK JPEG", "transparent", "gray transparent", "WebP"],
)
def test_black_stays_black_and_paper_white_in_every_kind_of_image(data: bytes) -> None:
    page = page_from_bytes(data)
    assert (page.shape, page.dtype) == ((10, 20, 3), np.uint8)
    assert page[:, :9].max() < 60
    assert page[:, 11:].min() > 240


def test_an_all_black_16_bit_page_stays_black() -> None:
    assert page_from_bytes(encoded(Image.new("I;16", (8, 8), 0))).max() == 0


def test_a_photographed_page_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    assert page_from_bytes(encoded(Image.new("RGB", (20, 10)), "JPEG", exif=exif)).shape == (20, 10, 3)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_the_orientation_is_read_in_every_format(image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    left_black = page_from_bytes(encoded(half_black("RGB", (0, 0, 0), (255, 255, 255)), image_format, exif=exif))
    assert left_black.shape == (20, 10, 3)
    assert (left_black[11:].max() < 60, left_black[:9].min() > 240) == (True, True), "what was left is at the bottom"


def by_pillow(data: bytes) -> PageImage | None:
    """What Pillow alone makes of the bytes; none where it cannot read them."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return page_from_pil(image) if image.width * image.height <= MAX_PIXELS else None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def by_us(data: bytes) -> PageImage | None:
    try:
        return page_from_bytes(data)
    except RedactionError:
        return None


def grainy(mode: str, width: int = 131, height: int = 97) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    values[20:60], values[60:70, :80] = 255, 0
    return Image.fromarray(values).convert(mode)


PLAIN = {
    "JPEG": encoded(grainy("RGB"), "JPEG", quality=90),
    "JPEG, 4:4:4": encoded(grainy("RGB"), "JPEG", quality=90, subsampling=0),
    "JPEG, gray": encoded(grainy("L"), "JPEG", quality=75),
    "JPEG, progressive": encoded(grainy("RGB"), "JPEG", progressive=True),
    "JPEG, restart marks": encoded(grainy("RGB"), "JPEG", restart_marker_rows=1),
    "JPEG, RGB without conversion": encoded(grainy("RGB"), "JPEG", keep_rgb=True),
    "JPEG, something behind its end": encoded(grainy("RGB"), "JPEG") + b"\0\0",
    "PNG": encoded(grainy("RGB")),
    "PNG, not compressed": encoded(grainy("RGB"), compress_level=0),
    "PNG, gray": encoded(grainy("L")),
    "PNG, 16 bits": encoded(grainy("L").convert("I;16")),
    "PNG, four gray levels": encoded(grainy("L").quantize(4)),
    "PNG, animated": encoded(grainy("RGB"), save_all=True, append_images=[Image.new("RGB", (131, 97))], default_image=True),
    "PNG, a color is transparent": encoded(grainy("RGB"), transparency=(255, 255, 255)),
    "PNG, one pixel": encoded(grainy("RGB", 1, 1)),
}


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN.keys())
def test_the_pixels_equal_those_that_pillow_reads(data: bytes) -> None:
    """Plain files are read by OpenCV, which is quicker: a detector has to see the same pixels all the same."""
    expected = by_pillow(data)
    assert expected is not None
    assert np.array_equal(page_from_bytes(data), expected)


@given(st.sampled_from(sorted(PLAIN)), st.data())
def test_damaged_files_are_treated_as_pillow_treats_them(name: str, drawn: st.DataObject) -> None:
    data = bytearray(PLAIN[name])
    for _ in range(drawn.draw(st.integers(1, 3))):
        place = drawn.draw(st.integers(0, len(data) - 1))
        if drawn.draw(st.booleans()):
            data[place] = drawn.draw(st.integers(0, 255))
        else:
            del data[place : min(len(data) - 12, place + drawn.draw(st.integers(1, 400)))]
    ours, expected = by_us(bytes(data)), by_pillow(bytes(data))
    assert (ours is None) == (expected is None)
    assert ours is None or np.array_equal(ours, expected)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"not an image", "its 12 bytes are of no known format"),
        (encoded(Image.new("RGB", (300, 300), "red"))[:200], "truncated"),
    ],
    ids=["empty", "text", "cut off"],
)
def test_an_incomplete_image_is_refused_in_one_sentence(data: bytes, why: str) -> None:
    with pytest.raises(RedactionError, match=rf"scan\.png cannot be read as an image \(.*{why}.*\); give a complete PNG"):
        page_from_bytes(data, "scan.png")


def test_a_decompression_bomb_is_refused_before_decoding() -> None:
    with pytest.raises(RedactionError, match="9000 x 9000 pixels, more than the 60,000,000 allowed"):
        page_from_bytes(encoded(Image.new("1", (9000, 9000))))
