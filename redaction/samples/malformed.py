"""Malformed PDFs, as every real reading room has some."""

from __future__ import annotations

import re
from random import Random

from redaction.samples.pdf_pages import write_digital_page
from redaction.synthesis.sheet import new_pdf

NOT_A_PDF = (
    b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Document temporarily unavailable</h1></body></html>\n"
)

NO_PAGES = b"""%PDF-1.4
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [] /Count 0 >>
endobj
xref
0 3
0000000000 65535 f\x20
0000000009 00000 n\x20
0000000058 00000 n\x20
trailer
<< /Size 3 /Root 1 0 R >>
startxref
110
%%EOF
"""
"""A valid PDF without pages."""


def truncated(rng: Random) -> bytes:
    """The first two fifths of a PDF, as left by a broken connection: its cross-reference table is missing."""
    pdf = new_pdf()
    for _ in range(2):
        write_digital_page(pdf, rng, None)
    whole = bytes(pdf.output())
    return whole[: len(whole) * 2 // 5]


def encrypted(rng: Random) -> bytes:
    """A PDF that needs a password to open."""
    pdf = new_pdf()
    write_digital_page(pdf, rng, None)
    pdf.set_encryption(owner_password="keeper", user_password="reader")  # noqa: S106 - the file is there to be refused
    return bytes(pdf.output())


def without_second_page(pdf: bytes) -> bytes:
    """Replace the second page's reference in the page tree by a dangling one; the other pages stay intact.

    Raises:
        ValueError: the PDF was not written by fpdf2, or has fewer than two pages.
    """
    kids = re.search(rb"/Kids \[\d+ 0 R\s+(\d+) 0 R", pdf)
    if kids is None:
        raise ValueError("the PDF has no page tree with two pages")
    return pdf[: kids.start(1)] + b"0" * len(kids[1]) + pdf[kids.end(1) :]
