"""Importing annotation files: what is stored, what is refused and why, and importing again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from redaction.annotations.dataset import read_dataset
from redaction.annotations.exporting import export_annotations
from redaction.annotations.importing import import_annotations
from redaction.annotations.queue import unannotated_pages
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
            {"file_name": "a.pdf", "page_index": 1},
            {"file_name": f"pages\\{A}\\0001.png"},
            {"file_name": "/data/upload/1/0a1b2c3d-a_p0002.png"},  # Label Studio's COCO export
            {"file_name": "images\\4/0a1b2c3d-a_p0002.png"},
            {"file_name": "../../media/upload/4/0a1b2c3d-a_p0002.png"},
            {"file_name": f"/data/local-files/?d=pages%2F{A}%2F0001.png"},
            {"file_name": "https://host/a%5Fp0002.png?token=1"},
            {"file_name": "a_p0002_png.rf.1f0c9a7be2d34c55.jpg"},  # Roboflow's
            {"file_name": "renamed.jpg", "extra": {"name": "a_p0002.png"}},
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

    @pytest.mark.parametrize("name", ["0a1b2c3d-memo_p0001.png", "1f0c9a7b-0a1b2c3d-memo_p0001.png"])
    def test_a_name_that_looks_like_an_uploaded_one_is_looked_for_as_it_is_first(
        self, catalog: Workspace, write: Write, name: str
    ) -> None:
        add_document(catalog, "memo.pdf", 1)
        add_document(catalog, "0a1b2c3d-memo.pdf", 1)
        assert import_annotations(catalog, write(coco([{"file_name": name}], [VALID_BOX]))).refused == ()
        assert list(boxes_in(catalog)) == ["0a1b2c3d-memo_p0001"]

    def test_the_name_of_an_image_document_is_enough_if_it_has_one_page(self, catalog: Workspace, write: Write) -> None:
        add_document(catalog, "scan.png", 1)
        add_document(catalog, "fax.tif", 3)
        report = import_annotations(catalog, write(coco([{"file_name": "scan.png"}, {"file_name": "fax.tif"}], [VALID_BOX])))
        assert list(boxes_in(catalog)) == ["scan_p0001"]
        assert [(refusal.row, refusal.reason) for refusal in report.refused] == [("image 2", RefusalReason.AMBIGUOUS_PAGE)]
        assert "3 pages have this name" in report.refused[0].detail
        assert "page_index" in report.refused[0].detail

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
    (RefusalReason.EMPTY_BOX, {"bbox": [100, 200, 300, 0.5]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [-2.5, 200, 300, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [100, -3, 300, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [WIDTH - 100, 200, 103, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [100, HEIGHT - 10, 300, 12.5]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [5000, 5000, 300, 40]}),
    (RefusalReason.OUTSIDE_PAGE, {"bbox": [WIDTH, 200, 2, 40]}),  # within the tolerance, but no part of it is on the page
    (RefusalReason.UNKNOWN_LABEL, {"bbox": [100, 200, 300, 40], "category_id": 2}),
    (RefusalReason.UNKNOWN_LABEL, {"bbox": [100, 200, 300, 40], "category_id": 9}),
    (RefusalReason.ROTATED_BOX, {"bbox": [100, 200, 300, 40], "attributes": {"rotation": 90.0}}),
    (RefusalReason.ROTATED_BOX, {"bbox": [100, 200, 300, 40], "attributes": {"rotation": "-12.5"}}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, 300]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, 300, "40px"]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, float("nan"), 40]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, float("inf"), 40]}),
    (RefusalReason.MALFORMED, {"bbox": [100, 200, 300, 40], "attributes": {"rotation": "steep"}}),
    (RefusalReason.MALFORMED, {"bbox": [], "segmentation": {"counts": [0, 5], "size": [1400, 1000]}}),
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
    def test_a_page_with_an_invalid_box_waits_whole_and_the_other_pages_are_stored(
        self, catalog: Workspace, write: Write, reason: RefusalReason, box: dict[str, Any]
    ) -> None:
        boxes = [{"bbox": [10, 20, 300, 40]}, box, {"image_id": 2, "bbox": [1, 2, 30, 40]}]
        report = import_annotations(catalog, write(coco([image(), {"file_name": "a_p0002.png"}], boxes)))
        assert [(refusal.row, refusal.reason) for refusal in report.refused] == [("annotation 2", reason)]
        assert [(page.file_name, page.row, page.waits_for) for page in report.waiting] == [("a_p0001", "image 1", report.refused)]
        assert boxes_in(catalog) == {"a_p0002": [(1, 2, 31, 42)]}
        assert "a_p0001" in [page.file_name for page in unannotated_pages(catalog)]

    def test_a_page_whose_only_box_is_invalid_does_not_become_a_page_without_redactions(
        self, catalog: Workspace, write: Write
    ) -> None:
        report = import_annotations(catalog, write(coco([image()], [{"bbox": [100, 200, 300]}])))
        assert len(report.waiting) == 1
        assert annotations_in(catalog) == {}

    def test_a_waiting_page_keeps_its_earlier_annotation_and_is_stored_once_it_is_corrected(
        self, catalog: Workspace, write: Write
    ) -> None:
        import_annotations(catalog, write(coco([image()], [VALID_BOX])))
        rotated = VALID_BOX | {"attributes": {"rotation": 90}}
        waiting = import_annotations(catalog, write(coco([image()], [rotated, {"bbox": [1, 2, 30, 40]}])))
        assert (len(waiting.waiting), waiting.updated, waiting.boxes) == (1, 0, 0)
        assert boxes_in(catalog) == {"a_p0001": [(100, 200, 400, 240)]}
        corrected = import_annotations(catalog, write(coco([image()], [VALID_BOX, {"bbox": [1, 2, 30, 40]}])))
        assert (corrected.waiting, corrected.updated) == ((), 1)
        assert len(boxes_in(catalog)["a_p0001"]) == 2

    def test_a_page_that_was_annotated_on_another_image_waits(self, catalog: Workspace, write: Write) -> None:
        report = import_annotations(catalog, write(coco([image(width=HEIGHT, height=WIDTH)], [VALID_BOX])))
        assert [refusal.reason for page in report.waiting for refusal in page.waits_for] == [RefusalReason.OTHER_SHAPE]

    def test_a_box_of_an_image_that_the_file_does_not_list_holds_up_no_page(self, catalog: Workspace, write: Write) -> None:
        report = import_annotations(catalog, write(coco([image()], [VALID_BOX, VALID_BOX | {"image_id": 77}])))
        assert [(refusal.row, refusal.reason) for refusal in report.refused] == [("annotation 2", RefusalReason.UNKNOWN_PAGE)]
        assert (report.waiting, report.added) == ((), 1)

    def test_every_refusal_reason_has_a_test_case(self) -> None:
        here = {reason for reason, _ in [*REFUSED_PAGES, *REFUSED_BOXES]}
        assert set(RefusalReason) - here == {RefusalReason.NOT_ACCEPTED}


def prodigy(file_name: str, time: float | None, *spans: tuple[float, float, float, float], **more: Any) -> dict[str, Any]:
    """Prodigy's answer for a page, with spans as x, y, width, height."""
    rows = [{"label": "REDACTION", "x": x, "y": y, "width": w, "height": h} for x, y, w, h in spans]
    return {"image": file_name, "answer": "accept", "spans": rows, "_timestamp": time} | more


