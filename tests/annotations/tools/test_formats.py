"""Behavior that the three annotation formats share: round trips, odd values, format detection."""

from __future__ import annotations

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
from redaction.annotations.records import ParsedBox, ParsedPage, parse_style
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.annotations.tools.formats import read_annotation_file, write_annotation_file
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


def content_of(page: ParsedPage) -> dict[str, Any]:
    """What a round trip must preserve: all but the row name; boxes to a hundredth of a pixel, labels in any case."""
    rounded = [(round(b.x0, 2), round(b.y0, 2), round(b.x1, 2), round(b.y1, 2), b.label.lower(), b.style) for b in page.boxes]
    fields = page.model_dump(include={"sha256", "document", "pdf", "page_index", "annotator", "annotated_at"})
    return fields | {"name": page.paths[0], "boxes": rounded}


@pytest.mark.parametrize("format", AnnotationFormat)
@given(written=st.lists(pages(), min_size=1, max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_pages_written_and_read_back_are_the_same(format: AnnotationFormat, written: list[ParsedPage], tmp_path: Path) -> None:
    file = tmp_path / "annotations"
    write_annotation_file(file, format, written)
    detected, parsed = read_annotation_file(file)
    assert detected is format
    assert parsed.refused == ()
    assert [content_of(page) for page in parsed.pages] == [content_of(page) for page in written]
    before = file.read_bytes()
    write_annotation_file(file, format, written)
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
"""Values that no tool writes but that occur in files."""


def positions(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a parsed file with each of its keys, at any depth."""
    for key, value in content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ():
        yield content, key
        yield from positions(value)


@pytest.mark.parametrize("format", AnnotationFormat)
def test_an_odd_value_anywhere_never_crashes_the_reader(format: AnnotationFormat, tmp_path: Path) -> None:
    file = tmp_path / "annotations"
    box = ParsedBox(row="", x0=1, y0=2, x1=30, y1=40, label="redaction")
    time = datetime.fromtimestamp(1_700_000_000, UTC)
    named = ParsedPage(row="", paths=("a_p0001.png", "b/a_p0001.png"), sha256="0" * 64, pdf="a.pdf", page_index=0)
    write_annotation_file(
        file, format, [named.model_copy(update={"width": 99, "height": 99, "annotated_at": time, "boxes": (box,)})]
    )
    text = file.read_text()
    for number, _ in enumerate(positions(json.loads(text))):
        for odd in ODD:
            content = json.loads(text)
            container, key = next(islice(positions(content), number, None))
            container[key] = odd
            file.write_text(json.dumps(content))
            with contextlib.suppress(RedactionError):
                for page in read_annotation_file(file)[1].pages:
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
def test_every_known_word_for_a_style_is_parsed(name: str | None, style: Style) -> None:
    assert parse_style(name) is style


@pytest.mark.parametrize("text", ["", "{}", "[1]", "hello", '{"images": 3}', "null", '[{"image": "a.png"}]', "\x00"])
def test_a_file_in_no_known_format_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(RedactionError, match=r"COCO, Prodigy image\.manual JSONL or Label Studio JSON"):
        read_annotation_file(file)


def test_a_file_that_is_not_in_the_expected_format_is_refused(write: Write) -> None:
    with pytest.raises(RedactionError, match="prodigy"):
        read_annotation_file(write([]), AnnotationFormat.PRODIGY)


def test_a_missing_file_and_a_binary_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xff\xfe\xfa")
    for name in ("missing", "b"):
        with pytest.raises(RedactionError, match=f"{name} cannot be read"):
            read_annotation_file(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("format", AnnotationFormat)
def test_every_unicode_encoding_is_read(tmp_path: Path, encoding: str, format: AnnotationFormat) -> None:
    """PowerShell's ">" writes UTF-16, and Windows' editors a byte order mark."""
    file = tmp_path / "annotations"
    pages = [ParsedPage(row="", paths=(name,), width=9, height=9) for name in ("ä_p0001.png", "b_p0001.png")]
    write_annotation_file(file, format, pages)
    plain = read_annotation_file(file)
    file.write_bytes(file.read_text().replace("\n", "\r\n").encode(encoding))
    assert read_annotation_file(file) == plain
