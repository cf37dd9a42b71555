"""Documents of every kind are opened in one way, with all their pages."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from redaction.errors import RedactionError
from redaction.pages.document import open_document
from redaction.pages.image import PageImage, page_from_bytes
from redaction.pages.image_document import MAX_PAGES, ImageDocument
from redaction.pages.opened import DocumentError
from tests.pages.pdf_files import plain

SIZE = (212, 275)


def sheet(number: int, mode: str = "L", size: tuple[int, int] = SIZE) -> Image.Image:
    """A page with one bar whose height tells its number."""
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).rectangle((20, 20, 120, 20 + 10 * number), fill=0)
    return image.convert(mode)


def encoded(first: Image.Image, image_format: str, *others: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": list(others)} if others else {}
    first.save(buffer, image_format, **more, **options)
    return buffer.getvalue()


def tiff_of(*pages: Image.Image, **options: Any) -> bytes:
    return encoded(pages[0], "TIFF", *pages[1:], **options)


def directories(tiff: bytes) -> list[int]:
    """Positions of the image file directories of a little-endian TIFF."""
    positions, (place,) = [], struct.unpack("<I", tiff[4:8])
    while place:
        positions.append(place)
        (count,) = struct.unpack("<H", tiff[place : place + 2])
        (place,) = struct.unpack("<I", tiff[place + 2 + 12 * count : place + 6 + 12 * count])
    return positions


def bar_heights(pages: Sequence[PageImage | RedactionError]) -> list[int | str]:
    """Number of each page, read from its bar, or the error."""
    return [
        str(page) if isinstance(page, RedactionError) else round(int((page[:, 60, 0] < 128).sum() - 1) / 10) for page in pages
    ]


def opened_pages(data: bytes, folder: Path, name: str = "document.bin") -> list[PageImage | RedactionError]:
    (folder / name).write_bytes(data)
    with open_document(folder / name) as document:
        pages = list(document.pages())
        assert len(document) == len(pages)
    return pages


@pytest.mark.parametrize(
    "data",
    [
        tiff_of(*(sheet(number, "1") for number in range(1, 5)), compression="group4"),
        tiff_of(*(sheet(number, "RGB") for number in range(1, 5)), compression="tiff_lzw"),
        tiff_of(sheet(1, "1"), sheet(2, "RGB"), sheet(3, "CMYK"), sheet(4, "RGBA")),
        tiff_of(*(sheet(number) for number in range(1, 5)), big_tiff=True),
        tiff_of(*(sheet(number, "RGB") for number in range(1, 5)), compression="jpeg", quality=95),
        tiff_of(*(sheet(number, "CMYK") for number in range(1, 5)), compression="tiff_adobe_deflate"),
        tiff_of(sheet(1), sheet(2, size=(400, 300)), sheet(3, "1", size=(130, 900)), sheet(4)),
    ],
    ids=["fax", "color", "every page another mode", "BigTIFF", "JPEG in TIFF", "CMYK", "every page another size"],
)
def test_a_tiff_has_all_its_pages_in_order(data: bytes, tmp_path: Path) -> None:
    assert bar_heights(opened_pages(data, tmp_path)) == [1, 2, 3, 4]


def test_pages_can_be_read_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff_of(*(sheet(number) for number in range(1, 5))))
    with open_document(tmp_path / "a.tif") as document:
        assert bar_heights([document.page(index) for index in (3, 0, 2, 2, 1)]) == [4, 1, 3, 3, 2]
        with pytest.raises(RedactionError, match="has 4 pages, so there is no page 5"):
            document.page(4)


def test_a_damaged_page_of_a_tiff_is_an_error_in_its_place(tmp_path: Path) -> None:
    data = bytearray(tiff_of(*(sheet(number) for number in range(1, 4))))
    place = directories(data)[1]
    entry = data.index(struct.pack("<HH", 259, 3), place)
    data[entry + 8] = 44  # a compression that does not exist
    first, second, third = bar_heights(opened_pages(bytes(data), tmp_path))
    assert (first, third) == (1, 3)
    assert "page 2 of" in str(second) and "cannot be read as an image" in str(second)


def test_a_tiff_whose_list_of_pages_leads_outside_the_file_has_an_error_for_the_rest(tmp_path: Path) -> None:
    data = bytearray(tiff_of(*(sheet(number) for number in range(1, 4))))
    first, second, _ = directories(data)
    (count,) = struct.unpack("<H", data[first : first + 2])
    assert struct.unpack("<I", data[first + 2 + 12 * count : first + 6 + 12 * count]) == (second,)
    data[first + 2 + 12 * count : first + 6 + 12 * count] = struct.pack("<I", len(data) + 4096)
    pages = opened_pages(bytes(data), tmp_path)
    assert bar_heights(pages[:1]) == [1]
    assert [isinstance(page, RedactionError) for page in pages] == [False, True]


def test_a_tiff_whose_list_of_pages_is_a_circle_ends(tmp_path: Path) -> None:
    data = bytearray(tiff_of(sheet(1), sheet(2)))
    first, second = directories(data)
    (count,) = struct.unpack("<H", data[second : second + 2])
    data[second + 2 + 12 * count : second + 6 + 12 * count] = struct.pack("<I", first)
    assert bar_heights(opened_pages(bytes(data), tmp_path)) == [1, 2]


def test_smaller_versions_and_masks_of_a_page_are_no_pages(tmp_path: Path) -> None:
    """Scanning programs store a preview beside a page, some of them before it."""
    data = bytearray(tiff_of(*(sheet(number) for number in range(1, 5)), tiffinfo={254: 0}))
    for place, subfile_type in zip(directories(data), (1, 2, 4, 0), strict=True):
        entry = data.index(struct.pack("<H", 254), place)
        data[entry + 8] = subfile_type
    assert bar_heights(opened_pages(bytes(data), tmp_path)) == [2, 4]


def test_a_tiff_with_too_many_pages_is_refused_soon(tmp_path: Path) -> None:
    data = bytearray(tiff_of(sheet(1)))
    (first,) = directories(data)
    (count,) = struct.unpack("<H", data[first : first + 2])
    data[first + 2 + 12 * count : first + 6 + 12 * count] = struct.pack("<I", len(data))
    for _ in range(10 * MAX_PAGES):
        data += struct.pack("<HI", 0, len(data) + 6)  # a directory without entries
    started = time.monotonic()
    with pytest.raises(DocumentError, match="lists more than 5,000 images; split it"):
        opened_pages(bytes(data), tmp_path)
    assert time.monotonic() - started < 10


def test_each_page_of_a_tiff_is_turned_upright_for_itself(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    data = tiff_of(sheet(1), exif=turned), tiff_of(sheet(1))
    assert [opened_pages(each, tmp_path)[0].shape[:2] for each in data] == [SIZE, SIZE[::-1]]  # type: ignore[union-attr]


def test_a_fax_of_standard_resolution_gets_square_pixels(tmp_path: Path) -> None:
    squashed = sheet(2, "1").resize((SIZE[0], SIZE[1] // 2))
    (page,) = opened_pages(tiff_of(squashed, compression="group4", dpi=(204, 98)), tmp_path)
    assert not isinstance(page, RedactionError)
    assert page.shape[:2] == (round(SIZE[1] // 2 * 204 / 98), SIZE[0])


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_an_image_is_a_document_of_one_page(image_format: str, tmp_path: Path) -> None:
    assert bar_heights(opened_pages(encoded(sheet(3, "RGB"), image_format), tmp_path)) == [3]


def test_of_a_photograph_with_a_second_picture_the_first_is_the_page(tmp_path: Path) -> None:
    """Phones add one for depth or brightness (MPO)."""
    data = encoded(sheet(2, "RGB"), "MPO", sheet(5, "RGB"))
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.n_frames) == ("MPO", 2)  # type: ignore[attr-defined]
    assert bar_heights(opened_pages(data, tmp_path)) == [2]


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_the_page_and_a_warning_says_so(image_format: str) -> None:
    with ImageDocument(encoded(sheet(2, "RGB"), image_format, sheet(5, "RGB")), "a") as document:
        assert bar_heights(list(document.pages())) == [2]
        assert document.warnings == ("it is an animation, of which only the first picture was looked at",)


def test_a_document_is_what_its_bytes_say_and_not_what_its_name_says(tmp_path: Path) -> None:
    assert len(opened_pages(plain(2), tmp_path, "scan.tif")) == 2
    assert bar_heights(opened_pages(tiff_of(sheet(1), sheet(2)), tmp_path, "report.pdf")) == [1, 2]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (
            b"<!DOCTYPE html><title>Maintenance</title>",
            "is neither a PDF nor an image that can be read; give a PDF, or a complete",
        ),
        (b"x" * 2000 + plain(1), "is neither a PDF nor an image that can be read; give a PDF, or a complete"),
        (encoded(sheet(1), "PNG")[:200], "cannot be read as an image"),
    ],
    ids=["empty", "HTML", "too much before the header", "cut off"],
)
def test_a_file_without_pages_is_refused_in_one_sentence(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=reason):
        opened_pages(data, tmp_path)


@pytest.mark.parametrize(
    ("size", "dpi", "expected", "expected_dpi"),
    [
        ((2550, 3300), (300, 300), (1275, 1650), 150),
        ((1728, 2200), (204, 196), (1271, 1618), 150),
        ((2550, 3300), None, (1275, 1650), None),
        ((1240, 1754), (150, 150), (1240, 1754), 150),
        ((800, 1100), (72, 72), (800, 1100), 72),
        ((1200, 900), (600, 600), (1200, 900), None),
    ],
    ids=[
        "Letter at 300 dpi",
        "a fine fax",
        "no resolution",
        "A4 at 150 dpi",
        "low resolution",
        "an implausible resolution",
    ],
)
def test_a_page_is_reduced_to_the_resolution_of_rendered_pages_but_never_enlarged(
    size: tuple[int, int], dpi: tuple[int, int] | None, expected: tuple[int, int], expected_dpi: float | None
) -> None:
    options = {} if dpi is None else {"dpi": dpi}
    with ImageDocument(encoded(sheet(3, size=size), "TIFF", **options), "a") as document:
        rendered = document.rendered(0, 150, 1275, 25e6)
    assert rendered.bgrx.shape == (expected[1], expected[0], 4)
    assert rendered.dpi == (None if expected_dpi is None else pytest.approx(expected_dpi))
    assert np.median(rendered.bgrx) == 255


def test_a_page_that_stays_too_large_is_an_error() -> None:
    document = ImageDocument(encoded(sheet(1, size=(1000, 30_000)), "PNG"), "a")
    with pytest.raises(ValueError, match="would be 1000 x 30000 pixels, more than 25 million"):
        document.rendered(0, 150, 1275, 25e6)


def test_a_document_of_one_page_has_the_pixels_of_its_image() -> None:
    data = encoded(sheet(1, "RGB"), "JPEG")
    with ImageDocument(data, "a") as document:
        assert np.array_equal(document.page(0), page_from_bytes(data))
