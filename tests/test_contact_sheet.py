"""Contact sheets: colors, positions, limits and sizes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from redaction.contact_sheet import STYLE_COLORS, SheetPage, contact_sheet, contact_sheet_png
from redaction.dataset import AnnotatedPage, Box, Dataset, Split, Style


def white(width: int = 600, height: int = 800) -> Image.Image:
    return Image.new("RGB", (width, height), "white")


@pytest.mark.parametrize("style", list(Style))
def test_boxes_are_drawn_in_the_color_of_their_style(style: Style) -> None:
    page = SheetPage(white(), [Box(x0=100, y0=200, x1=500, y1=300, style=style)], "a page")
    pixels = np.asarray(contact_sheet([page], page_width_px=300)).reshape(-1, 3)
    for other, color in STYLE_COLORS.items():
        assert (pixels == color).all(axis=1).any() == (other is style)


def test_a_box_is_drawn_at_its_position_on_the_page() -> None:
    sheet = np.asarray(contact_sheet([SheetPage(white(), [Box(x0=100, y0=200, x1=500, y1=300)])], page_width_px=300))
    ys, xs = np.nonzero((sheet == STYLE_COLORS[Style.UNKNOWN]).all(axis=2))
    paper_top, paper_left = (int(axis.min()) for axis in np.nonzero((sheet == 255).all(axis=2)))
    assert abs((ys.min() - paper_top) - (200 * 0.5)) < 20, "the caption may start above the page"
    assert abs((xs.min() - paper_left) - 100 * 0.5) <= 2
    assert abs((xs.max() - xs.min()) - 400 * 0.5) <= 3
    assert abs((ys.max() - ys.min()) - 100 * 0.5) <= 3


def test_the_sheet_shows_no_more_pages_than_the_limit() -> None:
    few = contact_sheet([SheetPage(white())] * 100, columns=5, page_width_px=40, limit=10)
    assert few.size == contact_sheet([SheetPage(white())] * 10, columns=5, page_width_px=40).size


@pytest.mark.parametrize("size", [(600, 800), (800, 600), (100, 2000), (2000, 100), (1, 1)])
def test_a_page_of_any_shape_fits_its_cell(size: tuple[int, int]) -> None:
    one = contact_sheet([SheetPage(white(*size))], page_width_px=100)
    assert one.size == contact_sheet([SheetPage(white())], page_width_px=100).size


def test_a_sheet_without_pages_is_a_valid_image() -> None:
    assert Image.open(io.BytesIO(contact_sheet_png([]))).format == "PNG"


def test_the_pages_of_a_dataset_are_read_from_their_files(tmp_path: Path) -> None:
    white().save(tmp_path / "p.png")
    page = AnnotatedPage(page="d/0000", document="d", image="p.png", sha256="", width=600, height=800, split=Split.TRAIN)
    sheet = contact_sheet(Dataset(root=str(tmp_path), pages=(page,)))
    assert sheet.size == contact_sheet([SheetPage(white())]).size
