"""Check before a training that its initial weights can be used: without that it would fail after the pages were made."""

from __future__ import annotations

from pathlib import Path

from redaction.detection.profiles import TrainingConfig
from redaction.detection.starter import STARTER_PROFILE, starter_detector


def require_initial_weights(config: TrainingConfig, downloads: Path) -> None:
    """Check that the weights which `config.init` names are there, and belong to the config's profile.

    Weights other than the starter's are loaded into the network, by the code of the training itself.

    Args:
        config: of the training.
        downloads: folder for downloads (only with ``init: coco``).

    Raises:
        RedactionError: they cannot be used.
    """
    if config.init == "scratch":
        return
    if config.init == "starter" and config.profile == STARTER_PROFILE:
        starter_detector()
        return
    # slow to import, and not needed for the two most frequent choices
    from redaction.training.vfnet.pretrained import initial_model

    initial_model(config, downloads)
