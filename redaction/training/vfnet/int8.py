"""An OpenVINO export with 8-bit convolutions, and the accuracy gate for using it."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redaction.dataset import Dataset
from redaction.detection.artifact import OPENVINO, Detector
from redaction.detection.predictor import import_openvino
from redaction.evaluation import EvaluatedPage, average_precision
from redaction.pages.image import page_from_file

logger = logging.getLogger(__name__)

MAX_AP_LOSS = 0.005
"""On the validation pages, for AP and for AP50."""
MAX_CALIBRATION_PAGES = 100
"""Training pages that calibrate the ranges of the activations."""


def quantize_if_accurate(
    detector: Detector, evaluated: list[EvaluatedPage], train: Dataset, predict: Callable[[Detector], list[EvaluatedPage]]
) -> tuple[list[EvaluatedPage], dict[str, float]]:
    """Replace the OpenVINO export in the detector's folder by its 8-bit version, unless it loses too much AP or AP50.

    Args:
        detector: not sealed yet, because its folder may change.
        evaluated: its detections on the validation pages.
        train: the pages for the calibration.
        predict: runs a detector on the validation pages.

    Returns:
        The detections of the export that is kept, and the metrics ``int8`` (1 if that is the 8-bit export, otherwise 0),
        ``int8_ap`` and ``int8_ap50`` (of the 8-bit export, in either case).
    """
    pages = train.pages[:: max(1, len(train.pages) // MAX_CALIBRATION_PAGES)][:MAX_CALIBRATION_PAGES]
    prepare = detector.manifest.preprocessing.prepare
    inputs = [prepare(page_from_file(train.image_path(page)))[0][None] for page in pages]
    with tempfile.TemporaryDirectory(dir=detector.folder.parent) as temporary:
        folder = Path(temporary)
        quantize(detector.path(OPENVINO), inputs, folder)
        quantized = predict(replace(detector, folder=folder))
        before, after = average_precision(evaluated), average_precision(quantized)
        kept = all((old or 0.0) - (new or 0.0) <= MAX_AP_LOSS for old, new in zip(before, after, strict=True))
        if kept:
            for path in folder.iterdir():
                shutil.copyfile(path, detector.folder / path.name)
    ap, ap50 = (value or 0.0 for value in after)
    logger.info("8-bit export: AP50 %.3f, AP %.3f; %s", ap50, ap, "used" if kept else "not used, because it loses too much")
    return (quantized if kept else evaluated), {"int8": float(kept), "int8_ap": ap, "int8_ap50": ap50}


def quantize(exported: Path, pages: Sequence[NDArray[np.float32]], folder: Path) -> None:
    """Write an OpenVINO model with weights and activations in 8 bits (post-training quantization with NNCF).

    Args:
        exported: the exact model.
        pages: prepared pages for the calibration, each (1, 3, height, width).
        folder: where to write the new model; its file has the same name as `exported`.
    """
    openvino: Any = import_openvino()
    import nncf

    nncf.set_log_level(logging.ERROR)
    # decoding boxes from points and distances needs full precision
    decoding = nncf.IgnoredScope(types=["Exp", "Subtract", "Add", "Multiply", "Divide", "Clamp", "Sigmoid"], validate=False)
    model = nncf.quantize(
        openvino.Core().read_model(exported),
        nncf.Dataset(pages),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pages),
        ignored_scope=decoding,
    )
    openvino.save_model(model, folder / exported.name, compress_to_fp16=False)
