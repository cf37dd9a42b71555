"""The kinds of files that hold pages, recognized by their first bytes."""

from __future__ import annotations

from enum import StrEnum


class DocumentKind(StrEnum):
    """A kind of file that is read as a document."""

    PDF = "pdf"
    TIFF = "tiff"
    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"


HEAD_BYTES = 1024
"""So many bytes of a file say its kind: viewers accept a PDF whose header comes after some other bytes, such as a mail's."""

SUFFIXES = {
    DocumentKind.PDF: (".pdf",),
    DocumentKind.TIFF: (".tif", ".tiff"),
    DocumentKind.PNG: (".png",),
    DocumentKind.JPEG: (".jpg", ".jpeg"),
    DocumentKind.WEBP: (".webp",),
    DocumentKind.GIF: (".gif",),
}
"""File name suffixes of each kind in lower case; the first is the one that we give."""

_IMAGE_SIGNATURES = {
    b"II*\0": DocumentKind.TIFF,
    b"MM\0*": DocumentKind.TIFF,
    b"II+\0": DocumentKind.TIFF,  # BigTIFF
    b"MM\0+": DocumentKind.TIFF,
    b"\x89PNG\r\n\x1a\n": DocumentKind.PNG,
    b"\xff\xd8\xff": DocumentKind.JPEG,
    b"GIF87a": DocumentKind.GIF,
    b"GIF89a": DocumentKind.GIF,
}


def document_kind(head: bytes) -> DocumentKind | None:
    """The kind of a document, from its first `HEAD_BYTES` bytes; None if it is of no kind that we read."""
    head = head[:HEAD_BYTES]
    for signature, kind in _IMAGE_SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return DocumentKind.WEBP
    return DocumentKind.PDF if b"%PDF-" in head else None
