"""Annotated pages from a COCO file: rendered or opened, and one clear sentence for every invalid file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from redaction.errors import RedactionError
from redaction.evaluation.coco_pages import read_pages

Change = Callable[[dict[str, Any]], None]


def changed(folder: Path, change: Change) -> Path:
    """Change the annotations of the made set."""
    path = folder / "annotations.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def test_documents_are_rendered_at_the_annotated_size(made_set: Path) -> None:
    listed = read_pages(made_set / "annotations.json", pdfs=made_set / "pdfs")
    assert [(page.image_id, page.document, page.style) for page in listed.pages] == [
        (1, "0.pdf", "black"),
        (2, "0.pdf", "no redaction"),
        (3, "1.pdf", "black"),
        (4, "1.pdf", "no redaction"),
    ]
    for page, image in listed.images():
        assert image.shape == (1651, 1275, 3)
        assert image.dtype == np.uint8
        for x0, y0, x1, y1 in page.truth.astype(int).tolist():
            assert image[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1].max() == 0
            assert image[y0 - 3, x0:x1].min() == 255


def test_images_equal_a_plain_pdfium_rendering(real_dev: Path) -> None:
    listed = read_pages(real_dev / "annotations.json", pdfs=real_dev / "pdfs")
    pdfium = pytest.importorskip("pypdfium2")
    for page, image in listed.images(listed.pages[:3]):
        document = pdfium.PdfDocument(real_dev / "pdfs" / page.document)
        shown = document[page.record.page_index]
        theirs = shown.render(scale=min(150 / 72, 1275 / shown.get_width())).to_pil().convert("RGB")
        assert np.array_equal(image, np.asarray(theirs))
        document.close()


def test_images_are_opened_by_file_name(made_set: Path) -> None:
    (made_set / "images").mkdir()
    for name in ("0_0", "0_1", "1_0", "1_1"):
        Image.new("1", (1275, 1651), 1).save(made_set / "images" / f"{name}.png")  # 1 bit per pixel, as in scans
    listed = read_pages(made_set / "annotations.json", images=made_set / "images")
    assert {image.shape for _, image in listed.images()} == {(1651, 1275, 3)}


def test_a_boxs_own_style_wins_over_its_pages_and_an_unknown_style_is_kept(made_set: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["annotations"][0]["style"] = "gray"
        content["images"][2]["style"] = "Cross-hatched"

    listed = read_pages(changed(made_set, change), pdfs=made_set / "pdfs")
    assert [page.styles for page in listed.pages] == [("grey",), (), ("cross-hatched",), ()]


def test_an_empty_file_and_one_that_is_not_coco_are_refused(made_set: Path) -> None:
    path = made_set / "annotations.json"
    for text, sentence in (
        ("", "is empty"),
        ("{", "is not JSON"),
        ("[]", "is not a COCO file"),
        ('{"images": []}', "is not a COCO"),
    ):
        path.write_text(text)
        with pytest.raises(RedactionError, match=sentence):
            read_pages(path, pdfs=made_set / "pdfs")


def _without_annotations(content: dict[str, Any]) -> None:
    content["annotations"] = []


def _without_images(content: dict[str, Any]) -> None:
    content["images"] = content["annotations"] = []


def _of_an_unknown_page(content: dict[str, Any]) -> None:
    content["annotations"][0]["image_id"] = 99


def _of_another_category(content: dict[str, Any]) -> None:
    content["categories"].append({"id": 2, "name": "signature"})
    content["annotations"][0]["category_id"] = 2


def _missing_document(content: dict[str, Any]) -> None:
    content["images"][3]["pdf"] = "gone.pdf"


def _outside_the_folder(content: dict[str, Any]) -> None:
    content["images"][3]["pdf"] = "../annotations.json"


def _without_document(content: dict[str, Any]) -> None:
    del content["images"][3]["pdf"]


def _without_size(content: dict[str, Any]) -> None:
    del content["images"][0]["width"]


def _box_without_area(content: dict[str, Any]) -> None:
    content["annotations"][0]["bbox"][2] = 0


def _duplicate_id(content: dict[str, Any]) -> None:
    content["images"][3]["id"] = 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_without_annotations, "has no annotation, so there is nothing to find"),
        (_without_images, "lists no image"),
        (_of_an_unknown_page, r"annotation 1 is invalid: unknown page"),
        (_of_another_category, "annotations of the category 'signature'"),
        (_missing_document, r"does not contain gone\.pdf"),
        (_outside_the_folder, "is outside the folder"),
        (_without_document, "has no pdf and page_index"),
        (_without_size, "image 1 has no width and height"),
        (_box_without_area, "image 1 has an invalid box"),
        (_duplicate_id, "two images with the id 2|image 2 is invalid"),
    ],
)
def test_each_fault_is_reported_before_any_prediction(made_set: Path, change: Change, sentence: str) -> None:
    with pytest.raises(RedactionError, match=sentence) as raised:
        read_pages(changed(made_set, change), pdfs=made_set / "pdfs")
    assert "\n" not in str(raised.value)


def _of_another_size(content: dict[str, Any]) -> None:
    content["images"][0]["height"] = 1650


def _beyond_the_last_page(content: dict[str, Any]) -> None:
    content["images"][0]["page_index"] = 7


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_of_another_size, r"0_0\.png has 1275 x 1651 pixels, but was annotated at 1275 x 1650"),
        (_beyond_the_last_page, r"has 2 pages, so page_index 7 of 0_0\.png is wrong"),
    ],
)
def test_a_page_that_does_not_match_its_annotation_is_refused(made_set: Path, change: Change, sentence: str) -> None:
    listed = read_pages(changed(made_set, change), pdfs=made_set / "pdfs")
    with pytest.raises(RedactionError, match=sentence):
        list(listed.images())


def test_a_damaged_document_is_refused(made_set: Path) -> None:
    (made_set / "pdfs" / "1.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    with pytest.raises(RedactionError, match=r"1\.pdf cannot be opened as a PDF"):
        list(read_pages(made_set / "annotations.json", pdfs=made_set / "pdfs").images())


@pytest.mark.parametrize("folders", [{}, {"pdfs": "pdfs", "images": "pdfs"}])
def test_exactly_one_of_documents_and_images_is_required(made_set: Path, folders: dict[str, str]) -> None:
    with pytest.raises(RedactionError, match="Give either --pdfs DIR"):
        read_pages(made_set / "annotations.json", **{name: made_set / folder for name, folder in folders.items()})
