"""Reading COCO files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redaction.annotations.records import ParsedFile
from redaction.annotations.tools.formats import read_annotation_file
from redaction.dataset import Style

Write = Callable[..., Path]


def parsed_file(write: Write, **changes: Any) -> ParsedFile:
    content = {
        "images": [{"id": 1, "file_name": "a_p0001.png", "style": "black"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 1, "name": "redaction"}],
    }
    return read_annotation_file(write(content | changes))[1]


def test_a_box_has_the_style_of_its_image(write: Write) -> None:
    assert parsed_file(write).pages[0].boxes[0].style is Style.BLACK


@pytest.mark.parametrize("own", [{"style": "grey"}, {"attributes": {"style": "grey"}}])
def test_the_boxs_own_style_takes_precedence(write: Write, own: dict[str, Any]) -> None:
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]} | own
    assert parsed_file(write, annotations=[annotation]).pages[0].boxes[0].style is Style.GREY


def test_an_image_without_annotations_is_a_page_without_redactions(write: Write) -> None:
    assert parsed_file(write, annotations=[]).pages[0].boxes == ()


@pytest.mark.parametrize(
    "bbox",
    [None, [1, 2, 3], [1, 2, 3, "wide"], [1, 2, 3, None], "1,2,3,4"],
)
def test_a_malformed_annotation_does_not_make_its_page_an_empty_one(write: Write, bbox: Any) -> None:
    parsed = parsed_file(write, annotations=[{"id": 7, "image_id": 1, "category_id": 1, "bbox": bbox}])
    assert parsed.pages == ()
    assert [refusal.row for refusal in parsed.refused] == ["annotation 7", "image 1"]


@pytest.mark.parametrize("change", [{"id": None}, {"id": [7]}, {"id": 7, "image_id": "1"}])
def test_a_malformed_annotation_with_an_odd_id_does_not_make_its_page_an_empty_one(write: Write, change: dict[str, Any]) -> None:
    annotation = {"image_id": 1, "category_id": 1, "bbox": [1, 2]} | change
    assert parsed_file(write, annotations=[annotation]).pages == ()
    del annotation["id"]
    assert parsed_file(write, annotations=[annotation]).pages == ()


def test_ids_may_be_written_as_text(write: Write) -> None:
    annotation = {"id": "1", "image_id": "1", "category_id": "1", "bbox": [1, 2, 3, 4]}
    assert len(parsed_file(write, annotations=[annotation]).pages[0].boxes) == 1


def test_images_that_share_an_id_are_refused_with_their_boxes(write: Write) -> None:
    twice = [
        {"id": 1, "file_name": "a_p0001.png"},
        {"id": 1, "file_name": "b_p0001.png"},
        {"id": 2, "file_name": "c_p0001.png"},
    ]
    parsed = parsed_file(write, images=twice)
    assert [page.paths for page in parsed.pages] == [("c_p0001.png",)]
    assert [refusal.row for refusal in parsed.refused] == ["image 1", "image 1", "annotation 1"]
