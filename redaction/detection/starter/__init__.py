"""The starter: a detector that ships with the program, trained on synthetic pages alone.

It finds redactions minutes after a clone, and is what a training of the same profile starts from (``init: starter``).
``redaction starter`` trains it again; see `redaction.training.starter_recipe`.
"""

from __future__ import annotations

from pathlib import Path

from redaction.detection.artifact import Detector
from redaction.detection.profiles import ProfileName

STARTER_PROFILE: ProfileName = "nano"


def starter_detector() -> Detector:
    """The detector that ships with the program.

    Raises:
        RedactionError: the installation is incomplete, or a file of it was changed.
    """
    return Detector.load(Path(__file__).parent / STARTER_PROFILE)
