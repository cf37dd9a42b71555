"""The kind of a document follows from its first bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from redaction.pages.kinds import HEAD_BYTES, SUFFIXES, DocumentKind, document_kind


def encoded(image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), 255).save(buffer, image_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", DocumentKind.PDF),
        (b"Content-Type: application/pdf\r\n\r\n" + b"-" * 900 + b"%PDF-1.4", DocumentKind.PDF),
        (b"-" * HEAD_BYTES + b"%PDF-1.4", None),
        (encoded("TIFF"), DocumentKind.TIFF),
        (encoded("TIFF", big_tiff=True), DocumentKind.TIFF),
        (b"MM\0*\0\0\0\x08", DocumentKind.TIFF),
        (encoded("PNG"), DocumentKind.PNG),
        (encoded("PNG") + b"%PDF-1.4", DocumentKind.PNG),
        (encoded("JPEG"), DocumentKind.JPEG),
        (encoded("WEBP"), DocumentKind.WEBP),
        (encoded("GIF"), DocumentKind.GIF),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"<!DOCTYPE html><title>Maintenance</title>", None),
        (b"", None),
    ],
)
def test_the_kind_is_recognized(head: bytes, kind: DocumentKind | None) -> None:
    assert document_kind(head) is kind


def test_every_kind_has_a_suffix_of_its_own() -> None:
    suffixes = [suffix for kind in DocumentKind for suffix in SUFFIXES[kind]]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)
