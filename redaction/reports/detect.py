"""From a file to its report: every page is looked at, and a page that cannot be read does not stop the others."""

from __future__ import annotations

from pathlib import Path

from redaction.detection.predictor import LoadedDetector
from redaction.errors import RedactionError
from redaction.pages.document import open_document
from redaction.pages.image import PageImage
from redaction.pages.shape import page_warnings
from redaction.progress import ProgressCallback
from redaction.reports.document import DocumentReport, PageReport, page_findings


def report_document(
    file: Path, detector: LoadedDetector, threshold: float | None = None, progress: ProgressCallback | None = None
) -> DocumentReport:
    """Look for redactions on every page of a PDF, a TIFF or another image.

    A page that cannot be read gets an error in its place; the others are reported.

    Args:
        file: a document of one of the kinds in `redaction.pages.kinds`.
        detector: what looks for redactions.
        threshold: lowest score that counts; None for the detector's operating point.
        progress: called after each page.

    Raises:
        RedactionError: the file cannot be opened.
    """
    lowest = detector.operating_point if threshold is None else threshold
    pages = []
    with open_document(file) as document:
        for number, image in enumerate(document.pages(), 1):
            pages.append(_page_report(number, image, detector, lowest))
            if progress is not None:
                progress("pages", number, len(document))
    return DocumentReport(
        file=file.name,
        detector=detector.version,
        digest=detector.digest,
        threshold=lowest,
        pages=tuple(pages),
        warnings=document.warnings,
    )


def _page_report(number: int, image: PageImage | RedactionError, detector: LoadedDetector, lowest: float) -> PageReport:
    if isinstance(image, RedactionError):
        return PageReport(page=number, error=str(image))
    findings = page_findings(image, detector.predictor.predict(image), lowest)
    return PageReport(page=number, findings=findings, warnings=page_warnings(image))
