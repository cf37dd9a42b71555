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
from redaction.evaluation.predictions import predict_listed, write_predictions
from redaction.pages.geometry import Detections, as_xyxy, iou_matrix
from redaction.pages.image import PageImage

Change = Callable[[dict[str, Any]], None]


def changed(folder: Path, change: Change) -> Path:
    """Change the annotations of the made set."""
    path = folder / "annotations.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def test_documents_are_rendered_and_their_boxes_scaled_to_the_rendering(made_set: Path) -> None:
    listed = read_pages(made_set / "annotations.json", pdfs=made_set / "pdfs")
    assert [(page.image_id, page.document, page.style) for page in listed.pages] == [
        (1, "0.pdf", "black"),
        (2, "0.pdf", "no redaction"),
        (3, "1.pdf", "black"),
        (4, "1.pdf", "no redaction"),
    ]
    for page, image in listed.images():
        assert image.shape == (1650, 1275, 3)
        assert (page.width, page.height) == (1275, 1650)
        assert image.dtype == np.uint8
        for x0, y0, x1, y1 in page.truth.astype(int).tolist():
            assert image[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1].max() == 0
            assert image[y0 - 3, x0:x1].min() == 255


def test_images_equal_a_plain_pdfium_rendering(real_dev: Path) -> None:
    listed = read_pages(real_dev / "annotations.json", pdfs=real_dev / "pdfs")
    pdfium = pytest.importorskip("pypdfium2")
    for page, image in listed.images(listed.pages[:3]):
        document = pdfium.PdfDocument(real_dev / "pdfs" / page.document)
        document.init_forms()
        shown = document[page.record.page_index]
        no_row_by_rounding = 1 - 1e-6
        theirs = shown.render(scale=min(150 / 72, 1275 / shown.get_width()) * no_row_by_rounding).to_pil().convert("RGB")
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


def _rotated(content: dict[str, Any]) -> None:
    content["annotations"][0]["attributes"] = {"rotation": 90.0}


def _without_categories(content: dict[str, Any]) -> None:
    del content["categories"]


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
        (_rotated, "annotation 1 is invalid: rotated box"),
        (_without_categories, "names no category 1; add it"),
        (_duplicate_id, "image 2 is invalid"),
    ],
)
def test_each_fault_is_reported_before_any_prediction(made_set: Path, change: Change, sentence: str) -> None:
    with pytest.raises(RedactionError, match=sentence) as raised:
        read_pages(changed(made_set, change), pdfs=made_set / "pdfs")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("scale", [0.5, 1, 1.7])
@pytest.mark.parametrize("height", [1650, 1651])
def test_annotations_of_the_same_shape_are_scaled_to_the_page_and_predictions_back(
    made_set: Path, tmp_path: Path, scale: float, height: int
) -> None:
    def change(content: dict[str, Any]) -> None:
        for image in content["images"]:
            image["width"], image["height"] = round(1275 * scale), round(height * scale)
        for annotation in content["annotations"]:
            annotation["bbox"] = [side * scale for side in (150, 150, 600, 50)]

    class Bar:
        """Finds the bar where it is drawn."""

        def predict(self, image: PageImage) -> Detections:
            dark = image[:, :, 0] < 10
            rows = np.flatnonzero(dark.sum(axis=1) > 300)  # no line of text is that dark
            if not len(rows):
                return Detections.none()
            columns = np.flatnonzero(dark[rows].all(axis=0))
            box = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
            return Detections(as_xyxy([box]), np.ones(1, np.float32))

    listed = read_pages(changed(made_set, change), pdfs=made_set / "pdfs")
    evaluated = list(predict_listed(Bar(), listed))
    assert [len(page.detections) for page in evaluated] == [1, 0, 1, 0]
    assert iou_matrix(evaluated[0].truth, evaluated[0].detections.xyxy)[0, 0] > 0.95
    write_predictions(tmp_path / "results.json", listed, evaluated)
    for result in json.loads((tmp_path / "results.json").read_text()):
        assert result["bbox"] == pytest.approx([side * scale for side in (150, 150, 600, 50)], abs=2)


@pytest.mark.parametrize("number", ["1", 1.0, "1.0"])
def test_a_box_belongs_to_its_image_however_the_id_is_written(made_set: Path, number: Any) -> None:
    def change(content: dict[str, Any]) -> None:
        content["annotations"][0].update(image_id=number, style="unheard of")

    listed = read_pages(changed(made_set, change), pdfs=made_set / "pdfs")
    assert [page.style for page in listed.pages] == ["unheard of", "no redaction", "black", "no redaction"]


@pytest.mark.parametrize(("style", "name"), [(3, "3"), (False, "black"), (["x"], "black"), (None, "black"), ("Gray", "grey")])
@pytest.mark.parametrize("key", ["style", "attributes"])
def test_a_style_of_any_type_is_read(made_set: Path, style: Any, name: str, key: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content["annotations"][0][key] = style if key == "style" else {"style": style}

    assert read_pages(changed(made_set, change), pdfs=made_set / "pdfs").pages[0].styles == (name,)


@pytest.fixture
def fax(made_set: Path) -> Path:
    """The made set as images, of which the first two are the pages of one TIFF."""
    folder = made_set / "images"
    folder.mkdir()
    pages = [Image.new("1", (1275, 1650), 1) for _ in range(3)]
    pages[1].paste(0, (150, 150, 750, 200))
    pages[0].save(folder / "fax.tif", save_all=True, append_images=pages[1:], compression="group4", dpi=(150, 150))
    pages[1].save(folder / "single.png")

    def change(content: dict[str, Any]) -> None:
        for image, (name, index) in zip(
            content["images"], [("fax.tif", 1), ("fax.tif", 0), ("single.png", 7), ("single.png", None)], strict=True
        ):
            del image["pdf"], image["page_index"]
            image |= {"file_name": name} | ({} if index is None else {"page_index": index})

    changed(made_set, change)
    return made_set


def test_a_page_of_a_tiff_is_found_by_its_index_and_an_image_of_one_page_needs_none(fax: Path) -> None:
    pages = list(read_pages(fax / "annotations.json", images=fax / "images").images())
    assert [page.name for page, _ in pages] == ["fax.tif page 2", "fax.tif page 1", "single.png", "single.png"]
    assert [page.document for page, _ in pages] == ["fax.tif", "fax.tif", "single.png", "single.png"]
    assert [image.min() for _, image in pages] == [0, 255, 0, 0]


@pytest.mark.parametrize(
    ("index", "sentence"), [(None, r"fax\.tif has 3 pages; say by page_index"), (3, r"fax\.tif has 3 pages, so page_index 3")]
)
def test_an_index_that_names_no_page_of_a_tiff_is_refused(fax: Path, index: int | None, sentence: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content["images"][0]["page_index"] = index

    with pytest.raises(RedactionError, match=sentence):
        list(read_pages(changed(fax, change), images=fax / "images").images())


def _of_another_shape(content: dict[str, Any]) -> None:
    content["images"][0]["height"] = 1275


def _beyond_the_last_page(content: dict[str, Any]) -> None:
    content["images"][0]["page_index"] = 7


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_of_another_shape, r"0_0\.png has 1275 x 1650 pixels, but was annotated at 1275 x 1275"),
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
