"""POST /detect with valid pages."""

from __future__ import annotations

import io
from pathlib import Path

import bentoml
import httpx
import numpy as np
import pytest
from PIL import Image

from redaction.detection.predictor import Predictor
from redaction.pages.geometry import covered_share
from redaction.pages.image import PageImage, page_from_bytes
from tests.serving.app.detect_requests import detect, image_file

BAR_XYXY = (200, 300, 700, 420)


def test_the_response_has_the_detections_of_the_detector_offline(client: httpx.Client, page: PageImage, detectors) -> None:
    detector = detectors("1")
    expected = Predictor(detector, threads=1).predict(page).at_least(detector.operating_point)
    answer = detect(client, image_file(page)).json()
    served = np.array([[box[key] for key in ("x0", "y0", "x1", "y1")] for box in answer["boxes"]])
    assert len(expected) > 10
    np.testing.assert_allclose(served, expected.xyxy, atol=1e-3)
    np.testing.assert_allclose([box["score"] for box in answer["boxes"]], expected.scores, atol=1e-5)
    assert answer["version"] == "1"
    assert (answer["width"], answer["height"], answer["threshold"]) == (1275, 1650, 0.5)
    assert answer["covered_share"] == pytest.approx(covered_share(expected.xyxy, 1275, 1650))
    assert answer["runtime"] == "openvino"


def test_the_boxes_lie_on_the_bar(client: httpx.Client, page: PageImage) -> None:
    boxes = detect(client, image_file(page)).json()["boxes"]
    for box in boxes:
        middle = (box["x0"] + box["x1"]) / 2, (box["y0"] + box["y1"]) / 2
        assert BAR_XYXY[0] <= middle[0] <= BAR_XYXY[2], box
        assert BAR_XYXY[1] <= middle[1] <= BAR_XYXY[3], box


def test_a_page_may_be_the_raw_body(client: httpx.Client, page: PageImage) -> None:
    data = image_file(page)
    raw = client.post("/detect?threshold=0.9", content=data, headers={"content-type": "image/png"}).json()
    multipart = detect(client, data, threshold="0.9").json()
    assert raw["boxes"] == multipart["boxes"] != []
    assert raw["threshold"] == multipart["threshold"] == 0.9


def test_boxes_below_the_threshold_are_not_reported(client: httpx.Client, page: PageImage) -> None:
    data = image_file(page)
    scores = {t: [b["score"] for b in detect(client, data, threshold=t).json()["boxes"]] for t in ("0.0", "0.5", "0.99", "1")}
    assert len(scores["0.0"]) > len(scores["0.5"]) > len(scores["0.99"])
    assert all(score >= 0.99 for score in scores["0.99"])
    assert scores["1"] == []


@pytest.mark.parametrize(
    ("image_format", "mode", "options"),
    [
        ("PNG", "1", {}),  # as fax machines send them
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "LA", {}),
        ("JPEG", "L", {"quality": 95}),
        ("JPEG", "CMYK", {"quality": 95}),  # as print shops send
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("WEBP", "RGB", {"lossless": True}),
    ],
)
def test_every_supported_image_format_is_read(
    client: httpx.Client, page: PageImage, image_format: str, mode: str, options: dict
) -> None:
    answer = detect(client, image_file(page, image_format, mode, **options))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["boxes"]) > 10


def test_sixteen_bit_grayscale_is_read(client: httpx.Client, page: PageImage) -> None:
    buffer = io.BytesIO()
    Image.fromarray(page[..., 0].astype(np.uint16) * 257).save(buffer, "PNG")
    assert len(detect(client, buffer.getvalue()).json()["boxes"]) > 10


def test_transparent_areas_are_paper_not_redactions(client: httpx.Client) -> None:
    clear = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    buffer = io.BytesIO()
    clear.save(buffer, "PNG")
    assert detect(client, buffer.getvalue()).json()["boxes"] == []


def test_a_rotated_photograph_is_turned_upright(client: httpx.Client, page: PageImage) -> None:
    turned = Image.fromarray(page).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate 90° clockwise to display upright
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", quality=95, exif=exif)
    answer = detect(client, buffer.getvalue()).json()
    assert (answer["width"], answer["height"]) == (1275, 1650)
    assert all(BAR_XYXY[1] - 20 <= box["y0"] <= BAR_XYXY[3] for box in answer["boxes"])


def test_a_photograph_with_a_second_picture_is_one_page(client: httpx.Client, page: PageImage) -> None:
    """Phones add one for depth or brightness (MPO)."""
    buffer = io.BytesIO()
    preview = Image.fromarray(page).resize((300, 400))
    Image.fromarray(page).save(buffer, "MPO", quality=95, save_all=True, append_images=[preview])
    answer = detect(client, buffer.getvalue()).json()
    assert (answer["width"], answer["height"]) == (1275, 1650)
    assert len(answer["boxes"]) > 10


def test_a_floating_point_page_is_not_black(client: httpx.Client, page: PageImage) -> None:
    buffer = io.BytesIO()
    Image.fromarray(page[..., 0].astype(np.float32) / 255).save(buffer, "TIFF")
    assert len(detect(client, buffer.getvalue()).json()["boxes"]) > 10


def test_a_page_of_an_odd_shape_has_a_warning(client: httpx.Client, page: PageImage) -> None:
    assert detect(client, image_file(page)).json()["warnings"] == []
    (warning,) = detect(client, image_file(np.full((3000, 900, 3), 255, np.uint8))).json()["warnings"]
    assert warning == "the page is 3.3 times as high as wide, so redactions may be missed; split it"


def test_a_page_of_one_pixel_is_accepted(client: httpx.Client) -> None:
    answer = detect(client, image_file(np.full((1, 1, 3), 255, np.uint8)))
    assert answer.status_code == 200
    assert answer.json()["boxes"] == []


def test_bentomls_own_client_works(served: str, pages: list[Path]) -> None:
    with bentoml.SyncHTTPClient(served) as client:
        assert len(client.detect(page=pages[0])["boxes"]) > 10
        assert client.detect(page=pages[0], threshold=1.0)["boxes"] == []


def test_an_encoded_page_decodes_to_the_same_pixels(page: PageImage) -> None:
    assert (page_from_bytes(image_file(page)) == page).all()
