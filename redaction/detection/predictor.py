"""Predicting with an exported detector: OpenVINO or ONNX Runtime, and neither torch nor what trained it."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from redaction.detection.artifact import ONNX, OPENVINO, Detector, Postprocessing
from redaction.detection.preprocessing import Placement
from redaction.detection.rescoring import LEAST_SCORE, non_maximum_suppression, refine_and_rescore
from redaction.errors import RedactionError
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage

Runtime = Literal["openvino", "onnxruntime"]
Graph = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From n prepared pages, (n, 3, height, width), to boxes (n, points, 4) in the frame and scores (n, points)."""


_EXPORTS: dict[Runtime, str] = {"openvino": OPENVINO, "onnxruntime": ONNX}
"""The file that each runtime reads; the quicker runtime first."""


class PagePredictor(Protocol):
    """Whatever finds redactions on a page image."""

    def predict(self, image: NDArray[np.uint8]) -> Detections:
        """Everything found, whatever its score, in pixels of `image` (RGB, shape (height, width, 3))."""


class Predictor:
    """A detector that is loaded and ready. May be called from several threads; they take turns.

    Args:
        detector: a verified detector; preprocessing and all else come from its manifest.
        runtime: which of its exports to run; ``auto`` takes OpenVINO where it is installed.
        threads: how many processor cores to use; all of them if None.
    """

    def __init__(self, detector: Detector, runtime: Runtime | Literal["auto"] = "auto", threads: int | None = None) -> None:
        self.detector = detector
        self.runtime = _best_runtime(detector) if runtime == "auto" else runtime
        load = load_openvino if self.runtime == "openvino" else load_onnxruntime
        self._graph = load(str(detector.path(_EXPORTS[self.runtime])), threads)
        self._turn = threading.Lock()

    def predict(self, image: PageImage) -> Detections:
        """Everything found on a page (RGB, uint8, (height, width, 3)) down to the score floor, in page pixels."""
        return self.predict_batch([image])[0]

    def predict_batch(self, images: Sequence[PageImage]) -> list[Detections]:
        """The same for several pages in one go, in order.

        A graphics card wants many at once; on a processor it saves nothing.
        """
        settings, confirmation = self.detector.manifest.postprocessing, self.detector.manifest.confirmation
        if confirmation is None:
            return self.propose(images)
        proposals = self.propose(images, LEAST_SCORE)
        pages = zip(images, proposals, strict=True)
        found = [refine_and_rescore(image, of_page, confirmation, settings.nms_iou) for image, of_page in pages]
        return [of_page.at_least(settings.score_floor) for of_page in found]

    def propose(self, images: Sequence[PageImage], lowest: float = 0.0) -> list[Detections]:
        """What the network alone says of each page, before anything is compared with the page's edges.

        Args:
            lowest: score below which nothing is wanted: nearly every point of a page scores more than the floor, and to compare
                all of them with each other takes longer than the network itself.
        """
        manifest = self.detector.manifest
        settings = manifest.postprocessing.model_copy(update={"score_floor": max(lowest, manifest.postprocessing.score_floor)})
        prepared = [manifest.preprocessing.prepare(_checked(image)) for image in images]
        if not prepared:
            return []
        with self._turn:
            boxes, scores = self._graph(np.stack([page for page, _ in prepared]))
        placed = zip(boxes, scores, (placement for _, placement in prepared), strict=True)
        return [detections_on_page(*one, settings) for one in placed]


def _checked(image: PageImage) -> PageImage:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"a page has dtype uint8 and shape (height, width, 3), not {image.dtype} and {image.shape}")
    return image


def detections_on_page(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], placement: Placement, settings: Postprocessing
) -> Detections:
    """Non-maximum suppression, then back from the frame to the page, cut at its edges.

    Args:
        boxes: (points, 4), in the frame.
        scores: (points,).
    """
    candidates = scores >= settings.score_floor
    boxes, scores = boxes[candidates], scores[candidates]
    best = non_maximum_suppression(boxes, scores, settings.nms_iou)[: settings.max_detections]
    xyxy = np.clip(placement.to_page(boxes[best]), 0, np.array([placement.width, placement.height] * 2, np.float32))
    visible = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    return Detections(xyxy[visible], scores[best][visible])


def import_openvino() -> Any:
    """OpenVINO, without the usage statistics that it would send at import, and the folder ``~/intel`` for them."""
    # OpenVINO goes without where this optional package is not installed, and None in its place says just that
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def load_openvino(path: str, threads: int | None) -> Graph:
    """An OpenVINO model (``.xml``) as a function.

    It is compiled again for each number of pages that it is called with: compiled for any number, it is a fifth slower.
    """
    openvino = import_openvino()
    core = openvino.Core()
    # left to itself OpenVINO computes in bfloat16 where the processor can, and boxes and scores move by up to 6 %
    settings: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = threads

    @cache
    def request_for(shape: tuple[int, ...]) -> Any:
        model = core.read_model(path)
        model.reshape(list(shape))
        return core.compile_model(model, "CPU", settings).create_infer_request()

    def run(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        request = request_for(batch.shape)
        request.infer([batch])
        boxes, scores = (request.get_output_tensor(index).data.copy() for index in (0, 1))
        return boxes, scores

    return run


def load_onnxruntime(path: str, threads: int | None) -> Graph:
    """An ONNX model as a function."""
    # at import it would open a database of usage statistics in the home folder, to be sent to its maker
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        boxes, scores = session.run(None, {name: batch})
        return boxes, scores

    return run


def _best_runtime(detector: Detector) -> Runtime:
    exported = [runtime for runtime, file in _EXPORTS.items() if file in detector.manifest.files]
    for runtime in exported:
        if importlib.util.find_spec(runtime) is not None:
            return runtime
    raise RedactionError(
        f"{detector.folder} can be run by {' or '.join(exported) or 'nothing'}, and no such runtime is installed; install one."
    )
