"""A trained network as OpenVINO and ONNX, each proven to say what PyTorch says."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redaction.detection.artifact import ONNX, OPENVINO
from redaction.detection.predictor import Graph, import_openvino, load_onnxruntime, load_openvino
from redaction.detection.preprocessing import Preprocessing
from redaction.detection.rescoring import LEAST_SCORE
from redaction.errors import RedactionError
from redaction.pages.image import PageImage

ONNX_OPSET = 20
MAX_BATCH = 64
MAX_BOX_DIFFERENCE = 0.5
"""In pixels of the frame."""
MAX_SCORE_DIFFERENCE = 0.01
LOWEST_SCORE_COMPARED = LEAST_SCORE
"""Below it a detector looks at nothing; in 16 bits a box that scores 0.01 may move by three quarters of a pixel."""


class DecodedNetwork(nn.Module):
    """The network and its decoding in one graph: prepared pages in, boxes and scores of every point out.

    forward: (n, 3, height, width) to boxes (n, points, 4), xyxy in the frame and within it, and scores (n, points).
    """

    def __init__(self, model: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.model = model
        self.size = (preprocessing.height, preprocessing.width)
        with torch.no_grad():
            levels = model.bbox_head(model.extract_feat(torch.zeros(1, 3, *self.size)))[0]  # type: ignore[operator]
        shapes = [level.shape[-2:] for level in levels]
        points = model.bbox_head.prior_generator.grid_priors(shapes, device="cpu")  # type: ignore[operator,union-attr]
        self.register_buffer("points", torch.cat(points)[None], persistent=False)

    def forward(self, pages: Tensor) -> tuple[Tensor, Tensor]:
        """Decode every point of every level."""
        scores, _, distances = self.model.bbox_head(self.model.extract_feat(pages))  # type: ignore[operator]
        flat = torch.cat([level.flatten(2).transpose(1, 2) for level in distances], 1)
        height, width = self.size
        x, y = self.points.unbind(-1)  # type: ignore[operator]
        left, top, right, bottom = flat.unbind(-1)
        corners = [
            (x - left).clamp(0, width),
            (y - top).clamp(0, height),
            (x + right).clamp(0, width),
            (y + bottom).clamp(0, height),
        ]
        return torch.stack(corners, -1), torch.cat([level.flatten(1) for level in scores], 1).sigmoid()


def export(
    model: nn.Module, preprocessing: Preprocessing, folder: Path, pages: Sequence[PageImage], slim: bool = False
) -> dict[str, float]:
    """Write the exports into the folder and compare each with PyTorch on the given pages.

    Args:
        slim: the OpenVINO export alone, its weights in 16 bits.

    Returns:
        The largest differences seen, by runtime: ``openvino_box_pixels``, ``openvino_score``, ``onnxruntime_box_pixels``, ...

    Raises:
        RedactionError: an export says something else than PyTorch.
    """
    network = DecodedNetwork(model.cpu().eval(), preprocessing).requires_grad_(False).eval()
    example = torch.zeros(1, 3, preprocessing.height, preprocessing.width)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _to_openvino(network, example, folder / OPENVINO, slim)
        graphs = {"openvino": load_openvino(str(folder / OPENVINO), None)}
        if not slim:
            _to_onnx(network, example, folder / ONNX)
            graphs["onnxruntime"] = load_onnxruntime(str(folder / ONNX), None)
    batches = [preprocessing.prepare(page)[0][None] for page in pages]
    figures: dict[str, float] = {}
    for name, graph in graphs.items():
        box, score = compare_with_pytorch(network, graph, batches)
        figures |= {f"{name}_box_pixels": box, f"{name}_score": score}
        if box > MAX_BOX_DIFFERENCE or score > MAX_SCORE_DIFFERENCE:
            raise RedactionError(
                f"the export for {name} moves boxes by up to {box:.2f} pixels and scores by up to {score:.3f} from what "
                f"PyTorch says (allowed: {MAX_BOX_DIFFERENCE} and {MAX_SCORE_DIFFERENCE}); do not use it."
            )
    return figures


def compare_with_pytorch(network: DecodedNetwork, graph: Graph, batches: Sequence[NDArray[np.float32]]) -> tuple[float, float]:
    """The largest difference of any box side (where either scores at least 0.1) and of any score; before suppression.

    Non-maximum suppression, the same code for both, comes after: comparing before it is stricter, and not upset by near ties.
    """
    box_difference = score_difference = 0.0
    for batch in batches:
        with torch.no_grad():
            boxes, scores = (output.numpy() for output in network(torch.from_numpy(batch)))
        other_boxes, other_scores = graph(batch)
        counts = np.maximum(scores, other_scores) >= LOWEST_SCORE_COMPARED
        score_difference = max(score_difference, float(np.abs(scores - other_scores).max()))
        box_difference = max(box_difference, float(np.abs(boxes - other_boxes)[counts].max(initial=0.0)))
    return box_difference, score_difference


def _to_openvino(network: DecodedNetwork, example: Tensor, path: Path, half: bool) -> None:
    openvino: Any = import_openvino()
    converted = openvino.convert_model(network, example_input=example, input=[[-1, *example.shape[1:]]])
    # compressing weights to 16 bits moves boxes, unless they were rounded to 16 bits before
    openvino.save_model(converted, path, compress_to_fp16=half)


def _to_onnx(network: DecodedNetwork, example: Tensor, path: Path) -> None:
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # the exporter would take a batch of one for a constant
    torch.onnx.export(
        network,
        (example.repeat(2, 1, 1, 1),),
        str(path),
        dynamo=True,
        opset_version=ONNX_OPSET,
        external_data=False,
        verbose=False,
        dynamic_shapes={"pages": {0: torch.export.Dim("batch", min=1, max=MAX_BATCH)}},
        input_names=["pages"],
        output_names=["boxes", "scores"],
    )
