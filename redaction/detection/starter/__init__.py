"""The starter: the detector that ships with the program, trained on synthetic pages only.

It works right after installation, and trainings of the same profile can start from its weights (``init: starter``).
``redaction starter`` trains it; see `redaction.training.starter_recipe`.
"""

from __future__ import annotations

from pathlib import Path

from redaction.detection.artifact import Detector
from redaction.detection.profiles import ProfileName

STARTER_PROFILE: ProfileName = "nano"


def starter_detector() -> Detector:
    """The detector that ships with the program.

    Raises:
        RedactionError: the installation is incomplete, or one of its files was changed.
    """
    return Detector.load(Path(__file__).parent / STARTER_PROFILE)
