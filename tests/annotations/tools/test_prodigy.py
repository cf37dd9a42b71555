"""Reading Prodigy's JSON lines."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redaction.annotations.tools.formats import read_annotation_file
from redaction.files import sha256_of_bytes

Write = Callable[..., Path]


def test_a_rejected_task_is_an_answer_that_gives_no_page_and_an_ignored_one_is_none(write: Write) -> None:
    rows: list[Any] = [{"image": f"{answer}.png", "answer": answer, "spans": []} for answer in ("accept", "reject", "ignore")]
    parsed = read_annotation_file(write(rows, "tasks.jsonl"))[1]
    assert [(page.paths[0], len(page.refused)) for page in parsed.pages] == [("accept.png", 0), ("reject.png", 1)]
    assert [refusal.row for refusal in parsed.refused] == ["line 3"]


SPAN = {"label": "REDACTION", "x": 10, "y": 20, "width": 20, "height": 20, "type": "rect"}
TASK = {
    "image": "a.png",
    "spans": [SPAN],
    "answer": "accept",
    "_timestamp": 1000,
    "_annotator_id": "m",
    "width": 99,
    "height": 99,
}


@pytest.mark.parametrize("field", ["meta", "text", "path", "width", "height", "_timestamp", "_annotator_id", "answer", "style"])
def test_a_null_is_the_same_as_an_absent_field(write: Write, field: str) -> None:
    null = TASK | {field: None, "spans": [SPAN | {field: None}] if field == "style" else [SPAN]}
    absent = {key: value for key, value in null.items() if value is not None}
    page, same = read_annotation_file(write([null, absent], "tasks.jsonl"))[1].pages
    assert page.model_copy(update={"row": "", "boxes": ()}) == same.model_copy(update={"row": "", "boxes": ()})
    assert (len(page.boxes), page.refused) == (1, ())


def test_no_spans_at_all_are_a_page_without_redactions(write: Write) -> None:
    page = read_annotation_file(write([TASK | {"spans": None}], "tasks.jsonl"))[1].pages[0]
    assert (page.boxes, page.refused) == ((), ())


@pytest.mark.parametrize("change", [{"label": "REDACTED"}, {"options": [{"id": 1, "text": "redacted"}], "accept": [1]}])
def test_the_answer_to_another_question_is_not_taken_for_a_page_without_redactions(write: Write, change: dict[str, Any]) -> None:
    """Prodigy also asks for the kind of an image; then "accept" says that the label is right."""
    page = read_annotation_file(write([{"image": "a.png", "answer": "accept"} | change], "tasks.jsonl"))[1].pages[0]
    assert [refusal.detail.split(";")[0] for refusal in page.refused] == [
        "it answers another question than where the redactions are"
    ]
    with_spans = read_annotation_file(write([TASK | change], "tasks.jsonl"))[1].pages[0]
    assert (len(with_spans.boxes), with_spans.refused) == (1, ())


def test_an_annotator_may_be_a_number(write: Write) -> None:
    assert read_annotation_file(write([TASK | {"_annotator_id": 3}], "tasks.jsonl"))[1].pages[0].annotator == "3"


def test_an_inline_image_is_identified_by_the_digest_of_its_bytes(write: Write) -> None:
    uri = "data:image/png;base64," + base64.b64encode(b"the bytes").decode()
    page = read_annotation_file(write([{"image": uri, "spans": []}], "tasks.jsonl"))[1].pages[0]
    assert page.sha256 == sha256_of_bytes(b"the bytes")
    assert page.paths == ()


@pytest.mark.parametrize(
    "drawn",
    [
        {"points": [[10, 20], [10, 40], [30, 40], [30, 20]]},  # all that early versions wrote of a rectangle
        {"points": [[10, 20], [10, 40], [30, 40], [30, 20]], "x": None, "y": None, "width": None, "height": None},
        {"x": 30, "y": 40, "width": -20, "height": -20},
        {"type": "polygon", "points": [[10, 20], [20, 40], [30, 30]]},
        {"type": "freehand", "points": [[10, 20], [20, 40], [30, 30], [29, 20]], "x": None},
    ],
)
def test_a_box_follows_from_what_was_drawn(write: Write, drawn: dict[str, Any]) -> None:
    span = {"label": "REDACTION"} | drawn
    box = read_annotation_file(write([{"image": "a.png", "spans": [span]}], "tasks.jsonl"))[1].pages[0].boxes[0]
    assert (box.x0, box.y0, box.x1, box.y1) == (10, 20, 30, 40)


@pytest.mark.parametrize(
    "span",
    [
        {"label": "REDACTION", "type": "polygon", "points": [[10, 20], [10, 40]]},
        {"label": "REDACTION", "type": "arrow", "points": [[10, 20], [10, 40], [30, 40]]},
        {"label": "REDACTION", "x": 1, "y": 2},
        SPAN | {"label": None},
        "a span",
        None,
    ],
)
def test_a_span_that_gives_no_box_leaves_its_page_incomplete(write: Write, span: Any) -> None:
    page = read_annotation_file(write([{"image": "a.png", "spans": [SPAN, span]}], "tasks.jsonl"))[1].pages[0]
    assert len(page.boxes) == 1
    assert [refusal.row for refusal in page.refused] == ["line 1, span 2"]


def test_a_line_that_is_not_json_is_refused_alone(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"image": "a.png", "spans": []}\n{"image": "b.png", \n\n{"image": "c.png", "spans": []}\n')
    parsed = read_annotation_file(file)[1]
    assert [page.paths[0] for page in parsed.pages] == ["a.png", "c.png"]
    assert [refusal.row for refusal in parsed.refused] == ["line 2"]
