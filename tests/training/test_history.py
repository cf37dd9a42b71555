"""The history of a training says which epoch the detector has its weights from."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from redaction.training.history import read_history, write_history


def epoch(ap: float) -> dict[str, float]:
    return {"train_loss": 1.0, "validation_loss": 1.0, "ap": ap, "ap50": ap, "ar": ap}


@pytest.mark.parametrize(("aps", "best"), [([0.1], 1), ([0.1, 0.3, 0.2], 2), ([0.3, 0.3, 0.1], 2)])
def test_the_last_of_the_epochs_with_the_highest_ap_is_the_best(tmp_path: Path, aps: list[float], best: int) -> None:
    write_history(tmp_path, [epoch(ap) for ap in aps])
    assert read_history(tmp_path).best == best


def test_a_metric_that_the_page_does_not_know_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        write_history(tmp_path, [epoch(0.1) | {"recal": 0.2}])
