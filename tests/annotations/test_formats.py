"""COCO, Prodigy and Label Studio, read and written."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redaction.annotations.box_checks import check_boxes
from redaction.annotations.records import ParsedBox, ParsedFile, ParsedPage, style_named
from redaction.annotations.tools.formats import Tool, read_file, write_file
from redaction.catalog.tables import Page
from redaction.dataset import Style
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes

Write = Callable[..., Path]

hundredths = st.integers(0, 100_000).map(lambda number: number / 100)


@st.composite
def boxes(draw: st.DrawFn) -> ParsedBox:
    x0, y0, width, height = (draw(hundredths) for _ in range(4))
    return ParsedBox(
        row="",
        x0=x0,
        y0=y0,
        x1=round(x0 + width + 1, 2),
        y1=round(y0 + height + 1, 2),
        label="redaction",
        style=draw(st.sampled_from(Style)),
    )


@st.composite
def pages(draw: st.DrawFn) -> ParsedPage:
    document, index = draw(st.binary(max_size=4).map(sha256_of_bytes)), draw(st.integers(0, 9999))
    return ParsedPage(
        row="",
        paths=(f"{draw(st.text('ab.c ü', min_size=1, max_size=8))}_p{index + 1:04d}.png", f"pages/{document}/{index:04d}.png"),
        sha256=sha256_of_bytes(document.encode()),
        document=document,
        pdf=draw(st.text(min_size=1, max_size=8)),
        page_index=index,
        width=draw(st.integers(300, 3000)),
        height=draw(st.integers(300, 3000)),
        annotator=draw(st.sampled_from(["maria", "üwe"])),
        annotated_at=datetime.fromtimestamp(draw(st.integers(1_600_000_000, 1_900_000_000)), UTC),
        boxes=tuple(draw(st.lists(boxes(), max_size=5))),
    )


def gist(page: ParsedPage) -> dict[str, Any]:
    """What must survive a way out and back: all but the row's name; boxes to a hundredth of a pixel, labels in any case."""
    rounded = [(round(b.x0, 2), round(b.y0, 2), round(b.x1, 2), round(b.y1, 2), b.label.lower(), b.style) for b in page.boxes]
    said = page.model_dump(include={"sha256", "document", "pdf", "page_index", "annotator", "annotated_at"})
    return said | {"name": page.paths[0], "boxes": rounded}


