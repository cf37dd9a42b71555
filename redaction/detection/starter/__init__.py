"""The starter: the detector that ships with the program, trained on synthetic pages only.

It works right after installation, and trainings of the same profile can start from its weights (``init: starter``).
``redaction starter`` trains it; see `redaction.training.starter_recipe`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from redaction.detection.artifact import Detector
from redaction.detection.profiles import ProfileName

STARTER_PROFILE: ProfileName = "nano"


def starter_detector() -> Detector:
    """The detector that ships with the program: for OpenVINO, or for ONNX Runtime where OpenVINO is not installed.

    Both have the same weights and version; only the one for OpenVINO has the weights as a file, too.

    Raises:
        RedactionError: the installation is incomplete, or one of its files was changed.
    """
    folder = Path(__file__).parent / STARTER_PROFILE
    return Detector.load(folder if importlib.util.find_spec("openvino") else folder.with_name(f"{STARTER_PROFILE}-onnx"))
