"""Importing annotation files: what is stored, what is refused and why, and importing again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from redaction.annotations.dataset import read_dataset
from redaction.annotations.exporting import export_annotations
from redaction.annotations.importing import import_annotations
from redaction.annotations.records import RefusalReason
from redaction.annotations.splits import split_of
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.catalog import open_catalog
from redaction.catalog.tables import Annotation, Document, Page, page_name
from redaction.dataset import Split
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from .conftest import HEIGHT, WIDTH, add_document, boxes_in, coco

Write = Callable[..., Path]
A = sha256_of_bytes(b"a.pdf")
VALID_BOX = {"bbox": [100, 200, 300, 40]}


def annotations_in(workspace: Workspace) -> dict[str, Annotation]:
    with open_catalog(workspace).transaction() as session:
        return {row.page: row for row in session.exec(select(Annotation))}


class TestPageLookup:
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
    def test_a_page_is_found_by_its_file_name_its_digest_or_its_document_and_index(
        self, catalog: Workspace, write: Write, image: dict[str, Any]
    ) -> None:
        report = import_annotations(catalog, write(coco([image], [VALID_BOX])))
        assert report.refused == ()
        assert boxes_in(catalog) == {"a_p0002": [(100, 200, 400, 240)]}

    def test_dots_in_a_file_name_are_not_mistaken_for_a_suffix(self, catalog: Workspace, write: Write) -> None:
        import_annotations(catalog, write(coco([{"file_name": "court.1.2_p0001"}], [VALID_BOX])))
        assert list(boxes_in(catalog)) == ["court.1.2_p0001"]

    def test_documents_with_the_same_name_are_distinguished_only_by_digest(self, catalog: Workspace, write: Write) -> None:
        twin = add_document(catalog, "a.pdf", 3, content=b"another document that was published under the same name")
        by_name = import_annotations(catalog, write(coco([{"file_name": "a_p0001.png"}], [VALID_BOX])))
        assert [refusal.reason for refusal in by_name.refused] == [RefusalReason.AMBIGUOUS_PAGE]
        assert "2 pages have this name" in by_name.refused[0].detail
        by_digest = import_annotations(
            catalog, write(coco([{"file_name": "a_p0001.png", "document": twin, "page_index": 0}], [VALID_BOX]))
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
    (RefusalReason.OTHER_SHAPE, [image(width=HEIGHT, height=WIDTH)]),  # annotated in landscape
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
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [WIDTH, 200, 2, 40]}),  # within the tolerance, but no part of it is on the page
    (RefusalReason.UNKNOWN_LABEL, {"bbox": [100, 200, 300, 40], "category_id": 2}),
    (RefusalReason.UNKNOWN_LABEL, {"bbox": [100, 200, 300, 40], "category_id": 9}),
    (RefusalReason.DUPLICATE_BOX, {"bbox": [10, 20, 300, 40]}),  # the same as the valid one in the test
    (RefusalReason.DUPLICATE_BOX, {"bbox": [10, 20, 301, 40]}),  # the same redaction, drawn slightly differently
    (RefusalReason.MALFORMED, {"bbox": [100, 200, 300]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, 300, "40px"]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, float("nan"), 40]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, float("inf"), 40]}),
    (RefusalReason.UNKNOWN_PAGE, {"bbox": [100, 200, 300, 40], "image_id": 77}),
]


class TestRefused:
    @pytest.mark.parametrize(("reason", "images"), REFUSED_PAGES)
    def test_a_page_that_cannot_be_found_is_refused_and_the_others_are_stored(
        self, catalog: Workspace, write: Write, reason: RefusalReason, images: list[dict[str, Any]]
    ) -> None:
        add_document(catalog, "broken.pdf", 1)
        with open_catalog(catalog).transaction() as session:
            page = session.get_one(Page, page_name(sha256_of_bytes(b"broken.pdf"), 0))
            page.image, page.reason = None, "the renderer ran out of memory"
        content = coco([*images, {"id": 50, "file_name": "a_p0003.png"}], [VALID_BOX | {"image_id": 50}])
        report = import_annotations(catalog, write(content))
        assert [refusal.reason for refusal in report.refused] == [reason]
        assert report.refused[0].row == "image 1"
        assert boxes_in(catalog) == {"a_p0003": [(100, 200, 400, 240)]}

    @pytest.mark.parametrize(("reason", "box"), REFUSED_BOXES)
    def test_an_invalid_box_is_refused_and_the_valid_one_is_stored(
        self, catalog: Workspace, write: Write, reason: RefusalReason, box: dict[str, Any]
    ) -> None:
        report = import_annotations(catalog, write(coco([image()], [{"bbox": [10, 20, 300, 40]}, box])))
        assert [(refusal.row, refusal.reason) for refusal in report.refused] == [("annotation 2", reason)]
        assert boxes_in(catalog) == {"a_p0001": [(10, 20, 310, 60)]}

    @pytest.mark.parametrize(
        ("reason", "box"),
        [row for row in REFUSED_BOXES if row[0] not in (RefusalReason.DUPLICATE_BOX, RefusalReason.UNKNOWN_PAGE)],
    )
    def test_a_page_whose_boxes_are_all_invalid_does_not_become_a_page_without_redactions(
        self, catalog: Workspace, write: Write, reason: RefusalReason, box: dict[str, Any]
    ) -> None:
        report = import_annotations(catalog, write(coco([image()], [box])))
        assert [refusal.reason for refusal in report.refused] == [reason, RefusalReason.NO_BOX_LEFT]
        assert annotations_in(catalog) == {}

    def test_the_second_annotation_of_the_same_page_is_refused(self, catalog: Workspace, write: Write) -> None:
        twice = coco([image(), image(file_name=f"pages/{A}/0000.png")], [VALID_BOX, {"image_id": 2, "bbox": [1, 2, 30, 40]}])
        report = import_annotations(catalog, write(twice))
        assert [(refusal.row, refusal.reason) for refusal in report.refused] == [("image 2", RefusalReason.DUPLICATE_PAGE)]
        assert boxes_in(catalog) == {"a_p0001": [(100, 200, 400, 240)]}

    def test_every_refusal_reason_has_a_test_case(self) -> None:
        here = {reason for reason, _ in [*REFUSED_PAGES, *REFUSED_BOXES]}
        assert set(RefusalReason) - here == {RefusalReason.DUPLICATE_PAGE, RefusalReason.NO_BOX_LEFT, RefusalReason.NOT_ACCEPTED}


class TestStored:
    @pytest.mark.parametrize(
        ("bbox", "stored"),
        [
            ([-2, 200, 300, 40], (0, 200, 298, 240)),
            ([100, -1.5, 300, 40], (100, 0, 400, 38.5)),
            ([WIDTH - 100, 200, 102, 40], (WIDTH - 100, 200, WIDTH, 240)),
            ([100, HEIGHT - 10, 300, 11], (100, HEIGHT - 10, 400, HEIGHT)),
        ],
    )
    def test_a_box_that_extends_beyond_the_page_by_two_pixels_is_clipped(
        self, catalog: Workspace, write: Write, bbox: list[float], stored: tuple[float, ...]
    ) -> None:
        report = import_annotations(catalog, write(coco([image()], [{"bbox": bbox}])))
        assert (report.clipped, report.refused) == (1, ())
        assert boxes_in(catalog) == {"a_p0001": [stored]}

    def test_a_page_annotated_at_another_resolution_is_scaled_and_counted(self, catalog: Workspace, write: Write) -> None:
        small = coco([image(width=500, height=700)], [{"bbox": [50, 100, 150, 20]}])
        assert import_annotations(catalog, write(small)).rescaled == 1
        assert boxes_in(catalog) == {"a_p0001": [(100, 200, 400, 240)]}

    def test_labels_may_be_written_in_capitals(self, catalog: Workspace, write: Write) -> None:
        task = {"image": "a_p0001.png", "spans": [{"label": "REDACTION", "x": 1, "y": 2, "width": 3, "height": 4}]}
        report = import_annotations(catalog, write([task], "tasks.jsonl"))
        assert (report.tool, report.refused) == (AnnotationFormat.PRODIGY, ())
        assert read_dataset(catalog, None).pages[0].boxes[0].label == "redaction"

    def test_a_page_without_redactions_is_stored_as_an_annotation(self, catalog: Workspace, write: Write) -> None:
        report = import_annotations(catalog, write(coco([image()])))
        assert (report.added, report.boxes) == (1, 0)
        assert len(annotations_in(catalog)) == 1

    @pytest.mark.parametrize(
        ("given", "in_file", "stored"), [("me", "maria", "me"), (None, "maria", "maria"), (None, None, "unknown")]
    )
    def test_the_given_annotator_takes_precedence_over_the_files_annotator(
        self, catalog: Workspace, write: Write, given: str | None, in_file: str | None, stored: str
    ) -> None:
        import_annotations(catalog, write(coco([image(annotator=in_file)])), annotator=given)
        assert annotations_in(catalog)[page_name(A, 0)].annotator == stored

    def test_the_split_is_set_once_and_never_changed(self, catalog: Workspace, write: Write) -> None:
        import_annotations(catalog, write(coco([image()])))
        with open_catalog(catalog).transaction() as session:
            document = session.get_one(Document, A)
            assert document.split is split_of(A)
            other = next(split for split in Split if split is not split_of(A))
            document.split = other
        import_annotations(catalog, write(coco([{"file_name": "a_p0002.png"}], [VALID_BOX])))
        with open_catalog(catalog).transaction() as session:
            assert session.get_one(Document, A).split is other
            assert session.get_one(Document, sha256_of_bytes(b"court.1.2.pdf")).split is None


class TestImportingAgain:
    def test_importing_the_same_file_again_changes_nothing(self, catalog: Workspace, write: Write) -> None:
        file = write(coco([image(), {"file_name": "a_p0002.png"}], [VALID_BOX]))
        first = import_annotations(catalog, file)
        before = annotations_in(catalog)
        second = import_annotations(catalog, file)
        assert (first.added, second.added, second.updated, second.unchanged) == (2, 0, 0, 2)
        assert annotations_in(catalog) == before

    def test_changed_boxes_replace_the_old_ones_and_count_as_an_update(self, catalog: Workspace, write: Write) -> None:
        import_annotations(catalog, write(coco([image()], [VALID_BOX])))
        before = annotations_in(catalog)[page_name(A, 0)]
        report = import_annotations(catalog, write(coco([image()], [{"bbox": [1, 2, 30, 40]}])))
        after = annotations_in(catalog)[page_name(A, 0)]
        assert (report.added, report.updated, report.unchanged) == (0, 1, 0)
        assert boxes_in(catalog) == {"a_p0001": [(1, 2, 31, 42)]}
        assert after.imported_at > before.imported_at

    @pytest.mark.parametrize("format", AnnotationFormat)
    @given(
        corners=st.lists(
            st.tuples(st.integers(0, 98_000), st.integers(0, 138_000), st.integers(100, 2_000), st.integers(100, 2_000)),
            max_size=6,
        )
    )
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_an_exported_file_is_unchanged_when_imported_again(
        self, catalog: Workspace, write: Write, tmp_path: Path, format: AnnotationFormat, corners: list[tuple[int, ...]]
    ) -> None:
        boxes = [{"bbox": [number / 100 for number in box], "style": "grey"} for box in corners]
        import_annotations(catalog, write(coco([image(), {"file_name": "a_p0002.png"}], boxes)))
        exported = tmp_path / "exported"
        pages = export_annotations(catalog, exported, format)
        again = import_annotations(catalog, exported)
        assert again.refused == ()
        assert (again.tool, again.unchanged, again.updated) == (format, pages, 0)

    def test_an_import_that_fails_halfway_stores_nothing(
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
            import_annotations(catalog, write(coco([image(), {"file_name": "court.1.2_p0001"}], [VALID_BOX])))
        assert annotations_in(catalog) == {}
        assert boxes_in(catalog) == {}