class TestSeveralAnswers:
    @pytest.mark.parametrize(
        ("answers", "boxes"),
        [
            ([prodigy("a_p0001", 1), prodigy("a_p0001", 2, (1, 2, 30, 40))], [(1, 2, 31, 42)]),  # corrected
            ([prodigy("a_p0001", 2, (1, 2, 30, 40)), prodigy("a_p0001", 1)], [(1, 2, 31, 42)]),  # not in the order of time
            ([prodigy("a_p0001", 1, (1, 2, 30, 40)), prodigy("a_p0001", 2)], []),  # "there is none, after all"
            ([prodigy("a_p0001", None), prodigy("x/a_p0001.png", None, (1, 2, 30, 40))], [(1, 2, 31, 42)]),  # by another name
            ([prodigy("a_p0001", 1, (1, 2, 30, 40)), prodigy("a_p0001", 2, answer="ignore")], [(1, 2, 31, 42)]),  # no answer
            ([prodigy("a_p0001", 1, spans=[{}]), prodigy("a_p0001", 2, (1, 2, 30, 40))], [(1, 2, 31, 42)]),  # completed
        ],
    )
    def test_the_last_word_on_a_page_is_stored(
        self, catalog: Workspace, write: Write, answers: list[dict[str, Any]], boxes: list[tuple[float, ...]]
    ) -> None:
        report = import_annotations(catalog, write(answers, "answers.jsonl"))
        assert (report.added, report.waiting) == (1, ())
        assert boxes_in(catalog).get("a_p0001", []) == boxes
        assert report.superseded == sum(answer["answer"] == "accept" for answer in answers) - 1

    @pytest.mark.parametrize("last", [{"spans": [{}]}, {"spans": "none"}, {"width": -1}, {"answer": "reject"}])
    def test_a_page_waits_if_the_last_word_on_it_is_incomplete_or_does_not_accept_it(
        self, catalog: Workspace, write: Write, last: dict[str, Any]
    ) -> None:
        answers = [prodigy("a_p0001", 1, (1, 2, 30, 40)), prodigy("a_p0001", 2, (1, 2, 30, 40)) | last]
        report = import_annotations(catalog, write(answers, "answers.jsonl"))
        assert (report.added, len(report.waiting)) == (0, 1)
        assert report.waiting[0].row == "line 2"
        assert annotations_in(catalog) == {}

    def test_the_last_of_two_images_of_one_page_counts(self, catalog: Workspace, write: Write) -> None:
        twice = coco([image(), image(file_name=f"pages/{A}/0000.png")], [VALID_BOX, {"image_id": 2, "bbox": [1, 2, 30, 40]}])
        report = import_annotations(catalog, write(twice))
        assert (report.added, report.superseded, report.refused) == (1, 1, ())
        assert boxes_in(catalog) == {"a_p0001": [(1, 2, 31, 42)]}

    @pytest.mark.parametrize(
        "places",
        [
            ("first/a_p0001.png", "second/a_p0001.png"),
            ("first\\a_p0001.png", "C:\\second\\a_p0001.png"),
            ("/data/local-files/?d=first/a_p0001.png", "/data/local-files/?d=second%2Fa_p0001.png"),
            ("https://host/first/a_p0001.png?token=1", "https://host/second/a_p0001.png"),
        ],
    )
    def test_images_of_one_name_in_different_folders_are_no_answers_for_one_page(
        self, catalog: Workspace, write: Write, places: tuple[str, str]
    ) -> None:
        """They may belong to two documents of this name: the second one would erase the boxes of the first."""
        images = [*(image(file_name=place) for place in places), {"file_name": "first/a_p0002.png"}]
        report = import_annotations(catalog, write(coco(images, [VALID_BOX, {"image_id": 3, "bbox": [1, 2, 30, 40]}])))
        assert [(row.row, row.reason) for row in report.refused] == [
            (f"image {number}", RefusalReason.AMBIGUOUS_PAGE) for number in (1, 2)
        ]
        assert "in different folders" in report.refused[0].detail
        assert list(boxes_in(catalog)) == ["a_p0002"]

    @pytest.mark.parametrize(
        ("places", "more"),
        [
            (("first/a_p0001.png", "second/a_p0001.png"), {"document": A, "page_index": 0}),
            (("img/a_p0001.png", "/home/maria/img/a_p0001.png"), {}),
            (("/data/upload/1/0a1b2c3d-a_p0001.png", "/data/upload/2/4e5f6a7b-a_p0001.png"), {}),
            (("first/a_p0001.png", "a_p0001.png"), {}),
            (("first/a_p0001.png", f"pages/{A}/0000.png"), {}),
        ],
    )
    def test_images_of_one_page_that_are_surely_the_same_are_answers_for_it(
        self, catalog: Workspace, write: Write, places: tuple[str, str], more: dict[str, Any]
    ) -> None:
        images = [image(file_name=place, **more) for place in places]
        report = import_annotations(catalog, write(coco(images, [{"image_id": 2} | VALID_BOX])))
        assert (report.added, report.superseded, report.refused) == (1, 1, ())


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

    @pytest.mark.parametrize(
        ("size", "rescaled"),
        [
            ((WIDTH, HEIGHT + 1), 0),  # the page, its height rounded up instead of down
            ((WIDTH - 1, HEIGHT - 1), 0),
            ((2 * WIDTH, 2 * HEIGHT + 3), 1),
        ],
    )
    def test_a_difference_by_rounding_is_scaled_but_is_no_other_resolution(
        self, catalog: Workspace, write: Write, size: tuple[int, int], rescaled: int
    ) -> None:
        width, height = size
        whole_page = coco([image(width=width, height=height)], [{"bbox": [0, 0, width, height]}])
        report = import_annotations(catalog, write(whole_page))
        assert (report.rescaled, report.refused) == (rescaled, ())
        assert boxes_in(catalog)["a_p0001"] == [(0, 0, WIDTH, HEIGHT)]

    @pytest.mark.parametrize(
        ("width", "height", "scale"), [(None, None, 1), (2 * WIDTH, None, 2), (None, 2 * HEIGHT, 2), (500, 700, 0.5)]
    )
    def test_a_side_that_the_file_does_not_give_follows_from_the_page(
        self, catalog: Workspace, write: Write, width: int | None, height: int | None, scale: float
    ) -> None:
        box = [100 * scale, 200 * scale, 300 * scale, 40 * scale]
        import_annotations(catalog, write(coco([image(width=width, height=height)], [{"bbox": box}])))
        assert boxes_in(catalog) == {"a_p0001": [(100, 200, 400, 240)]}

    def test_a_box_drawn_twice_is_stored_once(self, catalog: Workspace, write: Write) -> None:
        boxes = [{"bbox": [10, 20, 300, 40]}, {"bbox": [10, 20, 300, 40]}, {"bbox": [10, 20, 301, 40]}]
        report = import_annotations(catalog, write(coco([image()], boxes)))
        assert (report.duplicates, report.refused, report.boxes) == (2, (), 1)
        assert boxes_in(catalog) == {"a_p0001": [(10, 20, 310, 60)]}

    def test_a_time_without_a_zone_is_utc(self, catalog: Workspace, write: Write) -> None:
        import_annotations(catalog, write(coco([image(annotated_at="2026-10-01T10:00:00")])))
        assert annotations_in(catalog)[page_name(A, 0)].annotated_at == datetime(2026, 10, 1, 10, tzinfo=UTC)

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
