"""Helpers to fetch a folder of PDFs, render them, and read the results."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import col, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, Page
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.rendering.rendering import RenderSummary, render
from redaction.documents.sources import SourcesConfig
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from ..conftest import config_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for PDFs."""
    path = tmp_path / "pdfs"
    path.mkdir()
    return path


def folder_config(folder: Path, max_pages: int = 2000, **rendering: object) -> SourcesConfig:
    source = {"name": "folder", "kind": "folder", "path": str(folder), "politeness": {"max_pages": max_pages}}
    return config_of(source, **rendering)


def fetch_and_render(workspace: Workspace, sources: SourcesConfig) -> RenderSummary:
    fetch(workspace, sources, discover(sources))
    return render(workspace, sources)


def page_rows(workspace: Workspace) -> list[Page]:
    """All pages, sorted by file name."""
    with open_catalog(workspace).transaction() as session:
        return list(session.exec(select(Page).order_by(col(Page.file_name))))


def document_row(workspace: Workspace, content: bytes) -> Document:
    with open_catalog(workspace).transaction() as session:
        return session.get_one(Document, sha256_of_bytes(content))
