"""``redaction detect`` on PDFs and images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image
from typer.testing import CliRunner, Result

from redaction.cli import build
from redaction.detection.artifact import Detector
from redaction.errors import RedactionError
from redaction.pages.geometry import iou_matrix
from redaction.reports.document import DocumentReport, PageReport
from redaction.samples.malformed import without_second_page
from tests.pages.pdf_files import BAR_PT as BAR_OF_FIELD_PT
from tests.pages.pdf_files import with_field

BAR_PT = (72, 100, 300, 16)
"""Left, top, width and height on the first of three pages."""


def detect(*arguments: object) -> Result:
    return CliRunner().invoke(build(), ["detect", *map(str, arguments)], catch_exceptions=False)


def boxes_of(page: PageReport) -> np.ndarray:
    assert page.findings is not None
    rows = [(box.x0, box.y0, box.x1, box.y1) for box in page.findings.redactions]
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """Three pages of text; the first has a bar."""
    pdf = FPDF(unit="pt", format="letter")
    pdf.set_font("Times", size=11)
    for number in range(3):
        pdf.add_page()
        for line in range(30):
            pdf.text(72, 90 + 20 * line, "The committee received a copy of the report before the hearing in March.")
        if number == 0:
            pdf.rect(*BAR_PT, style="F")
    path = tmp_path / "letters.pdf"
    path.write_bytes(bytes(pdf.output()))
    return path


def test_the_table_the_json_and_the_file_agree(letters: Path, tmp_path: Path) -> None:
    output = tmp_path / "found.json"
    table = detect(letters, "--detector", "starter", "--output", output)
    printed = detect(letters, "--detector", "starter", "--json")
    assert (table.exit_code, printed.exit_code) == (0, 0)
    assert "letters.pdf: 1 redaction on 1 of 3 pages" in table.stdout
    assert printed.stdout == output.read_text()
    report = DocumentReport.model_validate_json(printed.stdout)
    assert (report.redaction_count, report.redacted_pages, len(report.pages)) == (1, 1, 3)
    left, top, width, height = (side * 150 / 72 for side in BAR_PT)
    bar = np.array([[left, top, left + width, top + height]], np.float32)
    assert iou_matrix(bar, boxes_of(report.pages[0])).max() > 0.8


def test_a_page_that_cannot_be_read_does_not_stop_the_others(letters: Path) -> None:
    letters.write_bytes(without_second_page(letters.read_bytes()))
    table = detect(letters, "--detector", "starter")
    assert table.exit_code == 1
    assert "1 redaction on 1 of 3 pages; 1 page could not be read" in table.stdout
    printed = detect(letters, "--detector", "starter", "--json")
    assert printed.exit_code == 1
    first, second, third = DocumentReport.model_validate_json(printed.stdout).pages
    assert (len(boxes_of(first)), len(boxes_of(third))) == (1, 0)
    assert second.findings is None
    assert "page 2 of" in str(second.error)


def test_the_covered_share_of_each_page_is_reported(
    toy_detector: Detector, toy_page: Callable[[int], Any], tmp_path: Path
) -> None:
    seeds = (901, 902)
    pages = [Image.fromarray(toy_page(seed)[0]) for seed in seeds]
    pages[0].save(tmp_path / "letter.pdf", save_all=True, append_images=pages[1:], resolution=72)
    result = detect(tmp_path / "letter.pdf", "--detector", toy_detector.folder, "--json")
    report = DocumentReport.model_validate_json(result.stdout)
    assert (report.detector, report.digest) == (toy_detector.version, toy_detector.digest)
    assert report.redacted_pages == 2
    for page, seed in zip(report.pages, seeds, strict=True):
        assert page.findings is not None
        assert 0 < page.findings.covered_share < 0.5
        truth = np.array(toy_page(seed)[1], np.float32) * page.findings.width / 340
        assert iou_matrix(truth, boxes_of(page)).max() > 0.5


def test_a_threshold_of_one_finds_nothing_on_an_image(
    toy_detector: Detector, toy_page: Callable[[int], Any], tmp_path: Path
) -> None:
    Image.fromarray(toy_page(903)[0]).save(tmp_path / "page.png")
    result = detect(tmp_path / "page.png", "--detector", toy_detector.folder, "--threshold", 1)
    assert "page.png: 0 redactions on 0 of 1 page" in result.stdout


def test_a_page_that_is_too_large_is_named(toy_detector: Detector, tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(612, 100_000)
    document.save(tmp_path / "endless.pdf")
    result = detect(tmp_path / "endless.pdf", "--detector", toy_detector.folder, "--json")
    assert result.exit_code == 1
    (page,) = DocumentReport.model_validate_json(result.stdout).pages
    assert "would be 1275 x 208333 pixels, more than 60 million" in str(page.error)


def test_all_pages_of_a_tiff_are_looked_at(toy_detector: Detector, toy_page: Callable[[int], Any], tmp_path: Path) -> None:
    """The first page is empty, as covers of faxes are."""
    pages = [Image.new("L", (340, 440), 255), *(Image.fromarray(toy_page(seed)[0]).convert("L") for seed in (901, 902))]
    pages[0].save(tmp_path / "fax.tif", save_all=True, append_images=pages[1:])
    result = detect(tmp_path / "fax.tif", "--detector", toy_detector.folder, "--json")
    report = DocumentReport.model_validate_json(result.stdout)
    assert [len(boxes_of(page)) > 0 for page in report.pages] == [False, True, True]


def test_redactions_made_as_form_fields_are_found(tmp_path: Path) -> None:
    (tmp_path / "form.pdf").write_bytes(with_field("/FT/Tx/T(f)/AP<</N 4 0 R>>"))
    report = DocumentReport.model_validate_json(detect(tmp_path / "form.pdf", "--detector", "starter", "--json").stdout)
    left, bottom, right, top = (side * 150 / 72 for side in BAR_OF_FIELD_PT)
    bar = np.array([[left, 1650 - top, right, 1650 - bottom]], np.float32)
    assert iou_matrix(bar, boxes_of(report.pages[0])).max() > 0.8


def test_warnings_are_printed_and_in_the_report(toy_detector: Detector, tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    for height in (792, 2400):
        document.new_page(612, height)
    document.new_attachment("inner.pdf").set_data(b"%PDF-1.7")
    document.save(tmp_path / "portfolio.pdf")
    result = detect(tmp_path / "portfolio.pdf", "--detector", toy_detector.folder, "--output", tmp_path / "found.json")
    report = DocumentReport.model_validate_json((tmp_path / "found.json").read_text())
    assert report.warnings == ("1 embedded file was not looked at",)
    assert [len(page.warnings) for page in report.pages] == [0, 1]
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-2:] == [
        "Warning: 1 embedded file was not looked at.",
        "Warning: page 2: the page is 3.9 times as high as wide, so redactions may be missed; split it.",
    ]


@pytest.mark.parametrize(("content", "reason"), [(b"%PDF-1.7 nothing else", "cannot be opened as a PDF"), (b"", "it is empty")])
def test_a_damaged_file_is_refused_in_one_sentence(content: bytes, reason: str, toy_detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(content)
    with pytest.raises(RedactionError, match=reason):
        detect(tmp_path / "bad.pdf", "--detector", toy_detector.folder)


def test_a_pdf_without_pages_is_refused_in_one_sentence(toy_detector: Detector, tmp_path: Path) -> None:
    pypdfium2.PdfDocument.new().save(tmp_path / "none.pdf")
    with pytest.raises(RedactionError, match=r"none\.pdf cannot be opened as a PDF: it is damaged, cut off or without pages\.$"):
        detect(tmp_path / "none.pdf", "--detector", toy_detector.folder)


def test_a_name_for_the_old_json_file_is_a_usage_error(letters: Path) -> None:
    assert detect(letters, "--json", "found.json").exit_code == 2


def test_the_report_is_json_without_anything_else(letters: Path) -> None:
    assert json.loads(detect(letters, "--detector", "starter", "--json").stdout)["file"] == "letters.pdf"
