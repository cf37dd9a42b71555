"""From a file to its report: every page is looked at, and a page that cannot be read does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from redaction.detection.predictor import LoadedDetector
from redaction.errors import RedactionError
from redaction.pages.image import PageImage, page_from_file
from redaction.pages.pdf import Pdf
from redaction.progress import ProgressCallback
from redaction.reports.document import DocumentReport, PageReport, page_findings

PDF_HEADER_WITHIN_BYTES = 1024
"""Viewers accept a PDF whose header is not at the very start."""


def report_document(
    file: Path, detector: LoadedDetector, threshold: float | None = None, progress: ProgressCallback | None = None
) -> DocumentReport:
    """Look for redactions on every page of a PDF or image.

    A page that cannot be read gets an error in its place; the others are reported.

    Args:
        file: a PDF, or the image of one page.
        detector: what looks for redactions.
        threshold: lowest score that counts; None for the detector's operating point.
        progress: called after each page.

    Raises:
        RedactionError: the file cannot be opened.
    """
    lowest = detector.operating_point if threshold is None else threshold
    pages = []
    for number, total, image in _images(file):
        if isinstance(image, RedactionError):
            pages.append(PageReport(page=number, error=str(image)))
        else:
            pages.append(PageReport(page=number, findings=page_findings(image, detector.predictor.predict(image), lowest)))
        if progress is not None:
            progress("pages", number, total)
    return DocumentReport(file=file.name, detector=detector.version, digest=detector.digest, threshold=lowest, pages=tuple(pages))


def _images(file: Path) -> Iterator[tuple[int, int, PageImage | RedactionError]]:
    """The number of each page, the number of pages, and the page's image or why there is none."""
    with file.open("rb") as opened:
        is_pdf = b"%PDF-" in opened.read(PDF_HEADER_WITHIN_BYTES)
    if not is_pdf:
        yield 1, 1, page_from_file(file)
        return
    with Pdf(file) as pdf:
        for number, image in enumerate(pdf.pages(), 1):
            yield number, len(pdf), image
