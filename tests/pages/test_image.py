"""Any page image becomes RGB on white paper."""

from __future__ import annotations

import contextlib
import io
import random
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from redaction.errors import RedactionError
from redaction.pages.image import MAX_PIXELS, PageImage, page_from_bytes, page_from_pil
from redaction.pages.image_document import ImageDocument


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


def with_tiff_entry(tag: int, kind: int, value: int, tiff: bytes) -> bytes:
    """The TIFF with another type and value in the entry of this tag."""
    data = bytearray(tiff)
    (directory,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[directory : directory + 2])
    places = range(directory + 2, directory + 2 + 12 * count, 12)
    (place,) = (place for place in places if struct.unpack("<H", data[place : place + 2]) == (tag,))
    data[place + 2 : place + 12] = struct.pack("<HII", kind, 1, value)
    return bytes(data)


def half_black_12_bits() -> bytes:
    """20 values of 12 bits take 30 bytes."""
    wide = Image.new("L", (30, 10), 255)
    wide.paste(0, (0, 0, 15, 10))
    return with_tiff_entry(258, 3, 12, with_tiff_entry(256, 3, 20, encoded(wide, "TIFF")))


@pytest.mark.parametrize(
    "tiff",
    [
        with_tiff_entry(262, 3, 0, encoded(half_black("L", 255, 0), "TIFF")),
        with_tiff_entry(262, 3, 0, encoded(half_black("I;16", 65535, 0), "TIFF")),
        with_tiff_entry(262, 3, 0, encoded(half_black("F", 1.0, 0.0), "TIFF")),
        half_black_12_bits(),
        encoded(half_black("I;16", 0, 32767), "TIFF", tiffinfo={339: 2}),
        encoded(half_black("I;16", 0x8000, 32767), "TIFF", tiffinfo={339: 2}),
    ],
    ids=[
        "8 bits, white is zero",
        "16 bits, white is zero",
        "floating point, white is zero",
        "12 bits",
        "signed",
        "signed, with negative values",
    ],
)
def test_the_tags_of_a_tiff_say_what_is_black_and_what_is_white(tiff: bytes) -> None:
    page = page_from_bytes(tiff)
    assert (page.shape, page[:, :9].max(), page[:, 11:].min()) == ((10, 20, 3), 0, 255)


def test_what_is_not_a_number_is_paper_also_where_white_is_zero() -> None:
    values = np.full((8, 8), np.nan, np.float32)
    values[4:] = 1
    page = page_from_bytes(with_tiff_entry(262, 3, 0, encoded(Image.fromarray(values), "TIFF")))
    assert (page[:4].min(), page[4:].max()) == (255, 0)


def test_a_format_that_pillow_cannot_read_is_not_called_unknown() -> None:
    double_precision = with_tiff_entry(258, 3, 64, encoded(half_black("F", 0.0, 1.0), "TIFF"))
    with pytest.raises(RedactionError, match="it is damaged, or its pixels are stored in a way that is not supported"):
        page_from_bytes(double_precision)


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
    except Exception:  # noqa: BLE001 - it raises nearly anything
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


def with_exif_entry(tag: int) -> bytes:
    """A PNG to be turned, with another tag whose value is text although it must be a number."""
    exif = b"MM\0*" + struct.pack(">IH", 8, 2) + struct.pack(">HHI4s", tag, 2, 4, b"abc\0") + b"\x01\x12\0\3\0\0\0\1\0\6\0\0"
    return encoded(grainy("RGB", 60, 44), exif=exif + bytes(4))


@pytest.mark.parametrize(
    "data",
    [
        encoded(grainy("RGB", 60, 44)).replace(b"IDAT", b"tEXt"),
        with_exif_entry(0x0101),
        with_exif_entry(0x011E),
        with_tiff_entry(259, 3, 44, encoded(grainy("RGB", 60, 44), "TIFF")),
        with_tiff_entry(273, 5, 8, encoded(grainy("RGB", 60, 44), "TIFF")),
        with_tiff_entry(256, 2, 0, encoded(grainy("RGB", 60, 44), "TIFF")),
    ],
    ids=["no pixels", "text for a height", "text for a fraction", "unknown compression", "a fraction for a place", "no width"],
)
def test_what_pillow_does_not_expect_is_a_sentence_all_the_same(data: bytes) -> None:
    """Pillow raises KeyError, IndexError, TypeError or struct.error on some of these."""
    with pytest.raises(
        RedactionError, match=r"^p\.tif cannot be read as an image \(.+\); give a complete PNG, JPEG, TIFF or WebP file\.$"
    ):
        page_from_bytes(data, "p.tif")
    with pytest.raises(RedactionError, match="cannot be read as an image"):
        ImageDocument(data, "p.tif").page(0)


def damaged_files(count: int) -> Iterator[bytes]:
    """Small files with one to sixteen wrong bytes, the same ones in every run."""
    rng = random.Random(12)
    originals = [
        encoded(grainy("RGB", 60, 44)),
        encoded(grainy("L", 60, 44).quantize(16)),
        encoded(grainy("RGB", 60, 44), "JPEG"),
        encoded(grainy("RGB", 60, 44), "TIFF"),
        encoded(grainy("1", 60, 44), "TIFF", compression="group4"),
        encoded(grainy("RGB", 60, 44), "TIFF", save_all=True, append_images=[grainy("L", 60, 44)]),
        encoded(grainy("RGB", 60, 44), "WEBP"),
        encoded(grainy("RGB", 60, 44), "GIF"),
    ]
    for _ in range(count):
        data = bytearray(rng.choice(originals))
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            # headers and directories are at the beginning and at the end
            reach = min(len(data), rng.choice((40, 200, len(data))))
            place = rng.randrange(reach) if rng.random() < 0.5 else -1 - rng.randrange(reach)
            data[place] = rng.randrange(256)
        yield bytes(data)


def test_damaged_files_cause_nothing_but_sentences() -> None:
    for data in damaged_files(500):
        with contextlib.suppress(RedactionError), ImageDocument(data, "page.bin") as document:
            for page in document.pages():
                assert isinstance(page, RedactionError) or (page.dtype, page.shape[2:]) == (np.uint8, (3,))


@pytest.mark.parametrize("paper", [0.5, 1.0, 100.0, 255.0, 65535.0, 1e9])
def test_floating_point_pages_are_as_bright_as_they_look(paper: float) -> None:
    """By their own range where it is more than 0 to 1, so that paper is white in percent, in 8 bits and in 16."""
    page = page_from_bytes(encoded(half_black("F", 0.0, paper), "TIFF"))
    assert page[:, :9].max() == 0
    assert page[:, 11:].min() == (255 if paper >= 1 else 128)


def test_floating_point_values_that_are_no_numbers_are_paper() -> None:
    values = np.zeros((8, 8), np.float32)
    values[0], values[1], values[2] = np.nan, np.inf, 1
    page = page_from_bytes(encoded(Image.fromarray(values), "TIFF"))
    assert [int(row.min()) for row in page[:4]] == [255, 255, 255, 0]


@pytest.mark.parametrize("white", [65535, 2**31 - 1, 2**32 - 1])
def test_integers_of_32_bits_are_scaled_by_their_range(white: int) -> None:
    values = np.zeros((8, 8), np.uint32)
    values[4:] = white
    image = Image.fromarray(values.view(np.int32))
    page = page_from_pil(image)
    assert (page[:4].max(), page[4:].min()) == (0, 255)


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
