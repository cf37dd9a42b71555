"""An OpenVINO export whose convolutions compute in 8 bits, and the gate that it must pass to take the exact one's place."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redaction.dataset import Dataset
from redaction.detection.artifact import OPENVINO, Detector, seal
from redaction.detection.predictor import import_openvino
from redaction.evaluation import EvaluatedPage, average_precision
from redaction.pages.image import page_from_file

logger = logging.getLogger(__name__)

MAX_AP_LOSS = 0.005
"""On the validation pages, AP and AP50 alike."""
CALIBRATION_PAGES = 100
"""Training pages from which the ranges of the activations are taken."""


def in_8_bits_if_as_good(
    exact: Detector, judged: list[EvaluatedPage], train: Dataset, judge: Callable[[Detector], list[EvaluatedPage]]
) -> tuple[list[EvaluatedPage], dict[str, float]]:
    """Put an export in 8 bits in the exact one's place, unless it loses more than 0.005 of AP or AP50.

    Args:
        exact: the detector; its folder is changed, and has to be sealed again.
        judged: what it says of the validation pages.
        judge: asks a detector the same.

    Returns:
        What the export that stays says of the validation pages; and ``int8`` (1 where it is the one in 8 bits, else 0) with the
        ``int8_ap`` and ``int8_ap50`` that it reached.
    """
    pages = train.pages[:: max(1, len(train.pages) // CALIBRATION_PAGES)][:CALIBRATION_PAGES]
    prepare = exact.manifest.preprocessing.prepare
    with tempfile.TemporaryDirectory(dir=exact.folder.parent) as scratch:
        folder = Path(scratch) / "detector"
        shutil.copytree(exact.folder, folder)
        quantize(exact.path(OPENVINO), [prepare(page_from_file(train.image_path(page)))[0][None] for page in pages], folder)
        in_8_bits = judge(seal(folder, exact.manifest))
        before, after = average_precision(judged), average_precision(in_8_bits)
        kept = all((old or 0.0) - (new or 0.0) <= MAX_AP_LOSS for old, new in zip(before, after, strict=True))
        if kept:
            for path in folder.glob(f"{Path(OPENVINO).stem}.*"):
                shutil.copyfile(path, exact.folder / path.name)
    ap, ap50 = (value or 0.0 for value in after)
    logger.info("in 8 bits: AP50 %.3f, AP %.3f; %s", ap50, ap, "kept" if kept else "too much less, so not used")
    return (in_8_bits if kept else judged), {"int8": float(kept), "int8_ap": ap, "int8_ap50": ap50}


def quantize(exported: Path, pages: Sequence[NDArray[np.float32]], folder: Path) -> None:
    """Write the model again, with weights and activations in 8 bits (post-training quantization by NNCF).

    Args:
        exported: the exact model.
        pages: prepared pages, (1, 3, height, width) each.
        folder: where to write, under the name that the exact one has.
    """
    openvino: Any = import_openvino()
    logging.getLogger("nncf").setLevel(logging.ERROR)
    import nncf

    # what decodes boxes from points and distances needs all of its digits
    decoding = nncf.IgnoredScope(types=["Exp", "Subtract", "Add", "Multiply", "Divide", "Clamp", "Sigmoid"], validate=False)
    model = nncf.quantize(
        openvino.Core().read_model(exported),
        nncf.Dataset(pages),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pages),
        ignored_scope=decoding,
    )
    openvino.save_model(model, folder / exported.name, compress_to_fp16=False)
