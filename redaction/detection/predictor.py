"""Prediction with an exported detector, on OpenVINO or ONNX Runtime; the training stack is not needed."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from redaction.detection.artifact import ONNX, OPENVINO, Detector, Postprocessing
from redaction.detection.preprocessing import Placement
from redaction.detection.rescoring import MIN_PROPOSAL_SCORE, non_maximum_suppression, refine_and_rescore
from redaction.errors import RedactionError
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage

Runtime = Literal["openvino", "onnxruntime"]
Graph = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From n network inputs, (n, 3, height, width), to boxes (n, points, 4) in input pixels and scores (n, points)."""

_EXPORTS: dict[Runtime, str] = {"openvino": OPENVINO, "onnxruntime": ONNX}
"""The file that each runtime reads; the faster runtime first."""


class PagePredictor(Protocol):
    """Anything that finds redactions on a page image."""

    def predict(self, image: NDArray[np.uint8]) -> Detections:
        """All detections, whatever their score, in pixels of `image` (RGB, shape (height, width, 3))."""


class Predictor:
    """A detector, loaded and ready. Several threads may call it; they take turns.

    Args:
        detector: a verified detector; its manifest determines preprocessing and postprocessing.
        runtime: which export to run; ``auto`` prefers OpenVINO if it is installed.
        threads: number of CPU cores to use; None for all.
    """

    def __init__(self, detector: Detector, runtime: Runtime | Literal["auto"] = "auto", threads: int | None = None) -> None:
        self.detector = detector
        self.runtime = _best_runtime(detector) if runtime == "auto" else runtime
        load = load_openvino if self.runtime == "openvino" else load_onnxruntime
        self._graph = load(str(detector.path(_EXPORTS[self.runtime])), threads)
        self._turn = threading.Lock()

    def predict(self, image: PageImage) -> Detections:
        """All detections on a page (RGB, uint8, (height, width, 3)) down to the score floor, in page pixels."""
        return self.predict_batch([image])[0]

    def predict_batch(self, images: Sequence[PageImage]) -> list[Detections]:
        """The same for several pages, in order.

        Batches are for GPUs; on a CPU they save no time.
        """
        settings, rescoring = self.detector.manifest.postprocessing, self.detector.manifest.rescoring
        if rescoring is None:
            return self.propose(images)
        proposals = self.propose(images, MIN_PROPOSAL_SCORE)
        pages = zip(images, proposals, strict=True)
        found = [refine_and_rescore(image, of_page, rescoring, settings.nms_iou) for image, of_page in pages]
        return [of_page.at_least(settings.score_floor) for of_page in found]

    def propose(self, images: Sequence[PageImage], min_score: float = 0.0) -> list[Detections]:
        """The network's own boxes on each page, before refinement and rescoring.

        Args:
            images: pages, RGB, uint8, (height, width, 3).
            min_score: drop boxes with a lower score. Nearly every point of a page scores more than the floor, and suppressing
                overlaps among all of them takes longer than the network.
        """
        manifest = self.detector.manifest
        settings = manifest.postprocessing.model_copy(update={"score_floor": max(min_score, manifest.postprocessing.score_floor)})
        prepared = [manifest.preprocessing.prepare(_checked(image)) for image in images]
        if not prepared:
            return []
        with self._turn:
            boxes, scores = self._graph(np.stack([page for page, _ in prepared]))
        placed = zip(boxes, scores, (placement for _, placement in prepared), strict=True)
        return [to_page_detections(*one, settings) for one in placed]


@dataclass(frozen=True)
class LoadedDetector:
    """Something that finds redactions, ready to be called, with its version and operating point."""

    version: str
    digest: str
    operating_point: float
    """Lowest score that counts."""
    predictor: PagePredictor

    @classmethod
    def of(cls, detector: Detector) -> LoadedDetector:
        """Load a detector's network."""
        return cls(detector.version, detector.digest, detector.operating_point, Predictor(detector))


def _checked(image: PageImage) -> PageImage:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"a page has dtype uint8 and shape (height, width, 3), not {image.dtype} and {image.shape}")
    return image


def to_page_detections(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], placement: Placement, settings: Postprocessing
) -> Detections:
    """Suppress overlapping boxes, and map the others to page pixels, clipped to the page.

    Args:
        boxes: (points, 4), in pixels of the network input.
        scores: (points,).
        placement: of the page in the network input.
        settings: thresholds and limits.
    """
    candidates = scores >= settings.score_floor
    boxes, scores = boxes[candidates], scores[candidates]
    kept = non_maximum_suppression(boxes, scores, settings.nms_iou)[: settings.max_detections]
    xyxy = np.clip(placement.to_page(boxes[kept]), 0, np.array([placement.width, placement.height] * 2, np.float32))
    visible = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    return Detections(xyxy[visible], scores[kept][visible])


def import_openvino() -> Any:
    """Import OpenVINO without its usage statistics."""
    # None marks this optional package as not installed; with it, the import would create ~/intel and send statistics
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def load_openvino(path: str, threads: int | None) -> Graph:
    """Load an OpenVINO model (``.xml``) as a function.

    It is compiled for each batch size that occurs: a model compiled for any size is a fifth slower.
    """
    openvino = import_openvino()
    core = openvino.Core()
    # by default OpenVINO computes in bfloat16 on CPUs that support it, which changes boxes and scores by up to 6 %
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
    """Load an ONNX model as a function."""
    # otherwise the import opens a database of usage statistics in the home folder
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
    if not exported:
        raise RedactionError(f"{detector.folder} has no {' or '.join(_EXPORTS.values())}, so it cannot predict; export it again.")
    # where none is installed, the import of the first says so
    return next((runtime for runtime in exported if importlib.util.find_spec(runtime)), exported[0])
