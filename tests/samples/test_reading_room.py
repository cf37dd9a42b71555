"""The sample reading room: its ground truth is correct, and its malformed files are malformed as described."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pypdfium2
import pytest
from bs4 import BeautifulSoup

from redaction.dataset import Style
from redaction.errors import RedactionError
from redaction.pages.pdf import render_scale
from redaction.samples import ReadingRoom, make_reading_room
from redaction.samples.malformed import without_second_page
from redaction.samples.reading_room import BROKEN_PAGE, MALFORMED


def coco_of(room: ReadingRoom) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(room.annotations.read_text())
    return loaded


def links_of(room: ReadingRoom, page: str) -> set[str]:
    soup = BeautifulSoup((room.site / page).read_text(), "html.parser")
    return {urljoin(f"http://room/{page}", str(link["href"])) for link in soup.select("a[href]")}


def test_every_page_of_every_document_is_annotated_at_its_rendered_size(room: ReadingRoom) -> None:
    coco = coco_of(room)
    assert len(coco["images"]) == room.pages
    assert len(coco["annotations"]) == room.boxes
    known = {(image["pdf"], image["page_index"]): image for image in coco["images"]}
    found = set()
    for name in room.documents:
        document = pypdfium2.PdfDocument(room.site / "documents" / name)
        for index in range(len(document)):
            if (name, index) == (BROKEN_PAGE, 1):
                continue
            bitmap = document[index].render(scale=render_scale(document[index].get_width()))
            image = known[name, index]
            assert (bitmap.width, bitmap.height) == (image["width"], image["height"])
            assert image["file_name"] == f"{Path(name).stem}_p{index + 1:04}.png"
            found.add((name, index))
    assert found == set(known)


def test_every_box_lies_on_its_page_and_has_the_style_of_the_page(room: ReadingRoom) -> None:
    coco = coco_of(room)
    images = {image["id"]: image for image in coco["images"]}
    for annotation in coco["annotations"]:
        image, (x, y, width, height) = images[annotation["image_id"]], annotation["bbox"]
        assert annotation["style"] == image["style"]
        assert 0 <= x < x + width <= image["width"] + 0.01
        assert 0 <= y < y + height <= image["height"] + 0.01
    assert {annotation["image_id"] for annotation in coco["annotations"]} == {
        i for i, image in images.items() if image["style"] != "none"
    }


def test_all_styles_and_pages_without_redactions_occur(room: ReadingRoom) -> None:
    styles = Counter(image["style"] for image in coco_of(room)["images"])
    assert set(styles) == {style.value for style in Style} - {"unknown"} | {"none"}
    assert 0.6 < 1 - styles["none"] / room.pages < 0.8


def test_the_same_seed_gives_the_same_room(tmp_path: Path) -> None:
    def digests(folder: Path) -> dict[str, str]:
        return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}

    one, two, other = (make_reading_room(tmp_path / name, seed, 4) for name, seed in (("a", 5), ("b", 5), ("c", 6)))
    # a locked PDF is encrypted with random numbers, as it must be
    same = {path: digest for path, digest in digests(one.folder).items() if "locked" not in path}
    assert same == {path: digest for path, digest in digests(two.folder).items() if "locked" not in path}
    assert same["annotations.json"] != digests(other.folder)["annotations.json"]


def test_all_documents_differ(room: ReadingRoom) -> None:
    digests = {hashlib.sha256((room.site / "documents" / name).read_bytes()).hexdigest() for name in room.documents}
    assert len(digests) == len(room.documents)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_cannot_be_rendered(room: ReadingRoom, name: str) -> None:
    assert name not in room.documents
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(room.site / "documents" / name)


def test_only_the_second_page_of_the_broken_document_cannot_be_loaded(room: ReadingRoom) -> None:
    document = pypdfium2.PdfDocument(room.site / "documents" / BROKEN_PAGE)
    assert len(document) == 3
    with pytest.raises(pypdfium2.PdfiumError):
        document[1]
    assert document[0].render().width > 100
    assert document[2].render().width > 100
    assert [image["page_index"] for image in coco_of(room)["images"] if image["pdf"] == BROKEN_PAGE] == [0, 2]


def test_a_file_without_a_page_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="two pages"):
        without_second_page(b"%PDF-1.4")


def test_two_web_pages_link_every_document_in_all_the_usual_ways(room: ReadingRoom) -> None:
    index, archive = links_of(room, "index.html"), links_of(room, "archive/index.html")
    assert "http://room/archive/index.html" in index
    linked = {unquote(urlsplit(link).path.rsplit("/", 1)[-1]) for link in index | archive if "documents/" in link}
    assert linked == {*room.documents, *MALFORMED}
    assert any(link.endswith(".PDF") for link in index | archive)
    assert any("?" in link for link in index)
    assert {"http://room/latest.pdf", "http://room/private/sealed.pdf", "http://room/mirror/copy.pdf"} <= index
    copy = (room.site / "mirror" / "copy.pdf").read_bytes()
    assert copy in [(room.site / "documents" / name).read_bytes() for name in room.documents]


def test_an_existing_folder_and_a_single_document_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match="already exists"):
        make_reading_room(tmp_path)
    with pytest.raises(RedactionError, match="two or more"):
        make_reading_room(tmp_path / "room", documents=1)
    assert not (tmp_path / "room").exists()
