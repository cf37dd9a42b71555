"""One way to open a document, whatever its kind: a PDF, a TIFF of several pages, or the image of one page."""

from __future__ import annotations

from pathlib import Path

from redaction.pages.image_document import ImageDocument
from redaction.pages.kinds import HEAD_BYTES, DocumentKind, document_kind
from redaction.pages.opened import DocumentError, OpenDocument
from redaction.pages.pdf import Pdf

ADVICE = "give a PDF, or a complete TIFF, PNG, JPEG, WebP or GIF image"


def open_document(path: Path) -> OpenDocument:
    """Open a document, to be used in a ``with`` statement. Its kind follows from its content, not from its name.

    Raises:
        DocumentError: it is damaged, encrypted, without pages, or of no kind that we read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    kind = document_kind(head)
    if kind is DocumentKind.PDF:
        return Pdf(path)
    try:
        return ImageDocument(path.read_bytes(), str(path))
    except DocumentError as error:
        if kind is None and head:
            raise DocumentError(str(path), f"is neither a PDF nor an image that can be read; {ADVICE}") from error
        raise
