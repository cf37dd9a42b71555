"""A catalog with a few pages, and helpers that write annotation files for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from redaction.catalog import open_catalog
from redaction.catalog.tables import AnnotatedBox, Document, DocumentStatus, Page, Source, page_name
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

WIDTH, HEIGHT = 1000, 1400


def add_document(workspace: Workspace, file_name: str, pages: int, content: bytes | None = None) -> str:
    """Add a rendered document to the catalog; its SHA-256 is derived from its file name unless its content is given."""
    sha256 = sha256_of_bytes(content or file_name.encode())
    with open_catalog(workspace).transaction() as session:
        if session.get(Source, "here") is None:
            session.add(Source(name="here", kind="folder", location="folder"))
            session.flush()
        session.add(
            Document(
                sha256=sha256, file_name=file_name, source="here", size_bytes=1, page_count=pages, status=DocumentStatus.RENDERED
            )
        )
        session.flush()
        for index in range(pages):
            name = page_name(sha256, index)
            session.add(
                Page(
                    name=name,
                    document=sha256,
                    page_index=index,
                    file_name=f"{Path(file_name).stem}_p{index + 1:04d}",
                    image=f"pages/{name}.png",
                    width=WIDTH,
                    height=HEIGHT,
                    dpi=150,
                    sha256=sha256_of_bytes(name.encode()),
                )
            )
    return sha256


@pytest.fixture
def catalog(workspace: Workspace) -> Workspace:
    """A workspace whose catalog holds the documents a.pdf (three pages) and court.1.2.pdf (one page)."""
    add_document(workspace, "a.pdf", 3)
    add_document(workspace, "court.1.2.pdf", 1)
    return workspace


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    """A function that writes an annotation file: a list as JSON lines if the name ends in "l", anything else as JSON."""

    def write(content: Any, name: str = "annotations.json") -> Path:
        path = tmp_path / name
        lines = name.endswith("l")
        path.write_text("".join(json.dumps(row) + "\n" for row in content) if lines else json.dumps(content))
        return path

    return write


def coco(images: list[dict[str, Any]], annotations: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A COCO file. An image without a size gets the page's size, a box without a category is a redaction."""
    return {
        "images": [{"id": n, "width": WIDTH, "height": HEIGHT} | image for n, image in enumerate(images, start=1)],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": 1} | annotation for n, annotation in enumerate(annotations or [], start=1)
        ],
        "categories": [{"id": 1, "name": "redaction"}, {"id": 2, "name": "stamp"}],
    }


def boxes_in(workspace: Workspace) -> dict[str, list[tuple[float, float, float, float]]]:
    """Every box of the catalog, by the file name of its page."""
    with open_catalog(workspace).transaction() as session:
        names = {page.name: page.file_name for page in session.exec(select(Page))}
        found: dict[str, list[tuple[float, float, float, float]]] = {}
        for box in session.exec(select(AnnotatedBox).order_by("page", "y0", "x0")):
            found.setdefault(names[box.page], []).append((box.x0, box.y0, box.x1, box.y1))
        return found
