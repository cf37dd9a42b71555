"""After rendering with PDFium, the redactions lie where the ground truth says; to the pixel if they are PDF objects."""

from __future__ import annotations

from random import Random

import numpy as np
import pypdfium2
import pytest

from redaction.dataset import Style
from redaction.samples.pdf_pages import GroundTruthPage, render_scale, rendered_size_px, write_digital_page, write_scanned_page
from redaction.synthesis.composition import generated_page
from redaction.synthesis.layouts import draw_layout, draw_size
from redaction.synthesis.sheet import A4_PT, LETTER_PT, new_pdf

DRAWN_STYLES = [style for style in Style if style is not Style.UNKNOWN]
TOLERANCE_PX = 1


def render(data: bytes) -> np.ndarray:
    page = pypdfium2.PdfDocument(data)[0]
    return page.render(scale=render_scale(page.get_width()), rev_byteorder=True).to_numpy().astype(int)


def without_redactions(rng: Random) -> np.ndarray:
    """The page that `write_digital_page` writes with this generator, from the same random draws, before redaction."""
    layout, size_pt, text = draw_layout(rng), draw_size(rng), rng.getrandbits(64)
    image, _ = generated_page(Random(text), layout, size_pt, render_scale(size_pt[0]))
    return image.astype(int)


def assert_changed_exactly(before: np.ndarray, after: np.ndarray, known: GroundTruthPage) -> None:
    changed = abs(before - after).max(axis=2) > 16
    outside = changed.copy()
    for box in known.boxes:
        x0, y0, x1, y1 = (round(value) for value in (box.x0, box.y0, box.x1, box.y1))
        # neighbors may touch, so pixels just outside the box are not checked here; the check of `outside` does that
        ys, xs = np.nonzero(changed[max(0, y0 - 3) : y1 + 3, max(0, x0 - 3) : x1 + 3])
        xs, ys = xs + max(0, x0 - 3), ys + max(0, y0 - 3)
        assert xs.min() <= x0 + TOLERANCE_PX and ys.min() <= y0 + TOLERANCE_PX, box
        assert xs.max() + 1 >= x1 - TOLERANCE_PX and ys.max() + 1 >= y1 - TOLERANCE_PX, box
        outside[max(0, y0 - TOLERANCE_PX) : y1 + TOLERANCE_PX, max(0, x0 - TOLERANCE_PX) : x1 + TOLERANCE_PX] = False
    assert not outside.any(), "something was drawn more than a pixel outside all boxes"


@pytest.mark.parametrize("style", DRAWN_STYLES)
def test_drawn_redactions_match_their_boxes(style: Style) -> None:
    boxes = 0
    for seed in range(12):
        pdf = new_pdf()
        known = write_digital_page(pdf, Random(seed), style)
        after = render(bytes(pdf.output()))
        assert after.shape[:2] == (known.height, known.width)
        assert_changed_exactly(without_redactions(Random(seed)), after, known)
        boxes += len(known.boxes)
    assert boxes > 20


@pytest.mark.parametrize("style", DRAWN_STYLES)
def test_scanned_redactions_match_their_boxes(style: Style) -> None:
    """A scan has no unredacted version to compare with, so each box must have a uniform tone and end at its edges."""
    boxes = 0
    for seed in range(10):
        pdf = new_pdf()
        known = write_scanned_page(pdf, Random(seed), style)
        gray = render(bytes(pdf.output())).mean(axis=2)
        assert gray.shape == (known.height, known.width)
        for box in known.boxes:
            x0, y0, x1, y1 = (round(value) for value in (box.x0, box.y0, box.x1, box.y1))
            inside = gray[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3]
            usual = np.median(inside)
            assert (abs(inside - usual) < 45).mean() > 0.45, box
            if style is Style.BLACK:
                third = (y1 - y0) // 3  # corners may be rounded
                assert (gray[y0 + third : y1 - third, [x0 + 2, x1 - 3]] < 110).mean() > 0.9, box
                beside = gray[y0 + 1 : y1 - 1, [max(0, x0 - 4), min(known.width - 1, x1 + 4)]]
                assert (abs(beside - usual) > 15).any(), box
        boxes += len(known.boxes)
    assert boxes > 20


def test_a_page_without_redactions_has_no_boxes() -> None:
    pdf = new_pdf()
    assert write_digital_page(pdf, Random(1), None).boxes == ()
    assert write_scanned_page(pdf, Random(1), None).boxes == ()


def test_a_digital_page_contains_text_and_a_scan_does_not() -> None:
    pdf = new_pdf()
    write_digital_page(pdf, Random(2), Style.BLACK)
    write_scanned_page(pdf, Random(2), Style.BLACK)
    document = pypdfium2.PdfDocument(bytes(pdf.output()))
    characters = [page.get_textpage().count_chars() for page in document]
    assert characters[0] > 50
    assert characters[1] == 0


@pytest.mark.parametrize(
    ("size_pt", "expected"), [(LETTER_PT, (1275, 1650)), (A4_PT, (1241, 1754)), ((1224.0, 792.0), (1275, 825))]
)
def test_the_rendered_size_is_predicted(size_pt: tuple[float, float], expected: tuple[int, int]) -> None:
    pdf = new_pdf()
    pdf.add_page(format=size_pt)
    width, height = rendered_size_px(*size_pt)
    assert abs(width - expected[0]) <= 1 and abs(height - expected[1]) <= 1
    assert render(bytes(pdf.output())).shape[:2] == (height, width)
