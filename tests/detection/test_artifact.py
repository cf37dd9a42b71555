"""A detector is trusted only when every file in its folder is the one that its manifest names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redaction.detection.artifact import CARD, MANIFEST, ONNX, OPENVINO, WEIGHTS, Detector
from redaction.detection.rescoring import Rescoring
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes


@pytest.fixture
def copy(toy_detector: Detector, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_detector.folder, tmp_path / "detector"))


def test_a_copy_is_the_same_detector(copy: Path, toy_detector: Detector) -> None:
    loaded = Detector.load(copy)
    assert (loaded.digest, loaded.manifest) == (toy_detector.digest, toy_detector.manifest)
    assert loaded.digest == sha256_of_bytes((copy / MANIFEST).read_bytes())


def test_it_has_weights_both_exports_and_a_card_but_no_code(toy_detector: Detector) -> None:
    names = {path.name for path in toy_detector.folder.iterdir()}
    assert {WEIGHTS, OPENVINO, "model.bin", ONNX, CARD, "examples.png"} == names - {MANIFEST} == set(toy_detector.manifest.files)
    assert toy_detector.version in toy_detector.path(CARD).read_text()


@pytest.mark.parametrize("name", [WEIGHTS, ONNX, OPENVINO, "model.bin", CARD])
def test_a_file_with_one_changed_byte_is_refused_by_name(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(RedactionError, match=f"{name} is not the file that detector.json names"):
        Detector.load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / WEIGHTS).unlink()
    with pytest.raises(RedactionError, match=r"weights\.safetensors is missing"):
        Detector.load(copy)


def _outside(manifest: dict[str, Any]) -> None:
    manifest["files"]["../../secret"] = "0" * 64


def _of_the_future(manifest: dict[str, Any]) -> None:
    manifest["format"] = 99


def _with_a_stray_key(manifest: dict[str, Any]) -> None:
    manifest["preprocessing"]["color_space"] = "bgr"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_outside, "is outside the folder"),
        (_of_the_future, "has format 99, but this version reads formats 1 and 2"),
        (_with_a_stray_key, "damaged"),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(
    copy: Path, damage: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    damage(manifest)
    (copy / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(RedactionError, match=sentence):
        Detector.load(copy)


def test_a_folder_without_a_detector_says_so(tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match=r"holds no detector\.json"):
        Detector.load(tmp_path)
    (tmp_path / MANIFEST).write_text("not json")
    with pytest.raises(RedactionError, match="not a detector's manifest"):
        Detector.load(tmp_path)


def test_a_detector_without_a_recall_claim_loads(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    assert "With 95% confidence it finds at least" in (copy / CARD).read_text()
    assert 0 <= manifest.pop("recall_claim")["at_least"] <= manifest["operating_point"]["recall"]
    (copy / MANIFEST).write_text(json.dumps(manifest))
    assert Detector.load(copy).manifest.recall_claim is None


def test_the_keys_of_the_first_format_are_read(copy: Path) -> None:
    """The first format called the rescoring ``confirmation``, and three of its coefficients otherwise."""
    manifest = json.loads((copy / MANIFEST).read_text())
    coefficients = manifest.pop("rescoring") or dict.fromkeys(Rescoring.model_fields, 0.5)
    renamed = {"fill_beyond": "ground", "row_neighbors": "company", "same_color_score": "alike"}
    manifest["confirmation"] = {renamed.get(key, key): value for key, value in coefficients.items()}
    manifest["format"] = 1
    (copy / MANIFEST).write_text(json.dumps(manifest))
    assert Detector.load(copy).manifest.rescoring == Rescoring(**coefficients)
