"""The annotated pages as a dataset, and the queue of pages to annotate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from redaction.annotations.dataset import read_dataset
from redaction.annotations.importing import import_annotations
from redaction.annotations.queue import unannotated_pages
from redaction.annotations.splits import split_of
from redaction.catalog import open_catalog
from redaction.catalog.tables import Page, page_name
from redaction.dataset import Box, Style
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from .conftest import HEIGHT, WIDTH, add_document, coco

Write = Callable[..., Path]
A = sha256_of_bytes(b"a.pdf")


def test_a_dataset_holds_every_annotated_page_with_its_boxes_and_split(catalog: Workspace, write: Write) -> None:
    images = [{"file_name": "a_p0001"}, {"file_name": "a_p0003"}]
    boxes = [{"bbox": [5, 500, 60, 70], "style": "white"}, {"bbox": [10, 20, 30, 40], "style": "black"}]
    import_annotations(catalog, write(coco(images, boxes)))
    dataset = read_dataset(catalog, "0123abc")
    assert (dataset.root, dataset.revision) == (str(catalog.root), "0123abc")
    first, third = dataset.pages
    assert (first.page, first.document, first.width, first.height, first.split) == (
        page_name(A, 0),
        A,
        WIDTH,
        HEIGHT,
        split_of(A),
    )
    assert dataset.image_path(first) == catalog.pages / A / "0000.png"
    assert first.boxes == (
        Box(x0=10, y0=20, x1=40, y1=60, style=Style.BLACK),
        Box(x0=5, y0=500, x1=65, y1=570, style=Style.OUTLINED),
    )
    assert third.boxes == ()


def test_the_digest_of_a_dataset_does_not_depend_on_the_order_of_imports(
    catalog: Workspace, write: Write, tmp_path: Path
) -> None:
    other = Workspace.at(tmp_path / "other")
    add_document(other, "court.1.2.pdf", 1)
    add_document(other, "a.pdf", 3)
    one = write(coco([{"file_name": "a_p0001"}], [{"bbox": [1, 2, 30, 40]}, {"bbox": [100, 2, 30, 40]}]), "one.json")
    two = write(coco([{"file_name": "court.1.2_p0001"}]), "two.json")
    reverse = write(coco([{"file_name": "a_p0001"}], [{"bbox": [100, 2, 30, 40]}, {"bbox": [1, 2, 30, 40]}]), "reverse.json")
    for workspace, files in ((catalog, (one, two)), (other, (two, reverse))):
        for file in files:
            import_annotations(workspace, file)
    assert read_dataset(catalog, None).digest == read_dataset(other, None).digest


def test_pages_with_large_dark_areas_come_first_in_the_queue(catalog: Workspace, write: Write) -> None:
    import_annotations(catalog, write(coco([{"file_name": "a_p0001"}])))
    with open_catalog(catalog).transaction() as session:
        session.get_one(Page, page_name(A, 2)).features = {"block_density": 0.2}
        court = session.get_one(Page, page_name(sha256_of_bytes(b"court.1.2.pdf"), 0))
        court.image, court.reason = None, "in quarantine"
    assert [page.file_name for page in unannotated_pages(catalog)] == ["a_p0003", "a_p0002"]
    assert len(unannotated_pages(catalog, limit=1)) == 1


def test_an_annotated_page_without_an_image_is_named(catalog: Workspace, write: Write) -> None:
    import_annotations(catalog, write(coco([{"file_name": "a_p0001"}])))
    with open_catalog(catalog).transaction() as session:
        session.get_one(Page, page_name(A, 0)).image = None
    with pytest.raises(RedactionError, match="a_p0001"):
        read_dataset(catalog, None)
