"""Helpers that send requests to /detect and read the responses."""

from __future__ import annotations

import io

import httpx
from PIL import Image

from redaction.pages.image import PageImage


def image_file(page: PageImage, image_format: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    """Encode a page as an image file."""
    buffer = io.BytesIO()
    Image.fromarray(page).convert(mode).save(buffer, image_format, **options)
    return buffer.getvalue()


def detect(client: httpx.Client, data: bytes, **fields: str) -> httpx.Response:
    """Send an image file as a multipart form."""
    return client.post("/detect", files={"page": ("page.png", data, "image/png")}, data=fields)


def error_message(response: httpx.Response, status: int) -> str:
    """The message of an error response with the given status."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    return str(body["error"])
