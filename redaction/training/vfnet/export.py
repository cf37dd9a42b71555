"""Export to OpenVINO and ONNX, each verified against PyTorch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from redaction.detection.artifact import CARD, ONNX, OPENVINO, WEIGHTS, Detector, seal
from redaction.detection.predictor import Graph, import_openvino, load_onnxruntime, load_openvino
from redaction.detection.preprocessing import Preprocessing
from redaction.detection.rescoring import MIN_PROPOSAL_SCORE
from redaction.errors import RedactionError
from redaction.files import new_folder, write_text
from redaction.pages.image import PageImage
from redaction.training.card import card_markdown
from redaction.training.vfnet.model import build_model

PARITY = "parity_"
"""Begins the names of the metrics that say how far an export differs from PyTorch."""

ONNX_OPSET = 20
MAX_BATCH = 64
MAX_BOX_DIFFERENCE_PX = 0.5
"""In pixels of the network input, for proposals that a detector uses: in 16 bits a box with a score of 0.01 may move by 0.75."""
MAX_SCORE_DIFFERENCE = 0.01


class DecodedNetwork(nn.Module):
    """The network and its decoding in one graph, from prepared pages to the boxes and scores of every point.

    forward: (n, 3, height, width) to boxes (n, points, 4), xyxy in pixels of the network input and clipped to it, and scores
    (n, points).
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
        """Boxes and scores of every point of every level."""
        scores, _, distances = self.model.bbox_head(self.model.extract_feat(pages))  # type: ignore[operator]
        flat = torch.cat([level.flatten(2).transpose(1, 2) for level in distances], 1)
        height, width = self.size
        x, y = self.points.unbind(-1)  # type: ignore[operator]
        left, top, right, bottom = flat.unbind(-1)
        sides = [
            (x - left).clamp(0, width),
            (y - top).clamp(0, height),
            (x + right).clamp(0, width),
            (y + bottom).clamp(0, height),
        ]
        return torch.stack(sides, -1), torch.cat([level.flatten(1) for level in scores], 1).sigmoid()


def export(
    model: nn.Module, preprocessing: Preprocessing, folder: Path, pages: Sequence[PageImage], slim: bool = False
) -> dict[str, float]:
    """Write the exports to `folder` and compare each with PyTorch on `pages`.

    Args:
        slim: export to OpenVINO only, with weights in 16 bits.

    Returns:
        The largest differences, by runtime: ``openvino_box_pixels``, ``openvino_score``, ``onnxruntime_box_pixels``, ...

    Raises:
        RedactionError: an export differs from PyTorch by more than is allowed.
    """
    network = DecodedNetwork(model.cpu().eval(), preprocessing).requires_grad_(False).eval()
    example = _example(preprocessing)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _to_openvino(network, example, folder / OPENVINO, slim)
        graphs = {"openvino": load_openvino(str(folder / OPENVINO), None)}
        if not slim:
            _to_onnx(network, example, folder / ONNX)
            graphs["onnxruntime"] = load_onnxruntime(str(folder / ONNX), None)
    return _checked_differences(network, graphs, preprocessing, pages)


def write_onnx_only(detector: Detector, folder: Path, pages: Sequence[PageImage]) -> Detector:
    """Export a detector again, for an installation without OpenVINO: the same version, with only ``model.onnx`` and a card.

    Args:
        detector: has ``weights.safetensors``.
        folder: the new detector's folder; if it exists already, it is only loaded.
        pages: images on which the export is compared with PyTorch.

    Raises:
        RedactionError: the export differs from PyTorch by more than is allowed.
    """
    if folder.exists():
        return Detector.load(folder)
    manifest = detector.manifest
    model = build_model(manifest.profile)
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(detector.path(WEIGHTS)).items()})
    network = DecodedNetwork(model.eval(), manifest.preprocessing).requires_grad_(False).eval()
    with new_folder(folder) as unfinished:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _to_onnx(network, _example(manifest.preprocessing), unfinished / ONNX)
        graphs = {"onnxruntime": load_onnxruntime(str(unfinished / ONNX), None)}
        differences = _checked_differences(network, graphs, manifest.preprocessing, pages)
        metrics = {name: value for name, value in manifest.metrics.items() if not name.startswith(PARITY)}
        metrics |= {f"{PARITY}{name}": value for name, value in differences.items()}
        copied = manifest.model_copy(update={"metrics": metrics})
        write_text(unfinished / CARD, card_markdown(copied))
        seal(unfinished, copied)
    return Detector.load(folder)


def _example(preprocessing: Preprocessing) -> Tensor:
    return torch.zeros(1, 3, preprocessing.height, preprocessing.width)


def _checked_differences(
    network: DecodedNetwork, graphs: dict[str, Graph], preprocessing: Preprocessing, pages: Sequence[PageImage]
) -> dict[str, float]:
    batches = [preprocessing.prepare(page)[0][None] for page in pages]
    differences: dict[str, float] = {}
    for name, graph in graphs.items():
        box_px, score = compare_with_pytorch(network, graph, batches)
        differences |= {f"{name}_box_pixels": box_px, f"{name}_score": score}
        if box_px > MAX_BOX_DIFFERENCE_PX or score > MAX_SCORE_DIFFERENCE:
            raise RedactionError(
                f"the export for {name} differs from PyTorch by up to {box_px:.2f} pixels and {score:.3f} in score "
                f"(allowed: {MAX_BOX_DIFFERENCE_PX} and {MAX_SCORE_DIFFERENCE}); do not use it."
            )
    return differences


def compare_with_pytorch(network: DecodedNetwork, graph: Graph, batches: Sequence[NDArray[np.float32]]) -> tuple[float, float]:
    """The largest differences of a box side, in pixels, and of a score.

    Boxes are compared where either score is at least `MIN_PROPOSAL_SCORE`. The comparison is made before non-maximum suppression,
    which is the same code for both: this is stricter, and near ties do not disturb it.
    """
    max_box_px = max_score = 0.0
    for batch in batches:
        with torch.no_grad():
            boxes, scores = (output.numpy() for output in network(torch.from_numpy(batch)))
        other_boxes, other_scores = graph(batch)
        compared = np.maximum(scores, other_scores) >= MIN_PROPOSAL_SCORE
        max_score = max(max_score, float(np.abs(scores - other_scores).max()))
        max_box_px = max(max_box_px, float(np.abs(boxes - other_boxes)[compared].max(initial=0.0)))
    return max_box_px, max_score


def _to_openvino(network: DecodedNetwork, example: Tensor, path: Path, half: bool) -> None:
    openvino: Any = import_openvino()
    converted = openvino.convert_model(network, example_input=example, input=[[-1, *example.shape[1:]]])
    # compressing weights to 16 bits moves boxes unless the weights were rounded to 16 bits before
    openvino.save_model(converted, path, compress_to_fp16=half)


def _to_onnx(network: DecodedNetwork, example: Tensor, path: Path) -> None:
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # with a batch of one the exporter would treat the batch size as a constant
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
