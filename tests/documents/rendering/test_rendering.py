"""Rendering of documents: images, rows, quarantined documents."""

from __future__ import annotations

import json
import shutil
import struct
import time
from pathlib import Path

import cv2
import imagehash
import numpy as np
import psutil
import pytest
from PIL import Image

from redaction.catalog.tables import DocumentStatus
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.rendering.rendering import render
from redaction.files import sha256_of_bytes, sha256_of_file
from redaction.pages.features import PageFeatures, page_features
from redaction.pages.image import page_from_file
from redaction.workspace import Workspace
from tests.pages.pdf_files import plain, updated, with_field

from ..conftest import encrypted_pdf, pdf_of, pdf_without_pages
from .conftest import document_row, fetch_and_render, folder_config, page_rows


def test_each_page_has_an_image_and_a_row_that_describes_it(folder: Path, workspace: Workspace) -> None:
    content = pdf_of("hello", pages=2)
    (folder / "A report.v2.pdf").write_bytes(content)
    summary = fetch_and_render(workspace, folder_config(folder))
    name = sha256_of_bytes(content)
    assert summary.pages == (f"{name}/0000", f"{name}/0001")
    first, second = page_rows(workspace)
    assert (first.file_name, second.file_name) == ("A report.v2_p0001", "A report.v2_p0002")
    assert first.image == f"pages/{name}/0000.jpg"
    image = cv2.cvtColor(cv2.imread(str(workspace.inside(first.image))), cv2.COLOR_BGR2RGB)
    assert image.shape == (first.height, first.width, 3)
    assert (first.width, first.height, first.dpi) == (1275, 1650, pytest.approx(150))
    assert first.sha256 == sha256_of_file(workspace.inside(first.image))
    hashes = [imagehash.hex_to_hash(str(page.perceptual_hash)) for page in (first, second)]
    assert hashes[0] - imagehash.phash(Image.fromarray(image)) <= 4
    assert PageFeatures.model_validate(first.features).ink_density == pytest.approx(page_features(image).ink_density, abs=1e-3)
    row = document_row(workspace, content)
    assert (row.status, row.page_count, row.reason) == (DocumentStatus.RENDERED, 2, None)


