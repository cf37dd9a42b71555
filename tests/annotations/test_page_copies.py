"""Page images copied for a tool, and annotations that use the names of the copies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from redaction.annotations.importing import import_annotations
from redaction.annotations.page_copies import copy_pages
from redaction.annotations.queue import unannotated_pages
from redaction.catalog.tables import Page
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from .conftest import HEIGHT, WIDTH, add_document, coco

Write = Callable[..., Path]


def rendered(workspace: Workspace) -> list[Page]:
    """All pages, each with an image of a different shade."""
    pages = unannotated_pages(workspace)
    for shade, page in enumerate(pages):
        path = workspace.root / str(page.image)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (WIDTH // 100, HEIGHT // 100), shade).save(path)
    return pages


def label_studio_task(name: str) -> dict[str, object]:
    """Label Studio's export of an uploaded page that was annotated without boxes."""
    return {"data": {"image": f"/data/upload/1/0a1b2c3d-{name}"}, "annotations": [{"result": []}]}


def test_copies_are_named_after_their_pages_and_hold_their_images(catalog: Workspace, tmp_path: Path) -> None:
    pages = rendered(catalog)
    copies = copy_pages(catalog, pages, tmp_path / "upload")
    assert sorted(path.name for path in (tmp_path / "upload").iterdir()) == [
        "a_p0001.png",
        "a_p0002.png",
        "a_p0003.png",
        "court.1.2_p0001.png",
    ]
    for page, copy in zip(pages, copies, strict=True):
        assert copy.stem == page.file_name
        assert copy.read_bytes() == (catalog.root / str(page.image)).read_bytes()


@pytest.mark.parametrize("format", ["label-studio", "prodigy", "coco"])
def test_every_copy_is_matched_to_its_own_page_whatever_the_document_is_called(
    catalog: Workspace, write: Write, tmp_path: Path, format: str
) -> None:
    add_document(catalog, "a.pdf", 2, content=b"another document that was published under the same name")
    for name in ("Smith v. Jones (2).pdf", "..\\..\\up.pdf", "-rf.pdf", "é.pdf", f"{'long' * 40}.pdf"):
        add_document(catalog, name, 1)
    pages = rendered(catalog)
    copies = copy_pages(catalog, pages, tmp_path / "upload")
    assert len({copy.name for copy in copies}) == len(pages)
    assert {copy.parent for copy in copies} == {tmp_path / "upload"}
    if format == "label-studio":
        file = write([label_studio_task(copy.name) for copy in copies])
    elif format == "prodigy":
        file = write([{"image": copy.name, "text": copy.stem, "spans": [], "answer": "accept"} for copy in copies], "x.jsonl")
    else:
        file = write(coco([{"file_name": copy.name} for copy in copies]))
    report = import_annotations(catalog, file)
    assert (report.added, report.refused) == (len(pages), ())


def test_a_file_name_shared_with_an_annotated_page_is_not_used_for_a_copy(
    catalog: Workspace, write: Write, tmp_path: Path
) -> None:
    import_annotations(catalog, write(coco([{"file_name": "a_p0001"}])))
    twin = add_document(catalog, "a.pdf", 1, content=b"another document that was published under the same name")
    (page,) = [page for page in rendered(catalog) if page.document == twin]
    assert [copy.name for copy in copy_pages(catalog, [page], tmp_path)] == [f"{twin}_0000.png"]


def test_copying_again_keeps_existing_copies_and_adds_missing_ones(catalog: Workspace, tmp_path: Path) -> None:
    pages = rendered(catalog)
    (first,) = copy_pages(catalog, pages[:1], tmp_path)
    before = first.stat()
    assert len(copy_pages(catalog, pages, tmp_path)) == 4
    assert first.stat() == before


def test_an_unrelated_file_is_not_overwritten_and_nothing_is_copied(catalog: Workspace, tmp_path: Path) -> None:
    pages = rendered(catalog)
    (tmp_path / "court.1.2_p0001.png").write_bytes(b"an unrelated file")
    with pytest.raises(RedactionError, match=r"court\.1\.2_p0001\.png already exists"):
        copy_pages(catalog, pages, tmp_path)
    assert [path.name for path in tmp_path.glob("*.png")] == ["court.1.2_p0001.png"]


def test_a_missing_image_is_named(catalog: Workspace, tmp_path: Path) -> None:
    pages = [page for page in rendered(catalog) if page.document == sha256_of_bytes(b"court.1.2.pdf")]
    (catalog.root / str(pages[0].image)).unlink()
    with pytest.raises(RedactionError, match=r"0000\.png is missing"):
        copy_pages(catalog, pages, tmp_path)
