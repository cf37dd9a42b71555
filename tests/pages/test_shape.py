"""Pages on which detectors find little are recognized by their shape and by the direction of their words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from redaction.pages.document import open_document
from redaction.pages.image import PageImage
from redaction.pages.shape import page_warnings


def page(width: int = 1275, height: int = 1650, lines: int = 40) -> PageImage:
    """Lines of text, all the same but for their number, and two bars."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for line in range(lines):
        place, text = (
            (width // 10, 80 + 35 * line),
            f"The committee met on the matter of item {line} and found what it had found.",
        )
        draw.text(place, text, fill="black", font=ImageFont.load_default(size=22))
    draw.rectangle((200, 220, 600, 250), fill="black")
    draw.rectangle((300, 520, 420, 550), fill="black")
    return np.asarray(image, np.uint8)


@pytest.mark.parametrize(
    ("image", "warning"),
    [
        (page(600, 1560), None),
        (page(600, 1600), "the page is 2.7 times as high as wide"),
        (page(600, 6000), "the page is 10.0 times as high as wide"),
        (page(1275, 986, 20), None),
        (page(1275, 825, 20), "the page is 1.5 times as wide as high"),
        (page(1275, 300, 5), "the page is 4.2 times as wide as high"),
        (page(), None),
        (np.rot90(page()), "the text seems to run from top to bottom"),
        (np.rot90(page(), 3), "the text seems to run from top to bottom"),
        (np.rot90(page(), 2), None),
        (np.rot90(page(1700, 2200)), "the text seems to run from top to bottom"),
        (page(lines=0), None),
        (np.rot90(page(lines=0)), None),
        (np.full((1650, 1275, 3), 255, np.uint8), None),
        (np.zeros((1, 1, 3), np.uint8), None),
    ],
)
def test_a_page_of_an_odd_shape_has_a_warning(image: PageImage, warning: str | None) -> None:
    warnings = page_warnings(np.ascontiguousarray(image))
    assert len(warnings) == (warning is not None)
    if warning:
        assert warning in warnings[0] and "redactions may be missed" in warnings[0]


def test_a_very_wide_page_with_sideways_text_has_both_warnings() -> None:
    assert len(page_warnings(np.ascontiguousarray(np.rot90(page(600, 2000, 50))))) == 2


def test_real_pages_have_a_warning_only_once_they_are_turned(real_dev: Path) -> None:
    names = sorted({image["pdf"] for image in json.loads((real_dev / "annotations.json").read_text())["images"]})[::4]
    upright = turned = 0
    for name in names:
        with open_document(real_dev / "pdfs" / name) as document:
            image = document.page(0)
        upright += bool(page_warnings(image))
        turned += bool(page_warnings(np.ascontiguousarray(np.rot90(image))))
    assert len(names) >= 10
    assert upright == 0
    assert turned >= 0.8 * len(names)
