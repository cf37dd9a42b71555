"""Any page image becomes RGB on white paper, fits the frame, and finds its way back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from redaction.detector.preprocessing import Preprocessing, page_from_bytes
from redaction.errors import RedactionError


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
    ids=["1-bit", "fax", "grey", "palette", "16-bit", "CMYK", "CMYK JPEG", "transparent", "grey transparent", "WebP"],
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


@pytest.mark.parametrize("data", [b"", b"not an image", encoded(Image.new("RGB", (300, 300), "red"))[:200]])
def test_what_is_no_whole_image_is_one_sentence(data: bytes) -> None:
    with pytest.raises(RedactionError, match=r"scan\.png cannot be read as an image"):
        page_from_bytes(data, "scan.png")


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(RedactionError, match="9000 x 9000 pixels, more than the 60,000,000 allowed"):
        page_from_bytes(encoded(Image.new("1", (9000, 9000))))


def test_what_a_page_leaves_over_of_the_frame_is_white() -> None:
    frame, placement = Preprocessing(width=64, height=96).place(np.zeros((50, 100, 3), np.uint8))
    assert frame.shape == (96, 64, 3)
    assert (frame[:32].max(), frame[32:].min()) == (0, 255)
    assert (placement.scale_x, placement.scale_y) == (0.64, 0.64)


sides = st.integers(1, 3000)


@given(sides, sides, st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4))
def test_boxes_go_to_the_frame_and_back(width: int, height: int, shares: list[float]) -> None:
    placement = Preprocessing(width=512, height=640).placement(width, height)
    x, y = sorted(shares[:2]), sorted(shares[2:])
    xyxy = np.array([[x[0] * width, y[0] * height, x[1] * width, y[1] * height]], np.float32)
    framed = placement.to_frame(xyxy)
    assert (framed[:, [0, 2]] <= 512.01).all()
    assert (framed[:, [1, 3]] <= 640.01).all()
    np.testing.assert_allclose(placement.to_page(framed), xyxy, rtol=1e-4, atol=1e-3)
