"""Reading Label Studio's JSON export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redaction.annotations.records import ParsedFile
from redaction.annotations.tools.formats import read_annotation_file

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


def test_the_latest_annotation_that_was_not_cancelled_counts(write: Write) -> None:
    def annotation(annotator: int, time: str, **more: Any) -> dict[str, Any]:
        return {"completed_by": annotator, "updated_at": time, "result": []} | more

    parsed = parsed_task(
        write,
        annotation(1, "2026-01-03T00:00:00Z"),
        annotation(2, "2026-01-05T00:00:00Z"),
        annotation(3, "2026-01-09T00:00:00Z", was_cancelled=True),
    )
    assert parsed.pages[0].annotator == "2"


def test_a_task_without_a_finished_annotation_is_refused(write: Write) -> None:
    assert parsed_task(write).pages == ()
    assert parsed_task(write, {"result": [], "was_cancelled": True}).pages == ()


@pytest.mark.parametrize(
    "change",
    [
        {"image_rotation": 90},
        {"value": POSITION | {"rotation": 12.5}},
        {"type": "brushlabels", "value": {"rle": [1]}},
    ],
)
def test_a_region_that_is_no_axis_aligned_box_does_not_make_its_page_an_empty_one(write: Write, change: dict[str, Any]) -> None:
    parsed = parsed_task(write, {"result": [RECTANGLE | change]})
    assert parsed.pages == ()
    assert [refusal.row for refusal in parsed.refused] == ["task 5, region r1", "task 5"]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("/data/upload/1/0a1b2c3d-a_p0001.png", "/data/upload/1/a_p0001.png"),
        ("/data/local-files/?d=pages%2Fa_p0001.png", "pages/a_p0001.png"),
        ("https://host/a%20b_p0001.png?token=1", "/a b_p0001.png"),
    ],
)
def test_images_are_identified_by_their_names_before_label_studio_changed_them(write: Write, image: str, name: str) -> None:
    assert name in parsed_task(write, {"result": []}, image=image).pages[0].paths
