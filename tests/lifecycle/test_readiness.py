"""What a training would fail on is found before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from redaction.detection.profiles import TrainingConfig
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.lifecycle.readiness import require_initial_weights


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"init": "scratch", "profile": "base"}, None),
        ({"init": "starter"}, None),
        ({"init": str(starter_detector().folder)}, None),
        ({"init": "starter", "profile": "base"}, "init: starter needs profile: nano, not base"),
        ({"init": "coco", "profile": "nano"}, "init: coco needs profile: base, not nano"),
        ({"init": "stater"}, "stater does not exist"),
        ({"init": str(starter_detector().folder), "profile": "small"}, "fit the profile small"),
    ],
)
def test_initial_weights_that_do_not_fit_the_profile_are_refused(
    settings: dict[str, str], message: str | None, tmp_path: Path
) -> None:
    config = TrainingConfig.model_validate(settings)
    if message is None:
        require_initial_weights(config, tmp_path)
    else:
        with pytest.raises(RedactionError, match=message):
            require_initial_weights(config, tmp_path)
