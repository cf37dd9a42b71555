"""Pages of a PDF come as images, in order, as a viewer shows them."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from fpdf.enums import EncryptionMethod
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from redaction.errors import RedactionError
from redaction.pages.image import PageImage
from redaction.pages.opened import DocumentError
from redaction.pages.pdf import Pdf, rendered_size_px
from redaction.samples.malformed import without_second_page
from tests.pages.pdf_files import BAR_PT, linearized, pdf, plain, stream, updated, with_cross_reference_stream, with_field


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
            pdf.rect(72, 100, 300, 16, style="F")
    return bytes(pdf.output())


def written(data: bytes, folder: Path) -> Path:
    path = folder / "letters.pdf"
    path.write_bytes(data)
    return path


def images(data: bytes, folder: Path) -> list[PageImage]:
    """All pages, none of which may be damaged."""
    with Pdf(written(data, folder)) as document:
        pages = list(document.pages())
    assert not any(isinstance(page, RedactionError) for page in pages)
    return [page for page in pages if not isinstance(page, RedactionError)]


def test_pages_come_in_order(letters: bytes, tmp_path: Path) -> None:
    pages = images(letters, tmp_path)
    assert [page.shape[1] > page.shape[0] for page in pages] == [False, True, False]
    with Pdf(tmp_path / "letters.pdf") as document:
        for ahead, alone in zip(pages, (document.page(index) for index in range(3)), strict=True):
            assert np.array_equal(ahead, alone)


def test_a_missing_page_is_an_error_in_its_place(letters: bytes, tmp_path: Path) -> None:
    with Pdf(written(without_second_page(letters), tmp_path)) as document:
        pages = list(document.pages())
        assert not document.is_cut_off
    assert [isinstance(page, RedactionError) for page in pages] == [False, True, False]
    assert "page 2 of" in str(pages[1])


def test_the_caller_may_stop_early(letters: bytes, tmp_path: Path) -> None:
    with Pdf(written(letters, tmp_path)) as document:
        assert not isinstance(next(document.pages()), RedactionError)


@pytest.mark.parametrize(
    "data",
    [
        with_field("/FT/Tx/T(f)/Ff 1/AP<</N 4 0 R>>"),
        with_field("/FT/Tx/T(f)/AP<</N 4 0 R>>", form=""),
        with_field("/FT/Tx/T(f)/AP<</N 4 0 R>>", form="/AcroForm<</Fields[]>>"),
        with_field("/FT/Btn/Ff 65536/T(f)/MK<</BG[0 0 0]>>"),
        with_field("/FT/Tx/T(f)/MK<</BG[0 0 0]>>/V(secret)/DA(/Helv 10 Tf 0 g)"),
        with_field("/FT/Btn/T(f)/V/Yes/AS/Yes/AP<</N<</Yes 4 0 R/Off 6 0 R>>>>"),
        with_field("/FT/Tx/T(f)/MK<</BG[0 0 0]>>/Ff 16777216/MaxLen 9/V(secret)/DA(/Helv 10 Tf 0 g)"),
    ],
    ids=[
        "in a form",
        "without a form",
        "not listed by the form",
        "a button's color",
        "a text field without an appearance",
        "a check box that is checked",
        "a field of single letters",
    ],
)
def test_form_fields_are_drawn(data: bytes, tmp_path: Path) -> None:
    (page,) = images(data, tmp_path)
    left, bottom, right, top = BAR_PT
    rows, columns = slice(math.ceil((792 - top) * 150 / 72) + 2, int((792 - bottom) * 150 / 72) - 2), slice(315, 725)
    assert page[rows, columns].max() < 60
    assert (page < 128).sum() / 3 == pytest.approx((right - left) * (top - bottom) * (150 / 72) ** 2, rel=0.05)


def test_what_is_filled_in_is_shown(tmp_path: Path) -> None:
    filled = with_field("/FT/Tx/T(f)/V(Filled in by the requester)/DA(/Helv 10 Tf 0 g)")
    empty = with_field("/FT/Tx/T(f)/DA(/Helv 10 Tf 0 g)")
    dark = [int((images(data, tmp_path)[0] < 128).sum()) for data in (filled, empty)]
    assert (dark[0] > 1000, dark[1]) == (True, 0)


def blank(width_pt: float, height_pt: float) -> bytes:
    document = pypdfium2.PdfDocument.new()
    document.new_page(width_pt, height_pt)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


sides_pt = st.floats(3, 2500, width=32)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(width=sides_pt, height=sides_pt)
@example(width=612, height=792)
@example(width=612, height=1008)
@example(width=1224, height=792)
@example(width=595.276, height=841.89)
@example(width=10, height=14400)
def test_a_page_has_the_size_that_is_predicted_for_it(width: float, height: float, tmp_path: Path) -> None:
    with Pdf(written(blank(width, height), tmp_path)) as document:
        assert document.page(0).shape[1::-1] == rendered_size_px(*document._document[0].get_size())


@given(st.integers(1, 1275), st.integers(1, 20_000))
@example(1275, 1650)
def test_a_page_of_whole_pixels_does_not_get_one_more(width_px: int, height_px: int) -> None:
    """PDFium has sizes in points, in single precision."""
    size_pt = [float(np.float32(side * 72 / 150)) for side in (width_px, height_px)]
    assert rendered_size_px(*size_pt) == (width_px, height_px)


def test_us_letter_has_the_size_that_the_documentation_says(letters: bytes, tmp_path: Path) -> None:
    assert [page.shape[:2] for page in images(letters, tmp_path)] == [(1650, 1275), (986, 1275), (1650, 1275)]


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: new.join(data.rsplit(old, 1))


@pytest.mark.parametrize(
    "change",
    [
        replaced(b"%%EOF\n", b""),
        replaced(b"%%EOF\n", b"%%EO"),
        lambda data: data[: data.rindex(b"startxref")],
        replaced(b"startxref\n", b"startxref\n9"),
        lambda data: data + bytes(8192),
        lambda data: data + b"<!-- " + b"served in 12 ms " * 500 + b"-->",
        lambda data: b"Content-Type: application/pdf\r\n\r\n" + b"-" * 900 + data,
    ],
    ids=["no mark", "half a mark", "no startxref", "a wrong offset", "zeros behind", "a comment behind", "a header before"],
)
@pytest.mark.parametrize("make", [plain, linearized, updated, with_cross_reference_stream])
def test_a_file_with_an_odd_beginning_or_end_is_read_as_viewers_read_it(
    make: Callable[[], bytes], change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    whole = images(make(), tmp_path)
    changed = images(change(make()), tmp_path)
    assert len(whole) == len(changed) > 1
    assert all(np.array_equal(*pair) for pair in zip(whole, changed, strict=True))
    with Pdf(tmp_path / "letters.pdf") as document:
        assert (document.is_cut_off, document.warnings) == (False, ())


@pytest.mark.parametrize("make", [plain, linearized, updated, with_cross_reference_stream])
def test_no_page_of_a_file_that_is_cut_off_is_lost_in_silence(make: Callable[[], bytes], tmp_path: Path) -> None:
    data = make()
    whole = images(data, tmp_path)
    earlier = [*images(plain(2), tmp_path)] if make is updated else whole
    named = 0
    for length in range(100, len(data), 97):
        try:
            with Pdf(written(data[:length], tmp_path)) as document:
                if document.is_cut_off:
                    named += 1
                    assert "the file is cut off: pages, or parts of pages, may be missing" in document.warnings
                    continue
                pages = list(document.pages())
        except DocumentError as error:
            assert "cannot be opened as a PDF: it is damaged, cut off or without pages" in str(error)
            named += 1
            continue
        assert any(all(map(np.array_equal, pages, expected)) and len(pages) == len(expected) for expected in (whole, earlier))
    assert named > 40


@pytest.mark.parametrize("method", [EncryptionMethod.RC4, EncryptionMethod.AES_128, EncryptionMethod.AES_256])
def test_a_pdf_with_an_empty_user_password_opens(method: EncryptionMethod, tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(20, 20, 100, 10, style="F")
    pdf.set_encryption(owner_password="owner", user_password="", encryption_method=method)
    (page,) = images(bytes(pdf.output()), tmp_path)
    assert (page < 128).any()


@pytest.mark.parametrize("method", [EncryptionMethod.RC4, EncryptionMethod.AES_256])
def test_a_pdf_that_needs_a_password_is_refused(method: EncryptionMethod, tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_encryption(owner_password="owner", user_password="user", encryption_method=method)
    with pytest.raises(DocumentError, match=r"letters\.pdf is encrypted: it needs a password\.$"):
        Pdf(written(bytes(pdf.output()), tmp_path))


def test_embedded_files_are_a_warning(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument(plain(1))
    for name, warning in (("one.pdf", "1 embedded file was not looked at"), ("two.pdf", "2 embedded files were not looked at")):
        document.new_attachment(name).set_data(plain(1))
        document.save(tmp_path / "portfolio.pdf")
        with Pdf(tmp_path / "portfolio.pdf") as portfolio:
            assert portfolio.warnings == (warning,)


ATTACHMENT = "<</Type/Annot/Subtype/FileAttachment/Rect[72 700 90 718]/FS<</Type/Filespec/F(a.pdf)/EF<</F 5 0 R>>>>>>"


def test_files_attached_to_pages_are_counted_with_the_others(tmp_path: Path) -> None:
    """A viewer shows them as a paper clip on the page."""
    pages = [f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Annots[{ATTACHMENT * count}]>>" for count in (2, 0, 1)]
    data = pdf(
        "<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(b.pdf)<</Type/Filespec/F(b.pdf)/EF<</F 5 0 R>>>>]>>>>>>",
        "<</Type/Pages/Count 3/Kids[3 0 R 4 0 R 6 0 R]>>",
        pages[0],
        pages[1],
        stream("%PDF-", "/Type/EmbeddedFile"),
        pages[2],
    )
    with Pdf(written(data, tmp_path)) as document:
        assert document.warnings == ("1 embedded file was not looked at",)
        assert len(list(document.pages())) == 3
        assert document.warnings == ("4 embedded files were not looked at",)


def test_an_xfa_form_is_a_warning(tmp_path: Path) -> None:
    form = pdf(
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]/XFA 4 0 R>>>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>",
        stream("<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>"),
    )
    with Pdf(written(form, tmp_path)) as document:
        assert document.warnings == ("it is an XFA form, of which only the ordinary PDF pages were looked at",)


def test_a_pdf_without_pages_is_refused_without_the_word_success(tmp_path: Path) -> None:
    """PDFium has no error code for it."""
    nothing = pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>")
    with pytest.raises(DocumentError, match=r"cannot be opened as a PDF: it is damaged, cut off or without pages\.$"):
        Pdf(written(nothing, tmp_path))
