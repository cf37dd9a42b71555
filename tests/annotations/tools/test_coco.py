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
def test_a_malformed_annotation_leaves_its_page_incomplete(write: Write, bbox: Any) -> None:
    parsed = parsed_file(write, annotations=[{"id": 7, "image_id": 1, "category_id": 1, "bbox": bbox}])
    assert [refusal.row for refusal in parsed.pages[0].refused] == ["annotation 7"]


@pytest.mark.parametrize("change", [{}, {"id": None}, {"id": [7]}, {"id": 7, "image_id": "1"}, {"image_id": 1.0}])
def test_a_malformed_annotation_with_an_odd_id_leaves_its_page_incomplete(write: Write, change: dict[str, Any]) -> None:
    annotation = {"image_id": 1, "category_id": 1, "bbox": [1, 2]} | change
    assert len(parsed_file(write, annotations=[annotation]).pages[0].refused) == 1


@pytest.mark.parametrize("number", [8, 8.0, "8", "8.0", " 8 "])
@pytest.mark.parametrize("same", [8, 8.0, "8", "8.0"])
def test_an_id_is_the_same_however_its_number_is_written(write: Write, number: Any, same: Any) -> None:
    annotation = {"id": number, "image_id": same, "category_id": number, "bbox": [1, 2, 3, 4]}
    parsed = parsed_file(
        write,
        images=[{"id": number, "file_name": "a.png"}],
        annotations=[annotation],
        categories=[{"id": same, "name": "redaction"}],
    )
    assert len(parsed.pages[0].boxes) == 1
    assert parsed.pages[0].row == "image 8"


@pytest.mark.parametrize(("number", "other"), [("08", "8"), (8.5, 8), ("a", "A"), ("img-1", "img-1.0"), (True, 1)])
def test_ids_that_are_not_the_same_number_stay_apart(write: Write, number: Any, other: Any) -> None:
    annotation = {"id": 1, "image_id": other, "category_id": 1, "bbox": [1, 2, 3, 4]}
    parsed = parsed_file(write, images=[{"id": number, "file_name": "a.png"}], annotations=[annotation])
    assert all(page.boxes == () for page in parsed.pages)
    assert "annotation 1" in [refusal.row for refusal in parsed.refused]


@pytest.mark.parametrize("extra", [{"name": {}}, {"name": 3}, {"name": None}, {}, [], "b.png"])
def test_an_extra_field_that_names_no_file_is_ignored(write: Write, extra: Any) -> None:
    assert parsed_file(write, images=[{"id": 1, "file_name": "a.png", "extra": extra}]).pages[0].paths == ("a.png",)


SQUARE = [312, 371, 728, 371, 728, 401, 312, 401]


@pytest.mark.parametrize(
    "drawn",
    [
        {"bbox": [312, 371, 416, 30]},
        {"bbox": ["312", "371", "416", "30"]},
        {"bbox": [728, 401, -416, -30]},
        {"bbox": [312, 401, 416, -30]},
        {"segmentation": [SQUARE]},
        {"segmentation": SQUARE, "bbox": None},
        {"segmentation": [[*SQUARE[:4], 700, 401], [312, 380, 312, 401, 400, 390]], "bbox": []},
        {"segmentation": [SQUARE], "bbox": [0, 0, 0, 0]},
        {"bbox": [312, 371, 416, 30], "iscrowd": 1, "segmentation": {"counts": [0, 5], "size": [1650, 1275]}},  # a mask
        {"bbox": [312, 371, 416, 30], "segmentation": [], "attributes": {"occluded": False, "rotation": 0.0}},
        {"bbox": [312, 371, 416, 30], "attributes": {"rotation": None}, "style": None, "rotation": 360},
        {"bbox": float("nan"), "segmentation": [SQUARE], "style": float("nan")},  # a table with gaps
    ],
)
def test_a_box_follows_from_whatever_the_tool_wrote_of_it(write: Write, drawn: dict[str, Any]) -> None:
    parsed = parsed_file(write, annotations=[{"id": 1, "image_id": 1, "category_id": 1} | drawn])
    assert [(box.x0, box.y0, box.x1, box.y1) for box in parsed.pages[0].boxes] == [(312, 371, 728, 401)]


@pytest.mark.parametrize(
    ("drawn", "detail"),
    [
        ({"bbox": [1, 2, 3, 4], "attributes": {"rotation": 90.0}}, "rotated by 90 degrees"),
        ({"bbox": [1, 2, 3, 4], "rotation": 359.5}, "rotated by 359.5 degrees"),
        ({"bbox": [1, 2, 3, 4], "attributes": {"rotation": "nan"}}, "rotat"),
        ({"bbox": [1, 2, 3, 4], "attributes": {"rotation": 10**400}}, "not a number"),
        ({"bbox": [1, 2, 3, 4], "attributes": {"rotation": [90]}}, "not a number"),
        ({"bbox": [1, 2, 3, 4, 30]}, "four numbers"),
        ({"segmentation": {"counts": [0, 5], "size": [1650, 1275]}}, "neither a bbox nor polygons, only a mask; export boxes"),
        ({"segmentation": [SQUARE[:-1]]}, "an x without a y"),
        ({"segmentation": [SQUARE[:4]]}, "3 points"),
        ({"segmentation": [["a", "b"]]}, "valid number"),
        ({"bbox": [1, 2, 3, 4], "category_id": 5}, "no category 5"),
    ],
)
def test_what_gives_no_upright_box_is_said(write: Write, drawn: dict[str, Any], detail: str) -> None:
    parsed = parsed_file(write, annotations=[{"id": 1, "image_id": 1, "category_id": 1} | drawn])
    assert parsed.pages[0].boxes == ()
    assert detail in parsed.pages[0].refused[0].detail


@pytest.mark.parametrize(
    ("style", "name"),
    [(3, "3"), (0, "0"), ("Cross-hatched", "Cross-hatched"), (True, "black"), (False, "black"), ([], "black"), (" ", "black")],
)
def test_a_style_is_a_word_or_a_number_and_anything_else_is_no_style(write: Write, style: Any, name: str) -> None:
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "attributes": {"style": style}}
    assert parsed_file(write, annotations=[annotation]).pages[0].boxes[0].style_name == name


def test_images_that_share_an_id_are_refused_with_their_boxes(write: Write) -> None:
    twice = [
        {"id": 1, "file_name": "a_p0001.png"},
        {"id": 1, "file_name": "b_p0001.png"},
        {"id": 2, "file_name": "c_p0001.png"},
    ]
    parsed = parsed_file(write, images=twice)
    assert [page.paths for page in parsed.pages] == [("c_p0001.png",)]
    assert [refusal.row for refusal in parsed.refused] == ["image 1", "image 1", "annotation 1"]
