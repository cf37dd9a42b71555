"""Reading Prodigy's JSON lines."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from redaction.annotations.tools.formats import read_annotation_file
from redaction.files import sha256_of_bytes

Write = Callable[..., Path]


def test_rejected_and_ignored_tasks_are_refused(write: Write) -> None:
    rows = [{"image": f"{answer}.png", "answer": answer, "spans": []} for answer in ("accept", "reject", "ignore")]
    parsed = read_annotation_file(write(rows, "tasks.jsonl"))[1]
    assert [page.paths for page in parsed.pages] == [("accept.png",)]
    assert [refusal.row for refusal in parsed.refused] == ["line 2", "line 3"]


def test_an_inline_image_is_identified_by_the_digest_of_its_bytes(write: Write) -> None:
    uri = "data:image/png;base64," + base64.b64encode(b"the bytes").decode()
    page = read_annotation_file(write([{"image": uri, "spans": []}], "tasks.jsonl"))[1].pages[0]
    assert page.sha256 == sha256_of_bytes(b"the bytes")
    assert page.paths == ()


def test_a_rectangle_of_four_points_is_a_box(write: Write) -> None:
    span = {"label": "REDACTION", "points": [[10, 20], [10, 40], [30, 40], [30, 20]]}
    box = read_annotation_file(write([{"image": "a.png", "spans": [span]}], "tasks.jsonl"))[1].pages[0].boxes[0]
    assert (box.x0, box.y0, box.x1, box.y1) == (10, 20, 30, 40)


def test_a_polygon_is_refused_and_does_not_make_its_page_an_empty_one(write: Write) -> None:
    span = {"label": "REDACTION", "type": "polygon", "points": [[10, 20], [10, 40], [30, 40]]}
    parsed = read_annotation_file(write([{"image": "a.png", "spans": [span]}], "tasks.jsonl"))[1]
    assert parsed.pages == ()
    assert [refusal.row for refusal in parsed.refused] == ["line 1, span 1", "line 1"]


def test_a_line_that_is_not_json_is_refused_alone(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"image": "a.png", "spans": []}\n{"image": "b.png", \n\n{"image": "c.png", "spans": []}\n')
    parsed = read_annotation_file(file)[1]
    assert [page.paths[0] for page in parsed.pages] == ["a.png", "c.png"]
    assert [refusal.row for refusal in parsed.refused] == ["line 2"]