@pytest.mark.parametrize("tool", Tool)
@given(written=st.lists(pages(), min_size=1, max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_pages_written_and_read_back_are_the_same(tool: Tool, written: list[ParsedPage], tmp_path: Path) -> None:
    file = tmp_path / "annotations"
    write_file(file, tool, written)
    found, parsed = read_file(file)
    assert found is tool
    assert parsed.refused == ()
    assert [gist(page) for page in parsed.pages] == [gist(page) for page in written]
    before = file.read_bytes()
    write_file(file, tool, written)
    assert file.read_bytes() == before, "the same pages must give the same bytes"


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**40,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "x",
    "http://[",
    "data:,\u00e9",
    "\ud800",
    [],
    [[]],
    [1, 2, 3, 4],
    {},
)
"""What tools do not write, but files hold."""


def places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a parsed file with each of its keys, at any depth."""
    for key, value in content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ():
        yield content, key
        yield from places(value)


@pytest.mark.parametrize("tool", Tool)
def test_an_odd_value_anywhere_costs_its_row_and_never_the_file(tool: Tool, tmp_path: Path) -> None:
    file = tmp_path / "annotations"
    box = ParsedBox(row="", x0=1, y0=2, x1=30, y1=40, label="redaction")
    time = datetime.fromtimestamp(1_700_000_000, UTC)
    named = ParsedPage(row="", paths=("a_p0001.png", "b/a_p0001.png"), sha256="0" * 64, pdf="a.pdf", page_index=0)
    write_file(file, tool, [named.model_copy(update={"width": 99, "height": 99, "annotated_at": time, "boxes": (box,)})])
    text = file.read_text()
    for number, _ in enumerate(places(json.loads(text))):
        for odd in ODD:
            content = json.loads(text)
            container, key = next(islice(places(content), number, None))
            container[key] = odd
            file.write_text(json.dumps(content))
            with contextlib.suppress(RedactionError):
                for page in read_file(file)[1].pages:
                    check_boxes(page, Page(name="p", document="d", page_index=0, file_name="p", width=99, height=99))


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("black", Style.BLACK),
        (" Black ", Style.BLACK),
        ("white", Style.OUTLINED),
        ("outlined", Style.OUTLINED),
        ("outline", Style.OUTLINED),
        ("gray", Style.GREY),
        ("grey", Style.GREY),
        ("color", Style.COLOURED),
        ("coloured", Style.COLOURED),
        ("none", Style.UNKNOWN),
        ("plaid", Style.UNKNOWN),
        (None, Style.UNKNOWN),
    ],
)
def test_styles_go_by_many_names(name: str | None, style: Style) -> None:
    assert style_named(name) is style


class TestCoco:
    def parsed(self, write: Write, **changes: Any) -> ParsedFile:
        content = {
            "images": [{"id": 1, "file_name": "a_p0001.png", "style": "black"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
            "categories": [{"id": 1, "name": "redaction"}],
        }
        return read_file(write(content | changes))[1]

    def test_a_box_has_the_style_of_its_image(self, write: Write) -> None:
        assert self.parsed(write).pages[0].boxes[0].style is Style.BLACK

    @pytest.mark.parametrize("own", [{"style": "grey"}, {"attributes": {"style": "grey"}}])
    def test_but_its_own_style_goes_first(self, write: Write, own: dict[str, Any]) -> None:
        annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]} | own
        assert self.parsed(write, annotations=[annotation]).pages[0].boxes[0].style is Style.GREY

    def test_an_image_without_annotations_is_a_page_without_redactions(self, write: Write) -> None:
        assert self.parsed(write, annotations=[]).pages[0].boxes == ()

    @pytest.mark.parametrize(
        "bbox",
        [None, [1, 2, 3], [1, 2, 3, "wide"], [1, 2, 3, None], "1,2,3,4"],
    )
    def test_an_annotation_that_cannot_be_read_does_not_leave_its_page_empty(self, write: Write, bbox: Any) -> None:
        parsed = self.parsed(write, annotations=[{"id": 7, "image_id": 1, "category_id": 1, "bbox": bbox}])
        assert parsed.pages == ()
        assert [refusal.row for refusal in parsed.refused] == ["annotation 7", "image 1"]

    @pytest.mark.parametrize("change", [{"id": None}, {"id": [7]}, {"id": 7, "image_id": "1"}])
    def test_nor_when_its_number_says_little(self, write: Write, change: dict[str, Any]) -> None:
        annotation = {"image_id": 1, "category_id": 1, "bbox": [1, 2]} | change
        assert self.parsed(write, annotations=[annotation]).pages == ()
        del annotation["id"]
        assert self.parsed(write, annotations=[annotation]).pages == ()

    def test_numbers_may_be_written_as_text(self, write: Write) -> None:
        annotation = {"id": "1", "image_id": "1", "category_id": "1", "bbox": [1, 2, 3, 4]}
        assert len(self.parsed(write, annotations=[annotation]).pages[0].boxes) == 1

    def test_two_images_of_one_number_are_refused_as_nobody_knows_whose_the_boxes_are(self, write: Write) -> None:
        twice = [
            {"id": 1, "file_name": "a_p0001.png"},
            {"id": 1, "file_name": "b_p0001.png"},
            {"id": 2, "file_name": "c_p0001.png"},
        ]
        parsed = self.parsed(write, images=twice)
        assert [page.paths for page in parsed.pages] == [("c_p0001.png",)]
        assert [refusal.row for refusal in parsed.refused] == ["image 1", "image 1", "annotation 1"]


class TestProdigy:
    def test_rejected_and_ignored_tasks_are_no_annotations(self, write: Write) -> None:
        rows = [{"image": f"{answer}.png", "answer": answer, "spans": []} for answer in ("accept", "reject", "ignore")]
        parsed = read_file(write(rows, "tasks.jsonl"))[1]
        assert [page.paths for page in parsed.pages] == [("accept.png",)]
        assert [refusal.row for refusal in parsed.refused] == ["line 2", "line 3"]

    def test_an_image_inside_the_task_is_known_by_the_digest_of_its_bytes(self, write: Write) -> None:
        uri = "data:image/png;base64," + base64.b64encode(b"the bytes").decode()
        page = read_file(write([{"image": uri, "spans": []}], "tasks.jsonl"))[1].pages[0]
        assert page.sha256 == sha256_of_bytes(b"the bytes")
        assert page.paths == ()

    def test_a_rectangle_of_four_points_is_a_box(self, write: Write) -> None:
        span = {"label": "REDACTION", "points": [[10, 20], [10, 40], [30, 40], [30, 20]]}
        box = read_file(write([{"image": "a.png", "spans": [span]}], "tasks.jsonl"))[1].pages[0].boxes[0]
        assert (box.x0, box.y0, box.x1, box.y1) == (10, 20, 30, 40)

    def test_a_polygon_is_refused_and_does_not_leave_its_page_empty(self, write: Write) -> None:
        span = {"label": "REDACTION", "type": "polygon", "points": [[10, 20], [10, 40], [30, 40]]}
        parsed = read_file(write([{"image": "a.png", "spans": [span]}], "tasks.jsonl"))[1]
        assert parsed.pages == ()
        assert [refusal.row for refusal in parsed.refused] == ["line 1, span 1", "line 1"]

    def test_a_line_that_is_not_json_costs_one_line(self, tmp_path: Path) -> None:
        file = tmp_path / "tasks.jsonl"
        file.write_text('{"image": "a.png", "spans": []}\n{"image": "b.png", \n\n{"image": "c.png", "spans": []}\n')
        parsed = read_file(file)[1]
        assert [page.paths[0] for page in parsed.pages] == ["a.png", "c.png"]
        assert [refusal.row for refusal in parsed.refused] == ["line 2"]


PLACE = {"x": 10, "y": 20, "width": 50, "height": 10, "rotation": 0, "rectanglelabels": ["redaction"]}
RECTANGLE = {
    "id": "r1",
    "type": "rectanglelabels",
    "original_width": 1000,
    "original_height": 500,
    "image_rotation": 0,
    "value": PLACE,
}


class TestLabelStudio:
    def page(self, write: Write, *annotations: dict[str, Any], image: str = "a.png") -> ParsedFile:
        return read_file(write([{"id": 5, "data": {"image": image}, "annotations": list(annotations)}]))[1]

    def test_percents_become_pixels(self, write: Write) -> None:
        box = self.page(write, {"result": [RECTANGLE]}).pages[0].boxes[0]
        assert (box.x0, box.y0, box.x1, box.y1) == (100, 100, 600, 150)

    def test_of_several_annotations_the_latest_that_was_not_cancelled_counts(self, write: Write) -> None:
        def by(whom: int, time: str, **more: Any) -> dict[str, Any]:
            return {"completed_by": whom, "updated_at": time, "result": []} | more

        parsed = self.page(
            write, by(1, "2026-01-03T00:00:00Z"), by(2, "2026-01-05T00:00:00Z"), by(3, "2026-01-09T00:00:00Z", was_cancelled=True)
        )
        assert parsed.pages[0].annotator == "2"

    def test_a_task_that_nobody_finished_is_no_annotation(self, write: Write) -> None:
        assert self.page(write).pages == ()
        assert self.page(write, {"result": [], "was_cancelled": True}).pages == ()

    @pytest.mark.parametrize(
        "change",
        [
            {"image_rotation": 90},
            {"value": PLACE | {"rotation": 12.5}},
            {"type": "brushlabels", "value": {"rle": [1]}},
        ],
    )
    def test_what_is_no_upright_box_does_not_leave_its_page_empty(self, write: Write, change: dict[str, Any]) -> None:
        parsed = self.page(write, {"result": [RECTANGLE | change]})
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
    def test_images_are_known_by_their_names_before_label_studio_changed_them(self, write: Write, image: str, name: str) -> None:
        assert name in self.page(write, {"result": []}, image=image).pages[0].paths


@pytest.mark.parametrize("text", ["", "{}", "[1]", "hello", '{"images": 3}', "null", '[{"image": "a.png"}]', "\x00"])
def test_a_file_in_no_format_is_refused_whole(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(RedactionError, match=r"COCO, Prodigy image\.manual JSONL or Label Studio JSON"):
        read_file(file)


def test_a_file_that_is_not_what_it_was_named_is_refused_whole(write: Write) -> None:
    with pytest.raises(RedactionError, match="prodigy"):
        read_file(write([]), Tool.PRODIGY)


def test_a_missing_file_and_a_binary_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xff\xfe\xfa")
    for name in ("missing", "b"):
        with pytest.raises(RedactionError, match=f"{name} cannot be read"):
            read_file(tmp_path / name)


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "bom.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps([]).encode())
    assert read_file(file)[0] is Tool.LABEL_STUDIO
