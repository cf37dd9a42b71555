"""Pages of a PDF as images: one policy for ingestion, detection, evaluation and the samples.

A page is rendered at 150 dpi, or at fewer where it would become wider than US Letter at 150 dpi (1275 pixels). Form fields are
drawn with their contents, as viewers do.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from redaction.pages.image import MAX_PIXELS, PageImage
from redaction.pages.opened import DocumentError, OpenDocument, RenderedPixels

DEFAULT_DPI = 150.0
MAX_WIDTH_PX = 1275
POINTS_PER_INCH = 72

MAX_ROUNDING_ERROR = 1e-6
"""Relative error of a page's size in pixels. PDFium has sizes in single precision, and 792 pt * (1275 px / 612 pt) is
1650.0000000000002 px, which must not be rounded up to 1651."""

OBJECT = re.compile(rb"\b\d+\s+\d+\s+obj\b")


def render_scale(width_pt: float, dpi: float = DEFAULT_DPI, max_width_px: int = MAX_WIDTH_PX) -> float:
    """Pixels per point at which a page of this width is rendered, reduced by `MAX_ROUNDING_ERROR`."""
    return min(dpi / POINTS_PER_INCH, max_width_px / width_pt) * (1 - MAX_ROUNDING_ERROR)


def rendered_size_px(width_pt: float, height_pt: float) -> tuple[int, int]:
    """Width and height of a page once rendered; a part of a pixel counts as one."""
    scale = render_scale(width_pt)
    return math.ceil(width_pt * scale), math.ceil(height_pt * scale)


class Pdf(OpenDocument):
    """An open PDF, to be used in a ``with`` statement.

    Raises:
        DocumentError: it cannot be opened, or has no pages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._document = pypdfium2.PdfDocument(path)
            _draw_form_fields(self._document)
        except pypdfium2.PdfiumError as error:
            raise DocumentError(str(path), _why_it_cannot_be_opened(error, path)) from error
        is_cut_off = not pdfium.FPDF_DocumentHasValidCrossReferenceTable(self._document) and _ends_within_objects(path)
        super().__init__(str(path), _remarks(self._document, is_cut_off), is_cut_off, self._document.count_attachments())

    def __len__(self) -> int:
        return len(self._document)

    def rendered(self, index: int, dpi: float, max_width_px: int, max_pixels: float) -> RenderedPixels:
        """A page at `dpi`, or at fewer where it would be wider than `max_width_px`.

        Raises:
            ValueError: the page is damaged, has no area, or would have more than `max_pixels`.
        """
        try:
            page = self._document[index]
            try:
                self.attached_files[index] = _attached_files(page)
                return _render(page, dpi, max_width_px, max_pixels)
            finally:
                page.close()
        except pypdfium2.PdfiumError as error:
            raise ValueError(f"is damaged ({str(error).rstrip('.')})") from error

    def _page(self, index: int) -> PageImage:
        bgrx = self.rendered(index, DEFAULT_DPI, MAX_WIDTH_PX, MAX_PIXELS).bgrx
        return np.asarray(cv2.cvtColor(bgrx, cv2.COLOR_BGRA2RGB), np.uint8)

    def close(self) -> None:
        """Close the file."""
        self._document.close()


def _draw_form_fields(document: pypdfium2.PdfDocument) -> None:
    """Let pages that are loaded from now on draw their form fields.

    pypdfium2's own `init_forms` does so only if the document lists its fields in a form; viewers also draw the others.
    """
    config = pdfium.FPDF_FORMFILLINFO(version=2)
    environment = pdfium.FPDFDOC_InitFormFillEnvironment(document, config)
    if not environment:
        raise pypdfium2.PdfiumError("its form fields cannot be drawn")
    document.formenv = pypdfium2.PdfFormEnv(environment, config)


def _render(page: pypdfium2.PdfPage, dpi: float, max_width_px: int, max_pixels: float) -> RenderedPixels:
    width_pt, height_pt = page.get_size()
    if not (width_pt > 0 and height_pt > 0):
        raise ValueError(f"has no area ({width_pt:g} x {height_pt:g} pt)")
    scale = render_scale(width_pt, dpi, max_width_px)
    width_px, height_px = width_pt * scale, height_pt * scale
    if width_px * height_px > max_pixels:
        raise ValueError(f"would be {width_px:.0f} x {height_px:.0f} pixels, more than {max_pixels / 1e6:g} million")
    # PDFium composes four bytes a pixel faster than three, with the same colors
    pixels = page.render(scale=scale, prefer_bgrx=True).to_numpy()
    return RenderedPixels(pixels, scale / (1 - MAX_ROUNDING_ERROR) * POINTS_PER_INCH)


def _why_it_cannot_be_opened(error: pypdfium2.PdfiumError, path: Path) -> str:
    # PDFium sets no error for a document without pages: the code may be that of an earlier document
    if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY) and b"/Encrypt" in path.read_bytes():
        return "is encrypted: it needs a password"
    return "cannot be opened as a PDF: it is damaged, cut off or without pages"


def _ends_within_objects(path: Path) -> bool:
    """Whether objects follow the last cross-reference, so that the rest of them and their own cross-reference are missing.

    Bytes behind a whole PDF, as mail gateways and web servers append them, are not objects.
    """
    data = path.read_bytes()
    end = max(data.rfind(b"xref"), data.rfind(b"/XRef"), 0)
    return OBJECT.search(data, end) is not None


def _remarks(document: pypdfium2.PdfDocument, is_cut_off: bool) -> tuple[str, ...]:
    remarks = []
    if is_cut_off:
        remarks.append("the file is cut off: pages, or parts of pages, may be missing")
    if document.get_formtype() in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND):
        remarks.append("it is an XFA form, of which only the ordinary PDF pages were looked at")
    return tuple(remarks)


def _attached_files(page: pypdfium2.PdfPage) -> int:
    """Number of the page's annotations that hold a file (shown as a paper clip or pin)."""
    count = 0
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        count += pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_FILEATTACHMENT
        pdfium.FPDFPage_CloseAnnot(annotation)
    return count
