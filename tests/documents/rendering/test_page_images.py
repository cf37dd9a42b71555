"""Image format and perceptual hash of rendered pages."""

from __future__ import annotations

from pathlib import Path

import cv2
import imagehash
import numpy as np
import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from PIL import Image

from redaction.documents.rendering.worker import perceptual_hash
from redaction.pages.image import page_from_file
from redaction.pages.pdf import render_scale
from redaction.workspace import Workspace

from .conftest import fetch_and_render, folder_config, page_rows


def _text_page(seed: int, width: int, height: int) -> np.ndarray:  # type: ignore[type-arg]
    rng = np.random.default_rng(seed)
    gray = np.full((height, width), 250, np.uint8)
    for _ in range(60):
        x, y, w, h = (
            int(value) for value in rng.integers((0, 0, 1, 1), (width, height, max(2, width // 4), max(2, height // 20)))
        )
        gray[y : y + h, x : x + w] = rng.integers(0, 256)
    return gray


@pytest.mark.parametrize("size", [(1275, 1650), (1240, 1755), (32, 32), (127, 63), (21, 3001), (1, 1)])
def test_the_hash_equals_that_of_imagehash(size: tuple[int, int]) -> None:
    """The hash is exact for the page at a quarter of its size, if that is not too small, and close for the whole page."""
    page = _text_page(1, *size)
    assert imagehash.hex_to_hash(perceptual_hash(page)) - imagehash.phash(Image.fromarray(page)) <= 4
    shrunk = page
    for _ in range(2):
        if min(shrunk.shape) >= 64:
            shrunk = cv2.resize(shrunk, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert perceptual_hash(page) == str(imagehash.phash(Image.fromarray(shrunk)))


def test_similar_pages_have_similar_hashes() -> None:
    first, scanned, other = (
        _text_page(1, 1275, 1650),
        cv2.GaussianBlur(_text_page(1, 1275, 1650), (5, 5), 0),
        _text_page(2, 1275, 1650),
    )
    hashes = [imagehash.hex_to_hash(perceptual_hash(page)) for page in (first, scanned, other)]
    assert hashes[0] - hashes[1] <= 4
    assert hashes[0] - hashes[2] >= 16


@pytest.mark.parametrize("color", [(0, 0, 0), (128, 128, 128), (200, 200, 200), (255, 255, 255), (200, 30, 30), (250, 240, 120)])
def test_a_filled_box_survives_the_image_format(folder: Path, workspace: Workspace, color: tuple[int, int, int]) -> None:
    (folder / "a.pdf").write_bytes(_pdf_with_box(fill=color))
    fetch_and_render(workspace, folder_config(folder))
    inside = _image(workspace)[220:290, 320:580].astype(int)
    assert np.abs(inside - np.array(color)).max() <= 4


@pytest.mark.parametrize("color", [(0, 0, 0), (160, 160, 160), (200, 30, 30), (30, 30, 220)])
def test_a_thin_outline_survives_the_image_format(folder: Path, workspace: Workspace, color: tuple[int, int, int]) -> None:
    (folder / "a.pdf").write_bytes(_pdf_with_box(line=color))
    fetch_and_render(workspace, folder_config(folder))
    image = _image(workspace).astype(int)
    with pdfium.PdfDocument(folder / "a.pdf") as lossless:
        exact = lossless[0].render(scale=render_scale(612), rev_byteorder=True).to_numpy().astype(int)
    assert np.abs(exact[255, 290:310] - 255).max() >= 40, "the line exists, lightened by anti-aliasing"
    assert np.abs(image[190:310, 290:610] - exact[190:310, 290:610]).max() <= 32
    assert np.abs(image[220:290, 330:570] - 255).max() <= 2, "the inside stays white"


def test_only_a_page_without_color_is_stored_as_a_gray_image(folder: Path, workspace: Workspace) -> None:
    """One colored pixel makes a page a color image. Readers get three channels in both cases."""
    (folder / "grey.pdf").write_bytes(_pdf_with_box(fill=(128, 128, 128)))
    (folder / "dot.pdf").write_bytes(_pdf_with_dot())
    fetch_and_render(workspace, folder_config(folder))
    dot, gray = (workspace.inside(str(page.image)) for page in page_rows(workspace))
    with Image.open(gray) as image, Image.open(dot) as other:
        assert (image.mode, other.mode) == ("L", "RGB")
    page = page_from_file(gray)
    assert page.shape == (1650, 1275, 3)
    assert np.array_equal(page[..., 0], page[..., 2])
    assert np.ptp(page_from_file(dot).astype(int), axis=2).max() > 50


def _pdf_with_dot() -> bytes:
    """A white page with one red pixel (at 150 dpi) that the page features do not sample."""
    page = FPDF(unit="pt", format=(612, 792))
    page.add_page()
    page.set_fill_color(255, 0, 0)
    page.rect(301 * 0.48, 201 * 0.48, 0.48, 0.48, style="F")
    return bytes(page.output())


def _pdf_with_box(fill: tuple[int, int, int] | None = None, line: tuple[int, int, int] | None = None) -> bytes:
    """A page with a box from (300, 200) to (600, 300) in pixels at 150 dpi."""
    page = FPDF(unit="pt", format=(612, 792))
    page.add_page()
    page.set_line_width(0.48)
    if fill:
        page.set_fill_color(*fill)
    if line:
        page.set_draw_color(*line)
    page.rect(300 * 0.48, 200 * 0.48, 300 * 0.48, 100 * 0.48, style="F" if fill else "D")
    return bytes(page.output())


def _image(workspace: Workspace) -> np.ndarray:  # type: ignore[type-arg]
    (page,) = page_rows(workspace)
    return cv2.cvtColor(cv2.imread(str(workspace.inside(str(page.image)))), cv2.COLOR_BGR2RGB)
