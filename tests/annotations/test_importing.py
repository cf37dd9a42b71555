"""Annotation files brought into the catalog: what is kept, what is refused and why, and that it can be done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlmodel import select

from redaction.annotations.dataset import read_dataset
from redaction.annotations.exporting import export_annotations
from redaction.annotations.importing import import_annotations
from redaction.annotations.records import RefusalReason
from redaction.annotations.splits import split_of
from redaction.annotations.tools.formats import Tool
from redaction.catalog import open_catalog
from redaction.catalog.tables import Annotation, Document, Page, Source, page_name
from redaction.dataset import Split, Style
from redaction.files import sha256_of_bytes, sha256_of_file
from redaction.pages.geometry import as_xyxy
from redaction.workspace import Workspace

from .conftest import HEIGHT, WIDTH, add_document, boxes_in, coco

Write = Callable[..., Path]
A = sha256_of_bytes(b"a.pdf")
GOOD = {"bbox": [100, 200, 300, 40]}


def annotations_in(workspace: Workspace) -> dict[str, Annotation]:
    with open_catalog(workspace).transaction() as session:
        return {row.page: row for row in session.exec(select(Annotation))}


class TestWhichPage:
    @pytest.mark.parametrize(
        "image",
        [
            {"file_name": "a_p0002.png"},
            {"file_name": "a_p0002"},
            {"file_name": "some/folder/a_p0002.jpg"},
            {"file_name": "C:\\scans\\a_p0002.png"},
            {"file_name": f"pages/{A}/0001.png"},
            {"file_name": "renamed.png", "sha256": sha256_of_bytes(f"{A}/0001".encode())},
            {"file_name": "renamed.png", "sha256": sha256_of_bytes(f"{A}/0001".encode()).upper()},
            {"file_name": "renamed.png", "document": A, "page_index": 1},
            {"pdf": "a.pdf", "page_index": 1},
            {"pdf": "folder/a.pdf", "page_index": 1},
            {"file_name": "a_p0002.png", "sha256": "of another rendering"},
        ],
    )
    def test_a_page_goes_by_its_file_name_its_digest_or_its_place_in_a_document(
        self, catalog: Workspace, write: Write, image: dict[str, Any]
    ) -> None:
        report = import_annotations(catalog, write(coco([image], [GOOD])))
        assert report.refused == ()
        assert boxes_in(catalog) == {"a_p0002": [(100, 200, 400, 240)]}

    def test_dots_in_a_file_name_are_not_taken_for_a_suffix(self, catalog: Workspace, write: Write) -> None:
        import_annotations(catalog, write(coco([{"file_name": "court.1.2_p0001"}], [GOOD])))
        assert list(boxes_in(catalog)) == ["court.1.2_p0001"]

    def test_two_documents_of_one_name_are_told_apart_by_digest_only(self, catalog: Workspace, write: Write) -> None:
        twin = add_document(catalog, "a.pdf", 3, content=b"another document that was published under the same name")
        by_name = import_annotations(catalog, write(coco([{"file_name": "a_p0001.png"}], [GOOD])))
        assert [refusal.reason for refusal in by_name.refused] == [RefusalReason.AMBIGUOUS_PAGE]
        assert "2 pages go by its name" in by_name.refused[0].detail
        by_digest = import_annotations(
            catalog, write(coco([{"file_name": "a_p0001.png", "document": twin, "page_index": 0}], [GOOD]))
        )
        assert by_digest.added == 1
        assert list(annotations_in(catalog)) == [page_name(twin, 0)]


def image(**more: Any) -> dict[str, Any]:
    return {"file_name": "a_p0001.png"} | more


REFUSED_PAGES = [
    (RefusalReason.UNKNOWN_PAGE, [image(file_name="b_p0001.png")]),
    (RefusalReason.UNKNOWN_PAGE, [image(file_name="a_p0004.png")]),  # the document has three pages
    (RefusalReason.UNKNOWN_PAGE, [{"width": 10}]),  # no name at all
    (RefusalReason.AMBIGUOUS_PAGE, [image(document=A, page_index=2)]),  # the file name says page 1, the rest says page 3
    (RefusalReason.UNRENDERED_PAGE, [image(file_name="broken_p0001.png")]),
    (RefusalReason.OTHER_SHAPE, [image(width=HEIGHT, height=WIDTH)]),  # annotated lying on its side
    (RefusalReason.MALFORMED, [image(width=-5)]),
    (RefusalReason.MALFORMED, [image(page_index="two")]),
]
REFUSED_BOXES = [
    (RefusalReason.EMPTY_BOX, {"bbox": [100, 200, 0, 40]}),
    (RefusalReason.EMPTY_BOX, {"bbox": [100, 200, 300, -40]}),
    (RefusalReason.EMPTY_BOX, {"bbox": [100, 200, 300, 0.5]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [-2.5, 200, 300, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [100, -3, 300, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [WIDTH - 100, 200, 103, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [100, HEIGHT - 10, 300, 12.5]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [5000, 5000, 300, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [WIDTH, 200, 2, 40]}),  # within the two pixels, but nothing of it is on the page
    (RefusalReason.UNKNOWN_LABEL, {"bbox": [100, 200, 300, 40], "category_id": 2}),
    (RefusalReason.UNKNOWN_LABEL, {"bbox": [100, 200, 300, 40], "category_id": 9}),
    (RefusalReason.DUPLICATE_BOX, {"bbox": [10, 20, 300, 40]}),  # the same as the good one below
    (RefusalReason.DUPLICATE_BOX, {"bbox": [10, 20, 301, 40]}),  # drawn twice by a slightly different hand
    (RefusalReason.MALFORMED, {"bbox": [100, 200, 300]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, 300, "40px"]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, float("nan"), 40]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, float("inf"), 40]}),
    (RefusalReason.UNKNOWN_PAGE, {"bbox": [100, 200, 300, 40], "image_id": 77}),
]


class TestRefused:
    @pytest.mark.parametrize(("reason", "images"), REFUSED_PAGES)
    def test_a_page_that_cannot_be_placed_is_refused_and_the_others_kept(
        self, catalog: Workspace, write: Write, reason: RefusalReason, images: list[dict[str, Any]]
    ) -> None:
        add_document(catalog, "broken.pdf", 1)
        with open_catalog(catalog).transaction() as session:
            page = session.get_one(Page, page_name(sha256_of_bytes(b"broken.pdf"), 0))
            page.image, page.reason = None, "the renderer ran out of memory"
        content = coco([*images, {"id": 50, "file_name": "a_p0003.png"}], [GOOD | {"image_id": 50}])
        report = import_annotations(catalog, write(content))
        assert [refusal.reason for refusal in report.refused] == [reason]
        assert report.refused[0].row == "image 1"
        assert boxes_in(catalog) == {"a_p0003": [(100, 200, 400, 240)]}

    @pytest.mark.parametrize(("reason", "box"), REFUSED_BOXES)
    def test_a_wrong_box_is_refused_and_the_good_one_beside_it_kept(
        self, catalog: Workspace, write: Write, reason: RefusalReason, box: dict[str, Any]
    ) -> None:
        report = import_annotations(catalog, write(coco([image()], [{"bbox": [10, 20, 300, 40]}, box])))
        assert [(refusal.row, refusal.reason) for refusal in report.refused] == [("annotation 2", reason)]
        assert boxes_in(catalog) == {"a_p0001": [(10, 20, 310, 60)]}

    @pytest.mark.parametrize(
        ("reason", "box"),
        [row for row in REFUSED_BOXES if row[0] not in (RefusalReason.DUPLICATE_BOX, RefusalReason.UNKNOWN_PAGE)],
    )
    def test_a_page_of_which_every_box_is_wrong_does_not_become_a_page_without_redactions(
        self, catalog: Workspace, write: Write, reason: RefusalReason, box: dict[str, Any]
    ) -> None:
        report = import_annotations(catalog, write(coco([image()], [box])))
        assert [refusal.reason for refusal in report.refused] == [reason, RefusalReason.NO_BOX_LEFT]
        assert annotations_in(catalog) == {}

    def test_a_page_that_comes_twice_is_refused_the_second_time(self, catalog: Workspace, write: Write) -> None:
        twice = coco([image(), image(file_name=f"pages/{A}/0000.png")], [GOOD, {"image_id": 2, "bbox": [1, 2, 30, 40]}])
        report = import_annotations(catalog, write(twice))
        assert [(refusal.row, refusal.reason) for refusal in report.refused] == [("image 2", RefusalReason.DUPLICATE_PAGE)]
        assert boxes_in(catalog) == {"a_p0001": [(100, 200, 400, 240)]}

    def test_every_reason_there_is_has_a_case_in_this_file_or_in_that_of_the_formats(self) -> None:
        here = {reason for reason, _ in [*REFUSED_PAGES, *REFUSED_BOXES]}
        assert set(RefusalReason) - here == {RefusalReason.DUPLICATE_PAGE, RefusalReason.NO_BOX_LEFT, RefusalReason.NOT_ACCEPTED}


class TestKept:
    @pytest.mark.parametrize(
        ("bbox", "kept"),
        [
            ([-2, 200, 300, 40], (0, 200, 298, 240)),
            ([100, -1.5, 300, 40], (100, 0, 400, 38.5)),
            ([WIDTH - 100, 200, 102, 40], (WIDTH - 100, 200, WIDTH, 240)),
            ([100, HEIGHT - 10, 300, 11], (100, HEIGHT - 10, 400, HEIGHT)),
        ],
    )
    def test_a_box_that_sticks_out_by_two_pixels_is_cut_at_the_edge(
        self, catalog: Workspace, write: Write, bbox: list[float], kept: tuple[float, ...]
    ) -> None:
        report = import_annotations(catalog, write(coco([image()], [{"bbox": bbox}])))
        assert (report.clipped, report.refused) == (1, ())
        assert boxes_in(catalog) == {"a_p0001": [kept]}

    def test_a_page_annotated_at_another_resolution_is_scaled_and_counted(self, catalog: Workspace, write: Write) -> None:
        small = coco([image(width=500, height=700)], [{"bbox": [50, 100, 150, 20]}])
        assert import_annotations(catalog, write(small)).rescaled == 1
        assert boxes_in(catalog) == {"a_p0001": [(100, 200, 400, 240)]}

    def test_labels_may_be_written_in_capitals(self, catalog: Workspace, write: Write) -> None:
        task = {"image": "a_p0001.png", "spans": [{"label": "REDACTION", "x": 1, "y": 2, "width": 3, "height": 4}]}
        report = import_annotations(catalog, write([task], "tasks.jsonl"))
        assert (report.tool, report.refused) == (Tool.PRODIGY, ())
        assert read_dataset(catalog, None).pages[0].boxes[0].label == "redaction"

    def test_a_page_without_redactions_is_an_annotation_too(self, catalog: Workspace, write: Write) -> None:
        report = import_annotations(catalog, write(coco([image()])))
        assert (report.added, report.boxes) == (1, 0)
        assert len(annotations_in(catalog)) == 1

    @pytest.mark.parametrize(
        ("given", "in_file", "stored"), [("me", "maria", "me"), (None, "maria", "maria"), (None, None, "unknown")]
    )
    def test_who_made_it(self, catalog: Workspace, write: Write, given: str | None, in_file: str | None, stored: str) -> None:
        import_annotations(catalog, write(coco([image(annotator=in_file)])), annotator=given)
        assert annotations_in(catalog)[page_name(A, 0)].annotator == stored

    def test_the_split_is_set_once_and_never_changed(self, catalog: Workspace, write: Write) -> None:
        import_annotations(catalog, write(coco([image()])))
        with open_catalog(catalog).transaction() as session:
            document = session.get_one(Document, A)
            assert document.split is split_of(A)
            other = next(split for split in Split if split is not split_of(A))
            document.split = other
        import_annotations(catalog, write(coco([{"file_name": "a_p0002.png"}], [GOOD])))
        with open_catalog(catalog).transaction() as session:
            assert session.get_one(Document, A).split is other
            assert session.get_one(Document, sha256_of_bytes(b"court.1.2.pdf")).split is None


class TestAgain:
    def test_the_same_file_again_changes_nothing(self, catalog: Workspace, write: Write) -> None:
        file = write(coco([image(), {"file_name": "a_p0002.png"}], [GOOD]))
        first = import_annotations(catalog, file)
        before = annotations_in(catalog)
        second = import_annotations(catalog, file)
        assert (first.added, second.added, second.updated, second.unchanged) == (2, 0, 0, 2)
        assert annotations_in(catalog) == before

    def test_changed_boxes_replace_the_old_ones_and_count_as_new_work(self, catalog: Workspace, write: Write) -> None:
        import_annotations(catalog, write(coco([image()], [GOOD])))
        before = annotations_in(catalog)[page_name(A, 0)]
        report = import_annotations(catalog, write(coco([image()], [{"bbox": [1, 2, 30, 40]}])))
        after = annotations_in(catalog)[page_name(A, 0)]
        assert (report.added, report.updated, report.unchanged) == (0, 1, 0)
        assert boxes_in(catalog) == {"a_p0001": [(1, 2, 31, 42)]}
        assert after.imported_at > before.imported_at

    @pytest.mark.parametrize("tool", Tool)
    @given(
        corners=st.lists(
            st.tuples(st.integers(0, 98_000), st.integers(0, 138_000), st.integers(100, 2_000), st.integers(100, 2_000)),
            max_size=6,
        )
    )
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_what_was_exported_in_any_format_is_unchanged_when_it_comes_back(
        self, catalog: Workspace, write: Write, tmp_path: Path, tool: Tool, corners: list[tuple[int, ...]]
    ) -> None:
        boxes = [{"bbox": [number / 100 for number in box], "style": "grey"} for box in corners]
        import_annotations(catalog, write(coco([image(), {"file_name": "a_p0002.png"}], boxes)))
        exported = tmp_path / "exported"
        pages = export_annotations(catalog, exported, tool)
        again = import_annotations(catalog, exported)
        assert again.refused == ()
        assert (again.tool, again.unchanged, again.updated) == (tool, pages, 0)

    def test_an_import_that_fails_half_way_leaves_nothing(
        self, catalog: Workspace, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = []

        def fails_at_the_second_document(document: str) -> Split:
            calls.append(document)
            if len(calls) == 2:
                raise OSError("the disk is full")
            return Split.TRAIN

        monkeypatch.setattr("redaction.annotations.importing.split_of", fails_at_the_second_document)
        with pytest.raises(OSError, match="full"):
            import_annotations(catalog, write(coco([image(), {"file_name": "court.1.2_p0001"}], [GOOD])))
        assert annotations_in(catalog) == {}
        assert boxes_in(catalog) == {}


@pytest.fixture
def real_pages(workspace: Workspace, real_dev: Path) -> Workspace:
    """The real documents in the catalog, as rendered at 100 dpi: not the resolution that they were annotated at."""
    with open_catalog(workspace).transaction() as session:
        session.add(Source(name="real", kind="folder", location="real"))
        session.flush()
        for path in sorted((real_dev / "pdfs").glob("*.pdf")):
            add_rendered(session, workspace, path)
    return workspace


def add_rendered(session: Any, workspace: Workspace, path: Path) -> None:
    sha256 = sha256_of_file(path)
    with pypdfium2.PdfDocument(path) as pdf:
        session.add(
            Document(sha256=sha256, file_name=path.name, source="real", size_bytes=path.stat().st_size, page_count=len(pdf))
        )
        session.flush()
        for index in range(len(pdf)):
            picture: Image.Image = pdf[index].render(scale=100 / 72, grayscale=True).to_pil()
            name = page_name(sha256, index)
            file = workspace.pages / f"{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            picture.save(file, compress_level=1)
            session.add(
                Page(
                    name=name,
                    document=sha256,
                    page_index=index,
                    file_name=f"{path.stem}_p{index + 1:04d}",
                    image=f"pages/{name}.png",
                    width=picture.width,
                    height=picture.height,
                    sha256=sha256_of_file(file),
                )
            )


def test_real_annotations_land_on_the_redactions_of_real_pages(real_pages: Workspace, real_dev: Path) -> None:
    """The boxes of black redactions lie on dark pixels of our rendering, although they were drawn at another resolution."""
    content = json.loads((real_dev / "annotations.json").read_text())
    report = import_annotations(real_pages, real_dev / "annotations.json", annotator="dev")
    assert report.refused == ()
    assert report.added == report.rescaled == len(content["images"])
    assert report.boxes == len(content["annotations"])
    dataset = read_dataset(real_pages, None)
    assert len({(page.document, page.split) for page in dataset.pages}) == len({page.document for page in dataset.pages})
    darkness = []
    for page in dataset.pages:
        gray = np.asarray(Image.open(dataset.image_path(page)))
        for box in page.boxes:
            if box.style is Style.BLACK:
                x0, y0, x1, y1 = as_xyxy([(box.x0, box.y0, box.x1, box.y1)])[0].round().astype(int)
                darkness.append(float((gray[y0:y1, x0:x1] < 128).mean()))
    assert len(darkness) > 100
    assert np.median(darkness) > 0.9
