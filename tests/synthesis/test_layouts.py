"""Generated pages: words lie in their boxes, only text is redactable, and the same seed gives the same page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise
from random import Random

import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from hypothesis import example, given, settings
from hypothesis import strategies as st

from redaction.pages.image import PageImage
from redaction.synthesis import furniture, pictures
from redaction.synthesis.colors import any_color, bright_color, brightness, dark_color, pale_color, text_color_on
from redaction.synthesis.composition import generated_page
from redaction.synthesis.grids import draw_table_style, table
from redaction.synthesis.handwriting import handwritten_line, handwritten_note, reader_marks, signature
from redaction.synthesis.languages import LANGUAGE_WEIGHTS, LANGUAGES
from redaction.synthesis.layouts import LAYOUTS, draw_size, write_page
from redaction.synthesis.sheet import LETTER_PT, Font, FontStyle, Line, Sheet, new_pdf
from redaction.synthesis.typefaces import FACES
from redaction.synthesis.wording import Wording

SCALE = 2.0
FAMILIES = ["Times", "Helvetica", "Courier", *FACES]


def new_sheet(seed: int = 0, language: str = "english") -> Sheet:
    sheet = Sheet(new_pdf(), *LETTER_PT, Random(seed))
    sheet.words = Wording(sheet.rng, language)
    return sheet


def ink(pdf: FPDF) -> np.ndarray:
    """Mask of the pixels that are not white, at `SCALE`."""
    page = pypdfium2.PdfDocument(bytes(pdf.output()))[0]
    return page.render(scale=SCALE).to_numpy()[:, :, :3].min(axis=2) < 200


def without(mask: np.ndarray, words: Line, slack: float) -> np.ndarray:
    """The mask with these words blanked out."""
    left = mask.copy()
    for x0, y0, x1, y1 in words:
        rows = slice(max(0, int((y0 - slack) * SCALE)), int((y1 + slack) * SCALE) + 1)
        left[rows, max(0, int((x0 - slack) * SCALE)) : int((x1 + slack) * SCALE) + 1] = False
    return left


def words_of(sheet: Sheet) -> Line:
    return [word for paragraph in sheet.paragraphs for line in paragraph for word in line]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6), st.sampled_from(FAMILIES), st.sampled_from(["", "B", "I"]), st.floats(6, 30),
    st.sampled_from([86, 100, 108]), st.sampled_from(sorted(LANGUAGES)), st.booleans(), st.sampled_from([0, 0.5]),
)  # fmt: skip
def test_the_ink_of_a_paragraph_lies_in_its_word_boxes(
    seed: int, family: str, style: FontStyle, size: float, stretch: float, language: str, justify: bool, jitter_pt: float
) -> None:
    sheet = new_sheet(seed, language)
    sheet.emphasis_share, sheet.jitter_pt = 0, jitter_pt
    font = Font(family, size, style, stretch=stretch)  # type: ignore[arg-type]
    sheet.paragraph(70, 60, 460, sheet.words.prose(4), font, size * 1.3, justify=justify, bottom=700)
    # slanted or accented letters extend slightly beyond the box, as they do beyond a redaction drawn on it
    assert not without(ink(sheet.pdf), words_of(sheet), size * 0.2).any()


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_words_of_one_line_do_not_overlap_and_follow_the_alignment(align: str) -> None:
    sheet = new_sheet()
    line = sheet.redactable_text(300, 100, "seven words in a line of text", Font("Times", 12), align)  # type: ignore[arg-type]
    assert len(line) == 7
    assert all(one[2] < other[0] for one, other in pairwise(line))
    at = {"left": line[0][0], "center": (line[0][0] + line[-1][2]) / 2, "right": line[-1][2]}[align]
    assert at == pytest.approx(300)


def contains_ink(image: PageImage, word: tuple[float, float, float, float]) -> bool:
    x0, y0, x1, y1 = word
    return bool(np.ptp(image[int(y0) : round(y1) + 1, int(x0) : round(x1) + 1]) > 40)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(LAYOUTS)))
@example(116, "brochure")
def test_every_redactable_word_lies_on_the_page_and_contains_ink(seed: int, layout: str) -> None:
    rng = Random(seed)
    image, paragraphs = generated_page(rng, layout, draw_size(rng), 1.5)
    words = [word for paragraph in paragraphs for line in paragraph for word in line]
    assert all(0 <= x0 < x1 <= image.shape[1] + 1 and 0 <= y0 < y1 <= image.shape[0] + 1 for x0, y0, x1, y1 in words)
    hidden = [word for word in words if not contains_ink(image, word)]
    assert len(hidden) <= max(2, 0.05 * len(words)), "a picture or a reversed heading may lie over a few words"
    assert all(line for paragraph in paragraphs for line in paragraph), "no empty lines"


@pytest.mark.parametrize(
    "draw",
    [
        lambda sheet: furniture.reversed_heading(sheet, 60, 60, 300, "HEADING", 20),
        lambda sheet: furniture.logo(sheet, 60, 60, 50),
        lambda sheet: furniture.round_seal(sheet, 100, 100, 40, (0, 0, 0)),
        lambda sheet: furniture.barcode(sheet, 60, 60, 100, 30),
        lambda sheet: furniture.matrix_code(sheet, 60, 60, 60),
        lambda sheet: furniture.stamp(sheet, 100, 200),
        furniture.filing_stamp,
        furniture.release_stamp,
        furniture.binder_holes,
        furniture.page_tab,
        lambda sheet: furniture.checkbox(sheet, 60, 60, 10),
        lambda sheet: furniture.placeholder(sheet, 60, 60, 100, 60, "photo"),
        lambda sheet: pictures.map_drawing(sheet, 60, 60, 300, 200),
        lambda sheet: pictures.chart(sheet, 60, 60, 300, 200),
        lambda sheet: handwritten_line(sheet, 60, 60, 200, 12),
        reader_marks,
    ],
)
def test_furniture_is_not_redactable(draw: Callable[[Sheet], object]) -> None:
    for seed in range(8):
        sheet = new_sheet(seed)
        draw(sheet)
        assert sheet.paragraphs == []


def test_the_cells_of_a_table_are_redactable_and_its_head_is_not() -> None:
    sheet = new_sheet()
    style = draw_table_style(sheet.rng)
    rows = [["one", "two words"], ["", "four"]]
    sheet.emphasis_share = 0
    bottom = table(
        sheet, 60, 100, [120, 120], ["Head", "Head"], rows, Font("Times", 10), 20, style.__class__(**{**vars(style), "empty": 0})
    )
    assert bottom == pytest.approx(160)
    assert [len(line) for paragraph in sheet.paragraphs for line in paragraph] == [1, 2, 1]
    assert min(word[1] for word in words_of(sheet)) > 120


def test_signatures_and_handwritten_notes_are_redactable_where_their_ink_is() -> None:
    for seed in range(10):
        sheet = new_sheet(seed)
        signature(sheet, 100, 100, 90)
        handwritten_note(sheet, 80, 200, 300, 3, 14)
        assert len(sheet.paragraphs) == 2
        assert without(ink(sheet.pdf), words_of(sheet), 6).sum() < 0.1 * ink(sheet.pdf).sum()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_letters_in_every_face(language: str, caplog: pytest.LogCaptureFixture) -> None:
    sheet = new_sheet(0, language)
    vocabulary = sheet.words.language
    text = " ".join(
        [vocabulary.common, vocabulary.months, vocabulary.mail, vocabulary.fields, vocabulary.regards, vocabulary.greeting]
    )
    with caplog.at_level(logging.WARNING):
        for index, family in enumerate(FAMILIES):
            sheet.paragraph(40, 40 + index * 80, 500, text.replace(",", " ").upper(), Font(family, 6), 7)  # type: ignore[arg-type]
        sheet.pdf.output()
    assert "missing" not in caplog.text
    assert sum(LANGUAGE_WEIGHTS.values()) > 0
    assert set(LANGUAGE_WEIGHTS) == set(LANGUAGES)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_the_same_seed_gives_the_same_page(layout: str) -> None:
    one, words = generated_page(Random(5), layout, LETTER_PT, 0.5)
    other, again = generated_page(Random(5), layout, LETTER_PT, 0.5)
    assert (one == other).all()
    assert words == again


def test_a_page_looks_the_same_alone_and_within_a_document() -> None:
    """Fonts, colors and widths set by one page do not leak into the next."""
    document, names = new_pdf(), sorted(LAYOUTS)[::3]
    for seed, layout in enumerate(names):
        write_page(document, Random(seed), layout, LETTER_PT)
    pages = pypdfium2.PdfDocument(bytes(document.output()))
    for seed, layout in enumerate(names):
        alone, _ = generated_page(Random(seed), layout, LETTER_PT, 1)
        within = pages[seed].render(scale=1, rev_byteorder=True).to_numpy()[:, :, :3]
        assert (abs(alone.astype(int) - within) > 60).mean() < 0.0005, layout


def test_text_on_colored_backgrounds_survives_a_photocopy() -> None:
    """A background and its text still differ when thresholded near the middle; otherwise a heading would become a redaction."""
    rng = Random(0)
    for _ in range(500):
        for color in (dark_color(rng), bright_color(rng), pale_color(rng), any_color(rng)):
            assert abs(brightness(color) - brightness(text_color_on(color))) > 160
            assert not 95 < brightness(color) < 188


def test_pages_come_in_many_sizes() -> None:
    rng = Random(0)
    sizes = [draw_size(rng) for _ in range(300)]
    assert len(set(sizes)) >= 8
    assert 0.05 < np.mean([width > height for width, height in sizes]) < 0.4


def test_text_is_truncated_to_the_width() -> None:
    sheet, font = new_sheet(), Font("Helvetica", 10)
    for width in (0, 5, 40, 400):
        assert sheet.text_width(sheet.truncated("incomprehensibilities of several kinds", font, width), font) <= width
