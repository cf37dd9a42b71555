"""POST /detect, on a real server."""

from __future__ import annotations

import contextlib
import io
import json
import random
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import bentoml
import httpx
import numpy as np
import pytest
from PIL import Image

from redaction.detection.predictor import Predictor
from redaction.import_graph import required_files
from redaction.monitoring.records import PageRecord
from redaction.pages.geometry import covered_share
from redaction.pages.image import PageImage, page_from_bytes
from redaction.workspace import Workspace
from serving.app.requests import CHECK_HEADER, MAX_BODY_BYTES
from serving.bento_store import bentoml_home

BAR = (200, 300, 700, 420)


def as_file(page: PageImage, image_format: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    """The page as an image file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(page).convert(mode).save(buffer, image_format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served, timeout=60) as client:
        yield client


def detect(client: httpx.Client, data: bytes, **fields: str) -> httpx.Response:
    return client.post("/detect", files={"page": ("page.png", data, "image/png")}, data=fields)


def error(response: httpx.Response, status: int) -> str:
    """The sentence of a refusal with that status."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    return str(body["error"])


# --- what is served


def test_the_answer_is_what_the_detector_says_offline(client: httpx.Client, page: PageImage, detectors) -> None:
    detector = detectors("1")
    expected = Predictor(detector, threads=1).predict(page).at_least(detector.operating_point)
    answer = detect(client, as_file(page)).json()
    served = np.array([[box[key] for key in ("x0", "y0", "x1", "y1")] for box in answer["boxes"]])
    assert len(expected) > 10
    np.testing.assert_allclose(served, expected.xyxy, atol=1e-3)
    np.testing.assert_allclose([box["score"] for box in answer["boxes"]], expected.scores, atol=1e-5)
    assert answer["version"] == "1"
    assert (answer["width"], answer["height"], answer["threshold"]) == (1275, 1650, 0.5)
    assert answer["covered_share"] == pytest.approx(covered_share(expected.xyxy, 1275, 1650))
    assert answer["runtime"] == "openvino"


def test_the_boxes_lie_on_the_bar(client: httpx.Client, page: PageImage) -> None:
    boxes = detect(client, as_file(page)).json()["boxes"]
    for box in boxes:
        middle = (box["x0"] + box["x1"]) / 2, (box["y0"] + box["y1"]) / 2
        assert BAR[0] <= middle[0] <= BAR[2], box
        assert BAR[1] <= middle[1] <= BAR[3], box


def test_a_page_may_be_the_raw_body(client: httpx.Client, page: PageImage) -> None:
    data = as_file(page)
    raw = client.post("/detect?threshold=0.9", content=data, headers={"content-type": "image/png"}).json()
    multipart = detect(client, data, threshold="0.9").json()
    assert raw["boxes"] == multipart["boxes"] != []
    assert raw["threshold"] == multipart["threshold"] == 0.9


def test_the_threshold_decides_what_is_reported(client: httpx.Client, page: PageImage) -> None:
    data = as_file(page)
    scores = {t: [b["score"] for b in detect(client, data, threshold=t).json()["boxes"]] for t in ("0.0", "0.5", "0.99", "1")}
    assert len(scores["0.0"]) > len(scores["0.5"]) > len(scores["0.99"])
    assert all(score >= 0.99 for score in scores["0.99"])
    assert scores["1"] == []


@pytest.mark.parametrize(
    ("image_format", "mode", "options"),
    [
        ("PNG", "1", {}),  # as fax machines send
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
def test_every_kind_of_page_image_is_read(
    client: httpx.Client, page: PageImage, image_format: str, mode: str, options: dict
) -> None:
    answer = detect(client, as_file(page, image_format, mode, **options))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["boxes"]) > 10


def test_sixteen_bits_of_gray_are_read(client: httpx.Client, page: PageImage) -> None:
    buffer = io.BytesIO()
    Image.fromarray(page[..., 0].astype(np.uint16) * 257).save(buffer, "PNG")
    assert len(detect(client, buffer.getvalue()).json()["boxes"]) > 10


def test_what_is_transparent_is_paper_and_no_redaction(client: httpx.Client) -> None:
    clear = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    buffer = io.BytesIO()
    clear.save(buffer, "PNG")
    assert detect(client, buffer.getvalue()).json()["boxes"] == []


def test_a_turned_photograph_is_set_upright(client: httpx.Client, page: PageImage) -> None:
    turned = Image.fromarray(page).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn clockwise to see it upright"
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", quality=95, exif=exif)
    answer = detect(client, buffer.getvalue()).json()
    assert (answer["width"], answer["height"]) == (1275, 1650)
    assert all(BAR[1] - 20 <= box["y0"] <= BAR[3] for box in answer["boxes"])


def test_a_page_of_one_pixel_is_a_page(client: httpx.Client) -> None:
    answer = detect(client, as_file(np.full((1, 1, 3), 255, np.uint8)))
    assert answer.status_code == 200
    assert answer.json()["boxes"] == []


def test_bentomls_own_client_works(served: str, pages: list[Path]) -> None:
    with bentoml.SyncHTTPClient(served) as client:
        assert len(client.detect(page=pages[0])["boxes"]) > 10
        assert client.detect(page=pages[0], threshold=1.0)["boxes"] == []


# --- what is refused


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that claims, and decompresses to, width x height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        (b"", 400, "empty"),
        (b"%PDF-1.7 and so on", 415, "PDF"),
        (b"GIF89a" + bytes(100), 415, "no PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "no PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", 415, "no PNG"),  # Pillow would start Ghostscript
        (random.Random(0).randbytes(5000), 415, "no PNG"),
        (b"\x89PNG\r\n\x1a\n", 422, "cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(500), 422, "cannot be read"),
        (b"\xff\xd8\xff" + random.Random(2).randbytes(500), 422, "cannot be read"),
        (b"II*\0" + random.Random(3).randbytes(500), 422, "cannot be read"),
        (b"RIFF\x10\0\0\0WEBP" + random.Random(4).randbytes(500), 422, "cannot be read"),
    ],
)
def test_what_is_no_page_image_is_refused_with_a_sentence(client: httpx.Client, data: bytes, status: int, word: str) -> None:
    assert word in error(detect(client, data), status)
    raw = client.post("/detect", content=data, headers={"content-type": "image/png"})
    assert word in error(raw, status)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_truncated_image_is_refused_and_not_half_read(client: httpx.Client, page: PageImage, image_format: str) -> None:
    data = as_file(page, image_format)
    for share in (0.1, 0.5, 0.95):
        assert "cannot be read" in error(detect(client, data[: int(len(data) * share)]), 422)


def test_damaged_images_never_break_the_service(client: httpx.Client) -> None:
    dice = random.Random(0)
    small = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    seeds = [
        as_file(small, image_format, mode)
        for image_format, mode in (("PNG", "P"), ("JPEG", "RGB"), ("TIFF", "L"), ("WEBP", "RGB"))
    ]
    for _ in range(60):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.choice((1, 4, 16))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        response = detect(client, bytes(data))
        assert response.status_code in (200, 415, 422), (response.status_code, response.text, bytes(data))


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(client: httpx.Client) -> None:
    bomb = huge_png(40_000, 20_000)
    assert len(bomb) < 1_000_000
    started = time.monotonic()
    assert "pixels" in error(detect(client, bomb), 422)
    assert time.monotonic() - started < 2


def test_a_file_of_several_pages_is_refused_and_not_answered_for_its_first(client: httpx.Client, page: PageImage) -> None:
    buffer = io.BytesIO()
    first, second = Image.fromarray(page), Image.fromarray(page)
    first.save(buffer, "TIFF", save_all=True, append_images=[second])
    assert "2 pages" in error(detect(client, buffer.getvalue()), 422)


def test_a_body_over_the_limit_is_refused(client: httpx.Client) -> None:
    body = bytes(MAX_BODY_BYTES + 1)
    assert "32 MiB" in error(client.post("/detect", content=body, headers={"content-type": "image/png"}), 413)
    assert "32 MiB" in error(detect(client, body), 413)


def test_a_body_that_does_not_say_its_length_is_cut_off_at_the_limit(client: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 20 * MAX_BODY_BYTES:
            sent += 2**20
            yield bytes(2**20)

    # the server closes the connection on a client that would not stop, which then may not live to read why
    with contextlib.suppress(httpx.TransportError):
        error(client.post("/detect", content=endless(), headers={"content-type": "image/png"}), 413)
    assert sent < 4 * MAX_BODY_BYTES
    assert client.get("/readyz").status_code == 200


def test_an_address_in_place_of_the_file_is_not_fetched(client: httpx.Client) -> None:
    # BentoML itself would download it: a way into whatever network the service stands in
    response = client.post("/detect", data={"page": "http://127.0.0.1:9/secret"}, files={"other": b"x"})
    assert "not a file" in error(response, 400)


def test_the_field_must_be_there(client: httpx.Client) -> None:
    assert "is missing" in error(client.post("/detect", files={"image": b"x"}), 400)


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "application/vnd.bentoml+pickle"]
)
def test_other_types_of_body_are_refused(client: httpx.Client, media_type: str) -> None:
    assert media_type in error(client.post("/detect", content=b'{"page": "x"}', headers={"content-type": media_type}), 415)


MULTIPART = "multipart/form-data"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--b\r\n",
        b"--b\r\nContent-Disposition: form-data; name=page; filename=x\r\n\r\nhalf of a fi",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nC\xff\xfe: \xff\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=page\r\n\r\n" + b"x" * 5000 + b"\r\n--b--\r\n",
    ],
)
@pytest.mark.parametrize(
    "media_type", ["multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_a_broken_multipart_body_is_refused(client: httpx.Client, body: bytes, media_type: str) -> None:
    error(client.post("/detect", content=body, headers={"content-type": media_type}), 400)


@pytest.mark.parametrize("threshold", ["high", "-0.1", "1.01", "nan", "inf", "1e999", "0,5"])
def test_a_threshold_that_is_no_score_is_refused(client: httpx.Client, page: PageImage, threshold: str) -> None:
    data = as_file(page)
    assert "no score" in error(detect(client, data, threshold=threshold), 400)
    raw = client.post("/detect", params={"threshold": threshold}, content=data, headers={"content-type": "image/png"})
    assert "no score" in error(raw, 400)


# --- what is recorded


def recorded(workspace: Workspace) -> list[dict[str, object]]:
    folder = workspace.state / "service" / "monitoring" / "redaction_pages" / "data"
    return [json.loads(line) for file in folder.glob("*.log") for line in file.read_text().splitlines()]


def test_every_page_becomes_one_line_of_numbers(client: httpx.Client, page: PageImage, module_workspace: Workspace) -> None:
    before = len(recorded(module_workspace))
    answer = detect(client, as_file(page)).json()
    detect(client, as_file(page), threshold="1")
    for _ in range(50):
        if len(lines := recorded(module_workspace)[before:]) == 2:
            break
        time.sleep(0.1)
    first, second = lines
    record = PageRecord.model_validate({name: first[name] for name in PageRecord.model_fields})
    assert first["version"] == "1"
    assert record.boxes == len(answer["boxes"])
    assert record.latency_ms == answer["latency_ms"]
    # what one client asks for says nothing about the traffic: the record stays at the operating point
    assert second["boxes"] == first["boxes"]
    assert first["request_id"] != second["request_id"]
    assert abs(first["received_at"] - time.time()) < 60
    assert not {"page", "image"} & set(first)


def test_checks_and_refusals_are_no_traffic(client: httpx.Client, page: PageImage, module_workspace: Workspace) -> None:
    time.sleep(0.5)
    before = len(recorded(module_workspace))
    data = as_file(page)
    assert client.post("/detect", files={"page": data}, headers={CHECK_HEADER: "golden"}).status_code == 200
    error(detect(client, b"%PDF"), 415)
    time.sleep(0.5)
    assert len(recorded(module_workspace)) == before


# --- what surrounds it


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics", "/docs.json", "/"])
def test_what_every_bentoml_service_offers(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_refusals_are_counted_too(client: httpx.Client) -> None:
    error(detect(client, b""), 400)
    metrics = client.get("/metrics").text
    assert 'http_response_code="400"' in metrics


def test_the_description_names_the_field_and_the_answer(client: httpx.Client) -> None:
    operation = client.get("/docs.json").json()["paths"]["/detect"]["post"]
    assert "multipart/form-data" in operation["requestBody"]["content"]
    assert "200" in operation["responses"]
    assert client.get("/detect").status_code == 405


HEAVY = {"torch", "torchvision", "icevision", "mmdet", "mmcv", "fastai", "zenml", "evidently", "wandb", "sqlmodel"}

IMPORT_ALL = """
import json, sys
import onnxruntime, serving.app.service
from redaction.detection.predictor import import_openvino
import_openvino()
own = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] in ("redaction", "serving")]
print(json.dumps([sorted({name.split(".")[0] for name in sys.modules}), own]))
"""


def test_nothing_of_training_or_orchestration_is_in_the_process(served: str, module_workspace: Workspace, tmp_path: Path) -> None:
    """The Bento's own source, imported from an empty folder, brings all it needs and nothing heavy."""
    source = bentoml_home(module_workspace) / "bentos" / "redaction_detector" / "1" / "src"
    command = [sys.executable, "-c", IMPORT_ALL]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True)
    modules, own = json.loads(done.stdout)
    assert not HEAVY & set(modules)
    assert {Path(file).relative_to(source) for file in own} == set(required_files("serving.app.service"))


def test_what_pillow_reads_here_is_what_the_service_reads(page: PageImage) -> None:
    assert (page_from_bytes(as_file(page)) == page).all()
