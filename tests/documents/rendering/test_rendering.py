"""Rendering of documents: images, rows, quarantined documents."""

from __future__ import annotations

import json
import time
from pathlib import Path

import cv2
import imagehash
import psutil
import pytest
from PIL import Image

from redaction.catalog.tables import DocumentStatus
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.rendering.rendering import render
from redaction.files import sha256_of_bytes, sha256_of_file
from redaction.pages.features import PageFeatures, page_features
from redaction.workspace import Workspace

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
    assert (first.width, first.height, first.dpi) == (1275, 1651, pytest.approx(150))
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
        ((612, 792), (1275, 1651)),  # US Letter: exactly as wide as allowed; pypdfium2 rounds up 792 * 1275 / 612 = 1650.0…
        ((2384, 3370), (1275, 1803)),  # A0: at a lower resolution
        ((1, 1), (3, 3)),
        ((10, 14400), (21, 30001)),  # as long as PDF allows
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
        "damaged.pdf": (b"%PDF-1.7\nnothing of use\n%%EOF", "cannot be opened: it is damaged, truncated or without pages"),
        "empty.pdf": (pdf_without_pages(), "cannot be opened: it is damaged, truncated or without pages"),
        "encrypted.pdf": (encrypted_pdf(), "is encrypted: it needs a password"),
        "many.pdf": (pdf_of("many", pages=51, format=(50, 50)), "has 51 pages, more than the limit of 50"),
        "truncated.pdf": (
            long_enough_to_cut[: len(long_enough_to_cut) * 2 // 3],
            "cannot be opened: it is damaged, truncated or without pages",
        ),
        "truncated-but-readable.pdf": (pdf_of("cut")[:-10], "is truncated: its end-of-file marker is missing"),
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
        "cannot be opened: it is damaged, truncated or without pages",
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
        (folder / name).symlink_to(real_dev / "pdfs" / name)
    fetch_and_render(workspace, folder_config(folder))
    pages = {page.file_name: page for page in page_rows(workspace)}
    assert pages
    wanted = {Path(image["file_name"]).stem: image for image in annotated}
    for name, page in pages.items():
        assert (page.width, page.height) == (wanted[name]["width"], wanted[name]["height"])
