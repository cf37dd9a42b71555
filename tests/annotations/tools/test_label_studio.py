"""Reading Label Studio's JSON export."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redaction.annotations.importing import import_annotations
from redaction.annotations.records import ParsedFile, ParsedPage
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.annotations.tools.formats import read_annotation_file, write_annotation_file
from redaction.dataset import Style
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from ..conftest import HEIGHT, WIDTH, boxes_in

Write = Callable[..., Path]


POSITION = {"x": 10, "y": 20, "width": 50, "height": 10, "rotation": 0, "rectanglelabels": ["redaction"]}
RECTANGLE = {
    "id": "r1",
    "type": "rectanglelabels",
    "original_width": 1000,
    "original_height": 500,
    "image_rotation": 0,
    "value": POSITION,
}


def parsed_task(write: Write, *annotations: dict[str, Any], image: str = "a.png") -> ParsedFile:
    return read_annotation_file(write([{"id": 5, "data": {"image": image}, "annotations": list(annotations)}]))[1]


def test_percents_become_pixels(write: Write) -> None:
    box = parsed_task(write, {"result": [RECTANGLE]}).pages[0].boxes[0]
    assert (box.x0, box.y0, box.x1, box.y1) == (100, 100, 600, 150)


@pytest.mark.parametrize(
    ("third", "counts"),
    [
        ({"was_cancelled": True}, "2"),
        ({}, "3"),  # without boxes: the last word is that there are none
        ({"ground_truth": None, "was_cancelled": None}, "3"),
        ({"updated_at": "2026-01-01T00:00:00Z"}, "2"),
        ({"updated_at": None}, "3"),  # the order in the file decides
        ({"updated_at": None, "created_at": "2026-01-04"}, "2"),
    ],
)
def test_the_last_annotation_that_was_not_cancelled_counts(write: Write, third: dict[str, Any], counts: str) -> None:
    annotations = [
        {"completed_by": 1, "updated_at": "2026-01-03T00:00:00Z", "result": [RECTANGLE]},
        {"completed_by": 2, "updated_at": "2026-01-05T00:00:00Z", "result": [RECTANGLE]},
        {"completed_by": 3, "updated_at": "2026-01-09T00:00:00Z", "result": []} | third,
    ]
    page = parsed_task(write, *annotations).pages[0]
    assert page.annotator == counts
    annotations[0]["ground_truth"] = True
    assert parsed_task(write, *annotations).pages[0].annotator == "1", "a marked ground truth comes first"


def test_a_task_without_a_finished_annotation_is_refused(write: Write) -> None:
    assert parsed_task(write).pages == ()
    assert parsed_task(write, {"result": [], "was_cancelled": True}).pages == ()


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"image_rotation": 90}, "rotated by 90 degrees"),
        ({"value": POSITION | {"rotation": 12.5}}, "rotated by 12.5 degrees"),
        ({"type": "brushlabels", "value": {"rle": [1]}}, "neither a rectangle nor a polygon"),
        ({"type": "ellipselabels", "value": {"x": 1, "y": 2, "radiusX": 3, "radiusY": 4}}, "neither a rectangle"),
        ({"type": "lasso", "value": {"vertices": [1]}}, "neither a rectangle"),
        ({"type": "videorectangle", "value": {"sequence": []}}, "neither a rectangle"),
        ({"type": "bitmask", "value": {"imageDataURL": "data:,"}}, "neither a rectangle"),
        ({"value": None}, "value"),
        ({"type": "rectangle", "value": POSITION | {"rectanglelabels": []}}, "no label"),
    ],
)
def test_a_region_that_is_no_upright_box_leaves_its_page_incomplete(write: Write, change: dict[str, Any], detail: str) -> None:
    page = parsed_task(write, {"result": [RECTANGLE | {"id": "r0"}, RECTANGLE | change]}).pages[0]
    assert len(page.boxes) == 1
    assert [refusal.row for refusal in page.refused] == ["task 5, region r1"]
    assert detail in page.refused[0].detail


@pytest.mark.parametrize(
    "data", [{"img": "x/a.png"}, {"image_url": "https://host/a.png?token=1.2", "number": 3, "text": "page 1 of a.pdf"}]
)
def test_the_image_of_a_task_may_have_another_name_than_image(write: Write, data: dict[str, Any]) -> None:
    """The labeling configuration chooses it."""
    (page,) = read_annotation_file(write([{"data": data, "annotations": [{"result": [RECTANGLE]}]}]))[1].pages
    assert page.paths == (next(iter(data.values())),)


def test_of_two_images_none_is_guessed(write: Write) -> None:
    data = {"page": "a.png", "previous": "b.png"}
    (page,) = read_annotation_file(write([{"data": data, "annotations": [{"result": []}]}]))[1].pages
    assert page.paths == ()


@pytest.mark.parametrize("change", [{"predictions": [{"result": [RECTANGLE]}]}, {"drafts": [{"result": [RECTANGLE]}]}])
def test_what_nobody_submitted_is_no_annotation(write: Write, change: dict[str, Any]) -> None:
    parsed = read_annotation_file(write([{"data": {"image": "a.png"}, "annotations": []} | change]))[1]
    assert [refusal.detail for refusal in parsed.refused] == ["the task has no finished annotation"]
    assert parsed.pages == ()


def test_the_short_export_is_recognized_and_refused(write: Write) -> None:
    """It gives every control a list of its own, so that styles belong to no box."""
    with pytest.raises(RedactionError, match=r"is Label Studio's JSON-MIN, .* export it as JSON"):
        read_annotation_file(write([{"id": 1, "image": "a.png", "label": [POSITION], "annotator": 1, "annotation_id": 1}]))


def position(**change: Any) -> dict[str, Any]:
    return RECTANGLE | {"value": POSITION | change}


TRIANGLE = {"points": [[10, 20], [60, 20], [35, 30]], "polygonlabels": ["redaction"]}
WITHOUT_LABEL = {key: value for key, value in POSITION.items() if key != "rectanglelabels"}


@pytest.mark.parametrize(
    "results",
    [
        [position(x=60, y=30, width=-50, height=-10)],  # drawn from the lower right corner
        [position(y=30, height=-10, rotation=None)],
        [position(x="10")],
        [RECTANGLE | {"type": "polygonlabels", "value": TRIANGLE}],
        [RECTANGLE | {"type": "rectangle", "value": WITHOUT_LABEL}, position(labels=["redaction"]) | {"type": "labels"}],
        [RECTANGLE, {"type": "relation", "from_id": "r1", "to_id": "r1", "direction": "right", "labels": ["continues"]}],
        [RECTANGLE, {"type": "textarea", "from_name": "note", "value": {"text": ["for the whole page"]}}],
        [RECTANGLE, RECTANGLE | {"type": "textarea", "from_name": "note", "value": WITHOUT_LABEL | {"text": ["of the region"]}}],
        [RECTANGLE, RECTANGLE | {"type": "rating", "from_name": "sure", "value": WITHOUT_LABEL | {"rating": 3}}],
        [RECTANGLE, RECTANGLE | {"type": "choices", "from_name": "sure", "value": WITHOUT_LABEL | {"choices": ["yes"]}}],
    ],
)
def test_a_box_is_read_and_what_is_said_about_it_is_none(write: Write, results: list[dict[str, Any]]) -> None:
    page = parsed_task(write, {"result": results}).pages[0]
    assert page.refused == ()
    assert [(box.x0, box.y0, box.x1, box.y1, box.label) for box in page.boxes] == [(100, 100, 600, 150, "redaction")]


def test_only_the_control_named_style_says_the_style(write: Write) -> None:
    def choice(control: str, word: str) -> dict[str, Any]:
        return RECTANGLE | {"type": "choices", "from_name": control, "value": WITHOUT_LABEL | {"choices": [word]}}

    for choices in ([choice("style", "grey"), choice("sure", "black")], [choice("sure", "black"), choice("style", "grey")]):
        page = parsed_task(write, {"result": [RECTANGLE, *choices]}).pages[0]
        assert [box.style for box in page.boxes] == [Style.GREY]
    assert parsed_task(write, {"result": [RECTANGLE, choice("sure", "black")]}).pages[0].boxes[0].style is Style.UNKNOWN


@pytest.mark.parametrize("size", [{}, {"original_width": None, "original_height": None}, {"original_width": 0}])
def test_percents_suffice_where_the_file_gives_no_size(catalog: Workspace, write: Write, size: dict[str, Any]) -> None:
    region = {key: value for key, value in RECTANGLE.items() if not key.startswith("original")} | size
    tasks = [{"data": {"image": "a_p0001.png"}, "annotations": [{"result": [region]}]}]
    report = import_annotations(catalog, write(tasks))
    assert (report.refused, report.rescaled) == ((), 0)
    assert boxes_in(catalog) == {"a_p0001": [(0.1 * WIDTH, 0.2 * HEIGHT, 0.6 * WIDTH, 0.3 * HEIGHT)]}


def test_an_export_holds_no_reference_to_users_or_files_that_label_studio_does_not_know(tmp_path: Path) -> None:
    """Label Studio refuses an annotation `completed_by` a stranger, and takes an imported one for the ground truth by default."""
    page = ParsedPage(row="", paths=("a b_p0001.png", "pages/a b/0000.png"), width=9, height=9, annotator="maria")
    write_annotation_file(tmp_path / "tasks.json", AnnotationFormat.LABEL_STUDIO, [page])
    task = json.loads((tmp_path / "tasks.json").read_text())[0]
    assert "completed_by" not in task["annotations"][0]
    assert task["annotations"][0]["ground_truth"] is False
    assert task["data"]["image"] == "/data/local-files/?d=pages/a%20b/0000.png"
    assert task["data"]["annotator"] == "maria"
