"""Hostile pages, killed renderers and machine errors: what is lost, and what is not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest
from fpdf import FPDF

from redaction.catalog.tables import DocumentStatus
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.rendering.rendering import render
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from ..conftest import pdf_of, pdf_with_a_slow_page
from .conftest import document_row, fetch_and_render, folder_config, page_rows


def test_only_the_oversized_page_of_a_document_is_lost(folder: Path, workspace: Workspace) -> None:
    bomb = FPDF(unit="pt", format=(612, 792))
    for size in ((612, 792), (612, 100_000), (612, 792)):
        bomb.add_page(format=size)
    (folder / "bomb.pdf").write_bytes(bytes(bomb.output()))
    summary = fetch_and_render(workspace, folder_config(folder))
    assert [name[-4:] for name in summary.pages] == ["0000", "0002"]
    assert [(problem.where, problem.reason) for problem in summary.refused_pages] == [
        ("bomb_p0002", "would be 1275 x 208333 pixels, more than 25 million")
    ]


def test_only_the_page_that_exceeds_the_time_limit_is_lost(folder: Path, workspace: Workspace) -> None:
    content = pdf_with_a_slow_page(page_index=1, pages=3)
    (folder / "slow.pdf").write_bytes(content)
    (folder / "good.pdf").write_bytes(pdf_of("good"))
    summary = fetch_and_render(workspace, folder_config(folder, page_seconds=1.5))
    assert [problem.where for problem in summary.refused_pages] == ["slow_p0002"]
    assert summary.refused_pages[0].reason == "took longer than 1.5 s"
    assert len(summary.pages) == 3
    assert document_row(workspace, content).status is DocumentStatus.RENDERED
    assert [(page.file_name, page.image is None) for page in page_rows(workspace)] == [
        ("good_p0001", False),
        ("slow_p0001", False),
        ("slow_p0002", True),
        ("slow_p0003", False),
    ]


def test_only_the_page_that_exceeds_the_memory_limit_is_lost(folder: Path, workspace: Workspace) -> None:
    large, small = pdf_of("large", format=(1000, 1000)), pdf_of("small", format=(100, 100))
    (folder / "large.pdf").write_bytes(large)
    (folder / "small.pdf").write_bytes(small)
    summary = fetch_and_render(
        workspace, folder_config(folder, page_megabytes=64, dpi=600, max_width_px=8000, max_megapixels=100)
    )
    assert summary.pages == (f"{sha256_of_bytes(small)}/0000",)
    assert "no page could be rendered" in summary.refused[0].reason


def test_a_document_with_many_slow_pages_is_abandoned(folder: Path, workspace: Workspace) -> None:
    content = pdf_with_a_slow_page(page_index=0, pages=12)
    for _ in range(1, 12):  # make every page as slow as the first
        content = content.replace(b"/Length 16 >>\nstream\n0 0 100 100 re f", b"/Length 16 >>\nstream\n/F Do           ", 1)
    (folder / "traps.pdf").write_bytes(content)
    started = time.monotonic()
    summary = fetch_and_render(workspace, folder_config(folder, page_seconds=0.3))
    assert summary.refused[0].reason == "no page could be rendered; the first one took longer than 0.3 s"
    assert time.monotonic() - started < 12, "not all twelve pages are tried"
    assert page_rows(workspace) == []


def test_no_page_is_lost_when_a_renderer_is_killed(folder: Path, workspace: Workspace) -> None:
    (folder / "a.pdf").write_bytes(pdf_of("a", pages=60, format=(100, 100)))
    sources = folder_config(folder, workers=1)
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


def test_a_machine_error_stops_rendering_and_does_not_quarantine_the_document(folder: Path, workspace: Workspace) -> None:
    content = pdf_of("a")
    (folder / "a.pdf").write_bytes(content)
    sources = folder_config(folder)
    fetch(workspace, sources, discover(sources))
    stop = threading.Event()
    scratch = workspace.state / "ingestion" / "rendering"

    def block_the_folder() -> None:
        while not stop.is_set():
            if scratch.is_dir():
                (scratch / sha256_of_bytes(content)).write_text("a file where the folder must be created")
                return

    thread = threading.Thread(target=block_the_folder)
    thread.start()
    try:
        with pytest.raises(RedactionError, match="Pages cannot be rendered"):
            render(workspace, sources)
    finally:
        stop.set()
        thread.join()
    assert document_row(workspace, content).status is DocumentStatus.FETCHED
    assert len(render(workspace, sources).pages) == 1