def test_a_second_run_starts_no_renderer(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a"))
    fetch_and_render(workspace, folder_config(folder))
    started = time.monotonic()
    assert fetch_and_render(workspace, folder_config(folder)).pages == ()
    assert time.monotonic() - started < 0.2


@pytest.mark.parametrize(
    ("size_pt", "size_px"),
    [
        ((595, 842), (1240, 1755)),  # A4 at 150 dpi
        ((612, 792), (1275, 1650)),  # US Letter: exactly as wide as allowed
        ((2384, 3370), (1275, 1803)),  # A0: at a lower resolution
        ((1, 1), (3, 3)),
        ((10, 14400), (21, 30000)),  # as long as PDF allows
    ],
)
def test_a_page_is_never_wider_than_the_limit(
    folder: Path, workspace: Workspace, size_pt: tuple[float, float], size_px: tuple[int, int]
) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a", format=size_pt))
    fetch_and_render(workspace, folder_config(folder))
    (page,) = page_rows(workspace)
    assert (page.width, page.height) == size_px
    assert page.dpi == pytest.approx(min(150, 1275 / size_pt[0] * 72))


def test_all_pages_of_a_long_document_are_rendered(folder: Path, workspace: Workspace) -> None:
    (folder / "long.pdf").write_bytes(pdf_of("long", pages=101, format=(100, 100)))
    summary = fetch_and_render(workspace, folder_config(folder))
    assert [name[-4:] for name in summary.pages] == [f"{index:04d}" for index in range(101)]
    assert len(list(workspace.pages.rglob("*.jpg"))) == 101


def test_unusable_documents_are_quarantined_and_the_others_are_rendered(folder: Path, workspace: Workspace) -> None:
    long_enough_to_cut = pdf_of("whole", pages=40)
    bad = {
        "damaged.pdf": (b"%PDF-1.7\nnothing of use\n%%EOF", "cannot be opened as a PDF: it is damaged, cut off or without pages"),
        "empty.pdf": (pdf_without_pages(), "cannot be opened as a PDF: it is damaged, cut off or without pages"),
        "encrypted.pdf": (encrypted_pdf(), "is encrypted: it needs a password"),
        "many.pdf": (pdf_of("many", pages=51, format=(50, 50)), "has 51 pages, more than the limit of 50"),
        "truncated.pdf": (
            long_enough_to_cut[: len(long_enough_to_cut) * 2 // 3],
            "cannot be opened as a PDF: it is damaged, cut off or without pages",
        ),
        "half-an-update.pdf": (
            updated()[: len(plain(2)) + 5000],
            "is cut off: the end of the file is missing, and perhaps pages with it",
        ),
    }
    for name, (content, _) in bad.items():
        (folder / name).write_bytes(content)
    (folder / "good.pdf").write_bytes(pdf_of("good"))
    summary = fetch_and_render(workspace, folder_config(folder, max_pages=50))
    assert len(summary.pages) == len(list(workspace.pages.iterdir())) == 1
    found = {problem.where: problem.reason for problem in summary.refused}
    assert found.keys() == bad.keys()
    for name, (content, reason) in bad.items():
        assert found[name] == reason
        assert (document_row(workspace, content).status, document_row(workspace, content).reason) == (
            DocumentStatus.QUARANTINED,
            reason,
        )
    assert fetch_and_render(workspace, folder_config(folder, max_pages=50)).refused == (), (
        "quarantined documents are not tried again"
    )


def test_a_document_is_never_reported_with_the_error_of_another(folder: Path, workspace: Workspace) -> None:
    """A renderer opens many documents, and PDFium keeps its last error until the next one."""
    (folder / "encrypted.pdf").write_bytes(encrypted_pdf())
    (folder / "without-pages.pdf").write_bytes(pdf_without_pages())
    summary = fetch_and_render(workspace, folder_config(folder, workers=1))
    assert [problem.reason for problem in summary.refused] == [
        "is encrypted: it needs a password",
        "cannot be opened as a PDF: it is damaged, cut off or without pages",
    ]


def test_whole_files_with_odd_ends_are_rendered(folder: Path, workspace: Workspace) -> None:
    mark = b"%%EOF\n"
    contents = {
        "no-mark.pdf": plain(2).removesuffix(mark),
        "half-a-mark.pdf": plain(3).removesuffix(mark) + mark[:3],
        "zeros.pdf": plain(4) + bytes(8192),
        "page-of-the-proxy.pdf": plain(5) + b"<!-- served by the proxy -->\n" * 500,
        "mail.pdf": b"Content-Type: application/pdf\r\n\r\n" + b"-" * 800 + plain(6),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    summary = fetch_and_render(workspace, folder_config(folder))
    assert (summary.refused, summary.refused_pages) == ((), ())
    assert {name: document_row(workspace, content).page_count for name, content in contents.items()} == {
        "no-mark.pdf": 2,
        "half-a-mark.pdf": 3,
        "zeros.pdf": 4,
        "page-of-the-proxy.pdf": 5,
        "mail.pdf": 6,
    }


def test_form_fields_are_on_the_image(folder: Path, workspace: Workspace) -> None:
    (folder / "form.pdf").write_bytes(with_field("/FT/Tx/T(f)/AP<</N 4 0 R>>"))
    fetch_and_render(workspace, folder_config(folder))
    (page,) = page_rows(workspace)
    assert (page_from_file(workspace.inside(str(page.image)))[375:395, 320:720] < 60).all()


def test_tiffs_and_other_images_are_rendered_like_pdfs(folder: Path, workspace: Workspace) -> None:
    bars = [Image.new("L", (1700, 2200), 255) for _ in range(34)]
    for number, page in enumerate(bars):
        page.paste(0, (200, 60 * number, 1200, 60 * number + 40))
    bars[0].convert("1").save(
        folder / "fax.tif",
        save_all=True,
        append_images=[bar.convert("1") for bar in bars[1:]],
        compression="group4",
        dpi=(200, 200),
    )
    bars[2].convert("RGB").save(folder / "photo.jpg", quality=95)
    bars[3].resize((1275, 1650)).save(folder / "page.png")
    bars[4].convert("RGB").save(folder / "other.webp")
    (folder / "cut.png").write_bytes((folder / "page.png").read_bytes()[:400])
    summary = fetch_and_render(workspace, folder_config(folder))
    assert [(problem.where, problem.reason.split(" (")[0]) for problem in summary.refused] == [
        ("cut.png", "cannot be read as an image")
    ]
    pages = {page.file_name: page for page in page_rows(workspace)}
    assert len(pages) == 37
    assert {(page.width, page.height) for page in pages.values()} == {(1275, 1650)}
    assert (pages["fax_p0034"].dpi, pages["page_p0001"].dpi) == (pytest.approx(150), None)
    for name, number in (("fax_p0001", 0), ("fax_p0033", 32), ("fax_p0034", 33), ("photo_p0001", 2)):
        image = page_from_file(workspace.inside(str(pages[name].image)))
        rows = np.flatnonzero(image[:, 350, 0] < 128)
        assert (rows[0], rows[-1]) == (pytest.approx(45 * number, abs=1), pytest.approx(45 * number + 29, abs=1)), name


def test_only_the_damaged_page_of_a_tiff_is_lost(folder: Path, workspace: Workspace) -> None:
    pages = [Image.new("L", (850, 1100), 255 - number) for number in range(3)]
    pages[0].save(folder / "scan.tif", save_all=True, append_images=pages[1:])
    data = bytearray((folder / "scan.tif").read_bytes())
    entry = -1
    for _ in range(2):
        entry = data.index(struct.pack("<HH", 259, 3), entry + 1)
    data[entry + 8] = 44  # a compression that does not exist
    (folder / "scan.tif").write_bytes(data)
    summary = fetch_and_render(workspace, folder_config(folder))
    assert len(summary.pages) == 2
    assert [(problem.where, problem.reason.split(" (")[0]) for problem in summary.refused_pages] == [
        ("scan_p0002", "cannot be read as an image")
    ]


def test_all_renderers_have_ended_after_rendering(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a"))
    others = psutil.Process().children()
    fetch_and_render(workspace, folder_config(folder))
    assert psutil.Process().children() == others


def test_a_document_whose_file_is_missing_waits_for_the_next_fetch(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a"))
    sources = folder_config(folder)
    fetch(workspace, sources, discover(sources))
    next(workspace.documents.iterdir()).unlink()
    assert "its file is missing" in render(workspace, sources).failures[0].reason
    assert len(fetch_and_render(workspace, sources).pages) == 1


def test_real_pages_have_the_size_of_their_annotated_images(real_dev: Path, workspace: Workspace, folder: Path) -> None:
    annotated = json.loads((real_dev / "annotations.json").read_text())["images"]
    for name in sorted({image["pdf"] for image in annotated})[:5]:
        shutil.copy(real_dev / "pdfs" / name, folder)
    fetch_and_render(workspace, folder_config(folder))
    pages = {page.file_name: page for page in page_rows(workspace)}
    assert pages
    wanted = {Path(image["file_name"]).stem: image for image in annotated}
    for name, page in pages.items():
        assert page.width == wanted[name]["width"]
        # annotated when a height of 1650.0000000000002 was rounded up
        assert page.height in (wanted[name]["height"], wanted[name]["height"] - 1)
