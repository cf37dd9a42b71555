"""Documents become pages; a hostile page costs itself, and nothing else."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import cv2
import imagehash
import numpy as np
import psutil
import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from PIL import Image
from sqlmodel import col, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, DocumentStatus, Page
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.rendering.rendering import RenderSummary, render
from redaction.documents.rendering.worker import perceptual_hash
from redaction.documents.sources import SourcesConfig
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes, sha256_of_file
from redaction.pages.features import PageFeatures, page_features
from redaction.pages.image import page_from_file
from redaction.workspace import Workspace

from .conftest import config_of, encrypted_pdf, pdf_of, pdf_with_a_slow_page, pdf_without_pages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pdfs"
    path.mkdir()
    return path


def config(folder: Path, max_pages: int = 2000, **rendering: object) -> SourcesConfig:
    source = {"name": "folder", "kind": "folder", "path": str(folder), "politeness": {"max_pages": max_pages}}
    return config_of(source, **rendering)


def rendered(workspace: Workspace, sources: SourcesConfig) -> RenderSummary:
    fetch(workspace, sources, discover(sources))
    return render(workspace, sources)


def rows(workspace: Workspace) -> list[Page]:
    with open_catalog(workspace).transaction() as session:
        return list(session.exec(select(Page).order_by(col(Page.file_name))))


def document(workspace: Workspace, content: bytes) -> Document:
    with open_catalog(workspace).transaction() as session:
        return session.get_one(Document, sha256_of_bytes(content))


def test_each_page_is_an_image_with_its_facts(folder: Path, workspace: Workspace) -> None:
    content = pdf_of("hello", pages=2)
    (folder / "A report.v2.pdf").write_bytes(content)
    summary = rendered(workspace, config(folder))
    name = sha256_of_bytes(content)
    assert summary.pages == (f"{name}/0000", f"{name}/0001")
    first, second = rows(workspace)
    assert (first.file_name, second.file_name) == ("A report.v2_p0001", "A report.v2_p0002")
    assert first.image == f"pages/{name}/0000.jpg"
    image = cv2.cvtColor(cv2.imread(str(workspace.inside(first.image))), cv2.COLOR_BGR2RGB)
    assert image.shape == (first.height, first.width, 3)
    assert (first.width, first.height, first.dpi) == (1275, 1651, pytest.approx(150))
    assert first.sha256 == sha256_of_file(workspace.inside(first.image))
    hashes = [imagehash.hex_to_hash(str(page.perceptual_hash)) for page in (first, second)]
    assert hashes[0] - imagehash.phash(Image.fromarray(image)) <= 4
    assert PageFeatures.model_validate(first.features).ink_density == pytest.approx(page_features(image).ink_density, abs=1e-3)
    row = document(workspace, content)
    assert (row.status, row.page_count, row.reason) == (DocumentStatus.RENDERED, 2, None)


def test_a_second_run_has_nothing_to_do_and_starts_no_renderer(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a"))
    rendered(workspace, config(folder))
    started = time.monotonic()
    assert rendered(workspace, config(folder)).pages == ()
    assert time.monotonic() - started < 0.2


@pytest.mark.parametrize(
    ("size_pt", "size_px"),
    [
        ((595, 842), (1240, 1755)),  # A4 at 150 dpi
        (
            (612, 792),
            (1275, 1651),
        ),  # US Letter: exactly as wide as allowed; pypdfium2 rounds up, and 792 * 1275/612 is a hair over 1650
        ((2384, 3370), (1275, 1803)),  # A0: at a lower resolution
        ((1, 1), (3, 3)),
        ((10, 14400), (21, 30001)),  # as long as PDF allows
    ],
)
def test_a_page_is_no_wider_than_asked_for(
    folder: Path, workspace: Workspace, size_pt: tuple[float, float], size_px: tuple[int, int]
) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a", format=size_pt))
    rendered(workspace, config(folder))
    (page,) = rows(workspace)
    assert (page.width, page.height) == size_px
    assert page.dpi == pytest.approx(min(150, 1275 / size_pt[0] * 72))


def test_a_long_document_is_shared_among_the_renderers_and_loses_no_page(folder: Path, workspace: Workspace) -> None:
    (folder / "long.pdf").write_bytes(pdf_of("long", pages=101, format=(100, 100)))
    summary = rendered(workspace, config(folder))
    assert [name[-4:] for name in summary.pages] == [f"{index:04d}" for index in range(101)]
    assert len(list(workspace.pages.rglob("*.jpg"))) == 101


def test_documents_that_cannot_be_used_are_put_in_quarantine_and_the_rest_goes_on(folder: Path, workspace: Workspace) -> None:
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
        "truncated-but-readable.pdf": (pdf_of("cut")[:-10], "is truncated: the mark at its end is missing"),
    }
    for name, (content, _) in bad.items():
        (folder / name).write_bytes(content)
    (folder / "good.pdf").write_bytes(pdf_of("good"))
    summary = rendered(workspace, config(folder, max_pages=50))
    assert len(summary.pages) == len(list(workspace.pages.iterdir())) == 1
    found = {problem.where: problem.reason for problem in summary.refused}
    assert found.keys() == bad.keys()
    for name, (content, reason) in bad.items():
        assert found[name] == reason
        assert (document(workspace, content).status, document(workspace, content).reason) == (DocumentStatus.QUARANTINED, reason)
    assert rendered(workspace, config(folder, max_pages=50)).refused == (), "what is in quarantine is not tried again"


def test_one_document_is_not_given_the_reason_of_another(folder: Path, workspace: Workspace) -> None:
    """A renderer sees many documents, and pdfium keeps its last error until the next one."""
    (folder / "encrypted.pdf").write_bytes(encrypted_pdf())
    (folder / "without-pages.pdf").write_bytes(pdf_without_pages())
    summary = rendered(workspace, config(folder, workers=1))
    assert [problem.reason for problem in summary.refused] == [
        "is encrypted: it needs a password",
        "cannot be opened: it is damaged, truncated or without pages",
    ]


def test_a_page_bomb_costs_one_page(folder: Path, workspace: Workspace) -> None:
    bomb = FPDF(unit="pt", format=(612, 792))
    for size in ((612, 792), (612, 100_000), (612, 792)):
        bomb.add_page(format=size)
    (folder / "bomb.pdf").write_bytes(bytes(bomb.output()))
    summary = rendered(workspace, config(folder))
    assert [name[-4:] for name in summary.pages] == ["0000", "0002"]
    assert [(problem.where, problem.reason) for problem in summary.refused_pages] == [
        ("bomb_p0002", "would be 1275 x 208333 pixels, more than 25 million")
    ]


def test_a_page_that_never_ends_costs_one_page(folder: Path, workspace: Workspace) -> None:
    content = pdf_with_a_slow_page(page_index=1, pages=3)
    (folder / "slow.pdf").write_bytes(content)
    (folder / "good.pdf").write_bytes(pdf_of("good"))
    summary = rendered(workspace, config(folder, page_seconds=1.5))
    assert [problem.where for problem in summary.refused_pages] == ["slow_p0002"]
    assert summary.refused_pages[0].reason == "took longer than 1.5 s"
    assert len(summary.pages) == 3
    assert document(workspace, content).status is DocumentStatus.RENDERED
    assert [(page.file_name, page.image is None) for page in rows(workspace)] == [
        ("good_p0001", False),
        ("slow_p0001", False),
        ("slow_p0002", True),
        ("slow_p0003", False),
    ]


def test_a_page_that_takes_too_much_memory_costs_one_page(folder: Path, workspace: Workspace) -> None:
    large, small = pdf_of("large", format=(1000, 1000)), pdf_of("small", format=(100, 100))
    (folder / "large.pdf").write_bytes(large)
    (folder / "small.pdf").write_bytes(small)
    summary = rendered(workspace, config(folder, page_megabytes=64, dpi=600, max_width_px=8000, max_megapixels=100))
    assert summary.pages == (f"{sha256_of_bytes(small)}/0000",)
    assert "no page could be rendered" in summary.refused[0].reason


def test_a_document_full_of_traps_is_given_up(folder: Path, workspace: Workspace) -> None:
    content = pdf_with_a_slow_page(page_index=0, pages=12)
    for _ in range(1, 12):  # every page draws what only the first one drew
        content = content.replace(b"/Length 16 >>\nstream\n0 0 100 100 re f", b"/Length 16 >>\nstream\n/F Do           ", 1)
    (folder / "traps.pdf").write_bytes(content)
    started = time.monotonic()
    summary = rendered(workspace, config(folder, page_seconds=0.3))
    assert summary.refused[0].reason == "no page could be rendered; the first one took longer than 0.3 s"
    assert time.monotonic() - started < 12, "twelve such pages are not all waited for"
    assert rows(workspace) == []


def test_a_renderer_killed_from_outside_loses_no_page(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a", pages=60, format=(100, 100)))
    sources = config(folder, workers=1)
    fetch(workspace, sources, discover(sources))
    killed, others = [], psutil.Process().children()

    def kill_at_page_20(what: str, done: int, total: int) -> None:
        if what == "render" and done == 20 and not killed:
            (child,) = set(psutil.Process().children()) - set(others)
            child.kill()
            killed.append(child.pid)

    summary = render(workspace, sources, kill_at_page_20)
    assert killed
    assert len(summary.pages) == 60


def test_a_full_disk_is_not_blamed_on_the_document(folder: Path, workspace: Workspace) -> None:
    content = pdf_of("a")
    (folder / "a.pdf").write_bytes(content)
    sources = config(folder)
    fetch(workspace, sources, discover(sources))
    stop = threading.Event()
    scratch = workspace.state / "ingestion" / "rendering"

    def take_the_place_of_the_folder() -> None:
        while not stop.is_set():
            if scratch.is_dir():
                (scratch / sha256_of_bytes(content)).write_text("a file where a folder must be made")
                return

    saboteur = threading.Thread(target=take_the_place_of_the_folder)
    saboteur.start()
    try:
        with pytest.raises(RedactionError, match="Pages cannot be rendered"):
            render(workspace, sources)
    finally:
        stop.set()
        saboteur.join()
    assert document(workspace, content).status is DocumentStatus.FETCHED
    assert len(render(workspace, sources).pages) == 1


def test_no_renderer_is_left_when_the_work_is_done(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a"))
    others = psutil.Process().children()
    rendered(workspace, config(folder))
    assert psutil.Process().children() == others


def test_a_document_whose_file_is_gone_waits_for_the_next_fetch(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a"))
    sources = config(folder)
    fetch(workspace, sources, discover(sources))
    next(workspace.documents.iterdir()).unlink()
    assert "its file is gone" in render(workspace, sources).failures[0].reason
    assert len(rendered(workspace, sources).pages) == 1


# --- what is measured ----------------------------------------------------------------------------------------------------------


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
def test_the_hash_is_the_one_that_imagehash_gives(size: tuple[int, int]) -> None:
    """Of the page at a quarter of its size, where that is not too small; of the whole page it differs in a bit or two."""
    page = _text_page(1, *size)
    assert imagehash.hex_to_hash(perceptual_hash(page)) - imagehash.phash(Image.fromarray(page)) <= 4
    shrunk = page
    for _ in range(2):
        if min(shrunk.shape) >= 64:
            shrunk = cv2.resize(shrunk, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert perceptual_hash(page) == str(imagehash.phash(Image.fromarray(shrunk)))


def test_pages_that_look_alike_have_hashes_that_are_alike() -> None:
    first, scanned, other = (
        _text_page(1, 1275, 1650),
        cv2.GaussianBlur(_text_page(1, 1275, 1650), (5, 5), 0),
        _text_page(2, 1275, 1650),
    )
    hashes = [imagehash.hex_to_hash(perceptual_hash(page)) for page in (first, scanned, other)]
    assert hashes[0] - hashes[1] <= 4
    assert hashes[0] - hashes[2] >= 16


def test_features_are_what_they_are_called() -> None:
    rng = np.random.default_rng(0)
    page = np.clip(rng.normal(200, 60, (1001, 777, 3)), 0, 255).astype(np.uint8)
    page[100:300, 100:500] = 0
    features = page_features(page)
    gray, saturation = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), cv2.cvtColor(page, cv2.COLOR_RGB2HSV)[..., 1]
    assert (features.width, features.height) == (777, 1001)
    assert features.brightness == pytest.approx(gray.mean())
    assert features.contrast == pytest.approx(gray.std())
    assert features.ink_density == pytest.approx((gray < 128).mean())
    assert features.block_density == pytest.approx(200 * 400 / gray.size, rel=0.02)
    assert features.sharpness == pytest.approx(cv2.Laplacian(gray, cv2.CV_64F).std())
    assert features.colourfulness == pytest.approx(saturation.mean(), rel=0.01), "from a sample of the pixels"


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (3, 3)])
def test_the_smallest_page_has_features(size: tuple[int, int]) -> None:
    features = page_features(np.full((*size, 3), (255, 0, 0), np.uint8))
    assert (features.colourfulness, features.sharpness) == (255, 0)


# --- the format ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", [(0, 0, 0), (128, 128, 128), (200, 200, 200), (255, 255, 255), (200, 30, 30), (250, 240, 120)])
def test_a_filled_box_survives_the_format(folder: Path, workspace: Workspace, color: tuple[int, int, int]) -> None:
    (folder / "a.pdf").write_bytes(_pdf_with_box(fill=color))
    rendered(workspace, config(folder))
    inside = _image(workspace)[220:290, 320:580].astype(int)
    assert np.abs(inside - np.array(color)).max() <= 4


@pytest.mark.parametrize("color", [(0, 0, 0), (160, 160, 160), (200, 30, 30), (30, 30, 220)])
def test_a_thin_outline_survives_the_format(folder: Path, workspace: Workspace, color: tuple[int, int, int]) -> None:
    (folder / "a.pdf").write_bytes(_pdf_with_box(line=color))
    rendered(workspace, config(folder))
    image = _image(workspace).astype(int)
    with pdfium.PdfDocument(folder / "a.pdf") as lossless:
        exact = lossless[0].render(scale=150 / 72, rev_byteorder=True).to_numpy().astype(int)
    assert np.abs(exact[255, 290:310] - 255).max() >= 40, "there is a line, lightened by anti-aliasing"
    assert np.abs(image[190:310, 290:610] - exact[190:310, 290:610]).max() <= 32
    assert np.abs(image[220:290, 330:570] - 255).max() <= 2, "the inside stays white"


def test_only_a_page_without_color_is_a_gray_image(folder: Path, workspace: Workspace) -> None:
    """It is a third of the work to encode, and the same to whoever reads it. One coloured pixel is color."""
    (folder / "grey.pdf").write_bytes(_pdf_with_box(fill=(128, 128, 128)))
    (folder / "dot.pdf").write_bytes(_pdf_with_dot())
    rendered(workspace, config(folder))
    dot, gray = (workspace.inside(str(page.image)) for page in rows(workspace))
    with Image.open(gray) as image, Image.open(dot) as other:
        assert (image.mode, other.mode) == ("L", "RGB")
    page = page_from_file(gray)
    assert page.shape == (1651, 1275, 3)
    assert np.array_equal(page[..., 0], page[..., 2])
    assert np.ptp(page_from_file(dot).astype(int), axis=2).max() > 50


def _pdf_with_dot() -> bytes:
    """White, but for one pixel of 150 dpi that features, of which color is one, do not sample."""
    page = FPDF(unit="pt", format=(612, 792))
    page.add_page()
    page.set_fill_color(255, 0, 0)
    page.rect(301 * 0.48, 201 * 0.48, 0.48, 0.48, style="F")
    return bytes(page.output())


def _pdf_with_box(fill: tuple[int, int, int] | None = None, line: tuple[int, int, int] | None = None) -> bytes:
    """A box from (300, 200) to (600, 300) in pixels of 150 dpi."""
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
    (page,) = rows(workspace)
    return cv2.cvtColor(cv2.imread(str(workspace.inside(str(page.image)))), cv2.COLOR_BGR2RGB)


# --- real documents ------------------------------------------------------------------------------------------------------------


def test_real_pages_have_the_size_that_their_annotations_were_made_for(
    real_dev: Path, workspace: Workspace, folder: Path
) -> None:
    annotated = json.loads((real_dev / "annotations.json").read_text())["images"]
    for name in sorted({image["pdf"] for image in annotated})[:5]:
        (folder / name).symlink_to(real_dev / "pdfs" / name)
    rendered(workspace, config(folder))
    pages = {page.file_name: page for page in rows(workspace)}
    assert pages
    wanted = {Path(image["file_name"]).stem: image for image in annotated}
    for name, page in pages.items():
        assert (page.width, page.height) == (wanted[name]["width"], wanted[name]["height"])
