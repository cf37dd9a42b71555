"""Small real detectors, pages and golden pages for the tests of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
import openvino as ov
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from openvino import opset15 as ops
from PIL import Image

from redaction.detection.artifact import (
    CARD,
    ONNX,
    OPENVINO,
    WEIGHTS,
    Detector,
    Manifest,
    OperatingPoint,
    Postprocessing,
    Provenance,
    seal,
)
from redaction.detection.predictor import Predictor
from redaction.detection.preprocessing import Preprocessing
from redaction.detection.profiles import PROFILES, TrainingConfig
from redaction.pages.image import PageImage
from redaction.workspace import Workspace
from serving.local.golden import GoldenPage
from serving.release.golden import golden_pages

CELL = 16
INPUT_WIDTH, INPUT_HEIGHT = 512, 640
SHARPNESS = 4.0

Detectors = Callable[..., Detector]


def cell_boxes() -> NDArray[np.float32]:
    """One box per cell of the network input, shape (1, cells, 4)."""
    ys, xs = np.mgrid[0:INPUT_HEIGHT:CELL, 0:INPUT_WIDTH:CELL]
    return np.stack([xs, ys, xs + CELL, ys + CELL], -1).reshape(1, -1, 4).astype(np.float32)


def write_openvino(path: Path, darkness: float) -> None:
    """Write a network that scores each cell by how much darker than `darkness` (a normalized value) its mean is."""
    pages = ops.parameter([1, 3, INPUT_HEIGHT, INPUT_WIDTH], ov.Type.f32, name="pages")
    gray = ops.reduce_mean(pages, ops.constant([1]), keep_dims=True)
    pooled = ops.avg_pool(gray, [CELL, CELL], [0, 0], [0, 0], [CELL, CELL], exclude_pad=False)
    scores = ops.sigmoid(
        ops.multiply(ops.subtract(ops.constant(np.float32(darkness)), pooled), ops.constant(np.float32(SHARPNESS)))
    )
    flat = ops.reshape(scores, ops.constant([1, -1]), special_zero=False)
    ov.save_model(ov.Model([ops.constant(cell_boxes()).output(0), flat.output(0)], [pages]), path, compress_to_fp16=False)


def write_onnx(path: Path, darkness: float) -> None:
    """Write the same network for ONNX Runtime."""
    constants = {"boxes_value": cell_boxes(), "darkness": np.float32(darkness), "sharpness": np.float32(SHARPNESS)}
    constants |= {"flat": np.array([1, -1]), "axes": np.array([1])}
    nodes = [
        helper.make_node("ReduceMean", ["pages", "axes"], ["gray"], keepdims=1),
        helper.make_node("AveragePool", ["gray"], ["pooled"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        helper.make_node("Sub", ["darkness", "pooled"], ["darker"]),
        helper.make_node("Mul", ["darker", "sharpness"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["map"]),
        helper.make_node("Reshape", ["map", "flat"], ["scores"]),
        helper.make_node("Identity", ["boxes_value"], ["boxes"]),
    ]
    values = {"pages": [1, 3, INPUT_HEIGHT, INPUT_WIDTH], "boxes": cell_boxes().shape, "scores": [1, cell_boxes().shape[1]]}
    inputs, *outputs = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in values.items())
    graph = helper.make_graph(
        nodes, "cells", [inputs], outputs, [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)


@pytest.fixture(scope="session")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> Detectors:
    """Factory of small real detectors of dark cells; detectors of different `darkness` find different boxes."""

    def make(version: str = "1", darkness: float = -0.5) -> Detector:
        folder = tmp_path_factory.mktemp(f"detector-{version}-")
        write_openvino(folder / OPENVINO, darkness)
        write_onnx(folder / ONNX, darkness)
        (folder / WEIGHTS).write_bytes(b"")
        (folder / CARD).write_text("A detector of dark cells, for tests.")
        manifest = Manifest(
            version=version,
            profile=PROFILES["nano"],
            preprocessing=Preprocessing(width=INPUT_WIDTH, height=INPUT_HEIGHT),
            postprocessing=Postprocessing(),
            classes=("redaction",),
            operating_point=OperatingPoint(score=0.5, rule="by hand", precision=1, recall=1, f1=1),
            training=TrainingConfig(),
            provenance=Provenance(
                data_revision=None,
                training_digest="",
                validation_digest="",
                training_pages=0,
                synthetic_pages=0,
                validation_pages=0,
                git_revision=None,
                libraries={},
                created="2026-01-01T00:00:00+00:00",
            ),
            metrics={},
        )
        return seal(folder, manifest)

    return make


def page_with_bar(bar_xyxy: tuple[int, int, int, int] = (200, 300, 700, 420), width: int = 1275, height: int = 1650) -> PageImage:
    """A white page with some text, a gray block and one black bar."""
    page = np.full((height, width, 3), 255, np.uint8)
    for line in range(20):
        cv2.putText(page, f"line {line} of a filing", (150, 500 + 40 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 1)
    page[1400:1460, 200:700] = 110
    x0, y0, x1, y1 = bar_xyxy
    page[y0:y1, x0:x1] = 0
    return page


@pytest.fixture(scope="session")
def page() -> PageImage:
    """A page with one bar."""
    return page_with_bar()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two page images."""
    folder = tmp_path_factory.mktemp("pages")
    bars = {"first.png": (200, 300, 700, 420), "second.jpg": (100, 1000, 500, 1100)}
    for name, bar in bars.items():
        Image.fromarray(page_with_bar(bar)).save(folder / name)
    return [folder / name for name in bars]


@pytest.fixture(scope="session")
def make_golden(pages: list[Path]) -> Callable[[Detector], tuple[GoldenPage, ...]]:
    """Computes the golden pages of a detector."""
    return lambda detector: golden_pages(Predictor(detector, threads=1), pages)


@pytest.fixture(scope="module")
def module_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace for all tests of a module."""
    return Workspace.at(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(autouse=True, scope="session")
def without_bentoml_home() -> Iterator[None]:
    """Keep the tests away from the BentoML stores of the user who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BENTOML_HOME", raising=False)
        yield
