"""Requests to /detect that are rejected."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import time
import zlib
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image

from redaction.pages.image import PageImage
from serving.app.requests import MAX_BODY_BYTES
from tests.serving.app.detect_requests import detect, error_message, image_file


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that decompresses to width x height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "status", "text"),
    [
        (b"", 400, "empty"),
        (b"%PDF-1.7 and so on", 415, "PDF"),
        (b"GIF89a" + bytes(100), 415, "not a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not a PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", 415, "not a PNG"),  # Pillow would start Ghostscript
        (random.Random(0).randbytes(5000), 415, "not a PNG"),
        (b"\x89PNG\r\n\x1a\n", 422, "cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(500), 422, "cannot be read"),
        (b"\xff\xd8\xff" + random.Random(2).randbytes(500), 422, "cannot be read"),
        (b"II*\0" + random.Random(3).randbytes(500), 422, "cannot be read"),
        (b"RIFF\x10\0\0\0WEBP" + random.Random(4).randbytes(500), 422, "cannot be read"),
    ],
)
def test_a_file_that_is_not_a_page_image_is_rejected(client: httpx.Client, data: bytes, status: int, text: str) -> None:
    assert text in error_message(detect(client, data), status)
    raw = client.post("/detect", content=data, headers={"content-type": "image/png"})
    assert text in error_message(raw, status)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_truncated_image_is_rejected(client: httpx.Client, page: PageImage, image_format: str) -> None:
    data = image_file(page, image_format)
    for share in (0.1, 0.5, 0.95):
        assert "cannot be read" in error_message(detect(client, data[: int(len(data) * share)]), 422)


def test_damaged_images_never_cause_a_server_error(client: httpx.Client) -> None:
    rng = random.Random(0)
    small = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    originals = [
        image_file(small, image_format, mode)
        for image_format, mode in (("PNG", "P"), ("JPEG", "RGB"), ("TIFF", "L"), ("WEBP", "RGB"))
    ]
    for _ in range(60):
        data = bytearray(rng.choice(originals))
        for _ in range(rng.choice((1, 4, 16))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        response = detect(client, bytes(data))
        assert response.status_code in (200, 415, 422), (response.status_code, response.text, bytes(data))


@pytest.mark.parametrize("tag", [0x0101, 0x011E])
def test_a_damaged_note_in_an_image_is_a_sentence(client: httpx.Client, tag: int) -> None:
    """Text where the orientation's neighbors are numbers: Pillow raises struct.error and TypeError."""
    exif = b"MM\0*" + struct.pack(">IH", 8, 2) + struct.pack(">HHI4s", tag, 2, 4, b"abc\0")
    exif += struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
    buffer = io.BytesIO()
    Image.new("RGB", (60, 44)).save(buffer, "PNG", exif=exif)
    assert "cannot be read as an image" in error_message(detect(client, buffer.getvalue()), 422)


def test_a_damaged_list_of_pages_is_a_sentence(client: httpx.Client) -> None:
    data = bytearray(image_file(np.full((44, 60, 3), 255, np.uint8), "TIFF"))
    (directory,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[directory : directory + 2])
    data[directory + 2 + 12 * count : directory + 6 + 12 * count] = struct.pack("<I", 20)
    assert "pages" in error_message(detect(client, bytes(data)), 422)


def test_a_decompression_bomb_is_rejected_before_it_is_decompressed(client: httpx.Client) -> None:
    bomb = huge_png(40_000, 20_000)
    assert len(bomb) < 1_000_000
    started = time.monotonic()
    assert "pixels" in error_message(detect(client, bomb), 422)
    assert time.monotonic() - started < 2


def test_a_file_with_several_pages_is_rejected(client: httpx.Client, page: PageImage) -> None:
    buffer = io.BytesIO()
    image = Image.fromarray(page)
    image.save(buffer, "TIFF", save_all=True, append_images=[image, image])
    assert error_message(detect(client, buffer.getvalue()), 422) == (
        "The file contains 3 pages; send them one by one, or use 'redaction detect'."
    )


def test_a_body_over_the_limit_is_rejected(client: httpx.Client) -> None:
    body = bytes(MAX_BODY_BYTES + 1)
    assert "32 MiB" in error_message(client.post("/detect", content=body, headers={"content-type": "image/png"}), 413)
    assert "32 MiB" in error_message(detect(client, body), 413)


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(client: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 20 * MAX_BODY_BYTES:
            sent += 2**20
            yield bytes(2**20)

    # the server closes the connection on a client that does not stop, so the client may not receive the response
    with contextlib.suppress(httpx.TransportError):
        error_message(client.post("/detect", content=endless(), headers={"content-type": "image/png"}), 413)
    assert sent < 4 * MAX_BODY_BYTES
    assert client.get("/readyz").status_code == 200


def test_a_url_in_the_file_field_is_not_downloaded(client: httpx.Client) -> None:
    # BentoML itself would download it, which would give clients access to the network of the service
    response = client.post("/detect", data={"page": "http://127.0.0.1:9/secret"}, files={"other": b"x"})
    assert "not a file" in error_message(response, 400)


def test_a_missing_page_field_is_an_error(client: httpx.Client) -> None:
    assert "is missing" in error_message(client.post("/detect", files={"image": b"x"}), 400)


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "application/vnd.bentoml+pickle"]
)
def test_other_content_types_are_rejected(client: httpx.Client, media_type: str) -> None:
    assert media_type in error_message(
        client.post("/detect", content=b'{"page": "x"}', headers={"content-type": media_type}), 415
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--b\r\n",
        b"--b\r\nContent-Disposition: form-data; name=page; filename=x\r\n\r\nhalf of a fi",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nC\xff\xfe: \xff\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=page\r\n\r\n" + b"x" * 5000 + b"\r\n--b--\r\n",
    ],
)
@pytest.mark.parametrize(
    "media_type", ["multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_a_malformed_multipart_body_is_rejected(client: httpx.Client, body: bytes, media_type: str) -> None:
    message = error_message(client.post("/detect", content=body, headers={"content-type": media_type}), 400)
    assert 'as the multipart file field "page"' in message, "it says what to send instead"
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("threshold", ["high", "-0.1", "1.01", "nan", "inf", "1e999", "0,5"])
def test_a_threshold_that_is_not_a_score_is_rejected(client: httpx.Client, page: PageImage, threshold: str) -> None:
    data = image_file(page)
    assert "not a score" in error_message(detect(client, data, threshold=threshold), 400)
    raw = client.post("/detect", params={"threshold": threshold}, content=data, headers={"content-type": "image/png"})
    assert "not a score" in error_message(raw, 400)
