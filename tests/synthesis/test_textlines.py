"""Text on a page image is found by its ink."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pypdfium2
import pytest

from redaction.synthesis.composition import generated_page
from redaction.synthesis.pictures import photograph
from redaction.synthesis.sheet import LETTER_PT, Paragraph
from redaction.synthesis.textlines import find_paragraphs


def covered(paragraphs: list[Paragraph], shape: tuple[int, ...]) -> np.ndarray:
    page = np.zeros(shape[:2], bool)
    for paragraph in paragraphs:
        for line in paragraph:
            for x0, y0, x1, y1 in line:
                page[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1] = True
    return page


@pytest.mark.parametrize("layout", ["report", "court", "columns", "typewritten", "letter"])
def test_the_written_words_are_found(layout: str) -> None:
    for seed in range(3):
        image, written = generated_page(Random(seed), layout, LETTER_PT, 150 / 72)
        found = find_paragraphs(image)
        text = [word for paragraph in written for line in paragraph for word in line]
        mask = covered(found, image.shape)
        hit = [mask[int((y0 + y1) / 2), int((x0 + x1) / 2)] for x0, y0, x1, y1 in text]
        assert np.mean(hit) > 0.85, "most words lie in a detected word"


def test_lines_run_from_left_to_right_and_paragraphs_from_top_to_bottom() -> None:
    image, _ = generated_page(Random(1), "columns", LETTER_PT, 150 / 72)
    for paragraph in find_paragraphs(image):
        for line in paragraph:
            assert [word[0] for word in line] == sorted(word[0] for word in line)
        middles = [(line[0][1] + line[0][3]) / 2 for line in paragraph]
        assert middles == sorted(middles)


def test_lines_do_not_extend_across_columns() -> None:
    image, written = generated_page(Random(1), "columns", LETTER_PT, 150 / 72)
    widest = max(line[-1][2] - line[0][0] for paragraph in written for line in paragraph)
    assert all(line[-1][2] - line[0][0] < widest * 1.1 for paragraph in find_paragraphs(image) for line in paragraph)


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_a_uniform_page_has_no_text(tone: int) -> None:
    assert find_paragraphs(np.full((1650, 1275, 3), tone, np.uint8)) == []


def test_a_photograph_has_hardly_any_text() -> None:
    picture = np.asarray(photograph(Random(2), 1275, 1650).convert("RGB"))
    assert sum(len(line) for paragraph in find_paragraphs(picture) for line in paragraph) < 12


def test_words_found_on_real_pages_contain_ink(real_dev: Path) -> None:
    """On real pages without redactions, nearly every detected word contains ink, and text pages have many words."""
    images = [image for image in json.loads((real_dev / "annotations.json").read_text())["images"] if image["style"] == "none"]
    counts = []
    for image in images[::3]:
        document = pypdfium2.PdfDocument(real_dev / "pdfs" / image["pdf"])
        page = document[image["page_index"]].render(
            scale=image["width"] / document[image["page_index"]].get_width(), rev_byteorder=True
        )
        pixels = np.ascontiguousarray(page.to_numpy()[:, :, :3])
        words = [word for paragraph in find_paragraphs(pixels) for line in paragraph for word in line]
        in_color = [np.ptp(pixels[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]) > 50 for x0, y0, x1, y1 in words]
        assert np.mean(in_color or [True]) > 0.95, image["file_name"]
        counts.append(len(words))
    assert np.median(counts) > 60
