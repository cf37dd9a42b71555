"""Pages of a PDF come as images, in order, and a page that cannot be rendered does not stop the others."""

from pathlib import Path

import numpy as np
import pytest
from fpdf import FPDF

from redaction.errors import RedactionError
from redaction.pages.pdf import Pdf
from redaction.samples.malformed import without_second_page

BAR_PT = (72, 100, 300, 16)
"""Left, top, width and height on the first of three pages."""


@pytest.fixture
def letters() -> bytes:
    """Three pages of text; the first has a bar, the second is in landscape."""
    pdf = FPDF(unit="pt", format="letter")
    pdf.set_font("Times", size=11)
    for number in range(3):
        pdf.add_page("L" if number == 1 else "P")
        for line in range(30):
            pdf.text(72, 90 + 20 * line, "The committee received a copy of the report before the hearing in March.")
        if number == 0:
            pdf.rect(*BAR_PT, style="F")
    return bytes(pdf.output())


def written(data: bytes, folder: Path) -> Path:
    path = folder / "letters.pdf"
    path.write_bytes(data)
    return path


def test_pages_come_in_order(letters: bytes, tmp_path: Path) -> None:
    with Pdf(written(letters, tmp_path)) as pdf:
        pages = [page for page in pdf.pages() if not isinstance(page, RedactionError)]
        assert [page.shape[1] > page.shape[0] for page in pages] == [False, True, False]
        for ahead, alone in zip(pages, (pdf.page(index) for index in range(3)), strict=True):
            assert np.array_equal(ahead, alone)


def test_a_missing_page_is_an_error_in_its_place(letters: bytes, tmp_path: Path) -> None:
    with Pdf(written(without_second_page(letters), tmp_path)) as pdf:
        pages = list(pdf.pages())
    assert [isinstance(page, RedactionError) for page in pages] == [False, True, False]
    assert "page 2 of" in str(pages[1])


def test_the_caller_may_stop_early(letters: bytes, tmp_path: Path) -> None:
    with Pdf(written(letters, tmp_path)) as pdf:
        assert not isinstance(next(pdf.pages()), RedactionError)
