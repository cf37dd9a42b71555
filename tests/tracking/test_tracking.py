"""Without an API key, tracking writes only below its folder and does not use the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

RUN = """
import sys
import numpy as np
from pathlib import Path
from redaction.pages.geometry import Detections
from redaction.tracking import TrackedPage, start_tracking
folder = Path(sys.argv[1])
page = TrackedPage("a", np.full((40, 30, 3), 200, np.uint8), np.array([[1, 2, 20, 9]], np.float32),
                   Detections(np.array([[1, 2, 21, 9]], np.float32), np.array([0.75], np.float32)))
with start_tracking({"epochs": 2}, folder) as tracker:
    tracker.log({"train_loss": 1.5, "ap50": 0.25}, 1)
    tracker.log_pages([page])
    if len(sys.argv) > 2:
        raise RuntimeError("the training failed")
"""


SHORT_WAIT = "import redaction.tracking; redaction.tracking.MAX_WANDB_INIT_S = 3\n"


def track(folder: Path, home: Path, *arguments: str, code: str = RUN, **variables: str) -> subprocess.CompletedProcess[str]:
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    # nothing listens at this address: a request would fail or hang
    environment |= {"HOME": str(home), "WANDB_BASE_URL": "http://127.0.0.1:9", "PYTHONPATH": "."} | variables
    command = [sys.executable, "-c", code, str(folder), *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_a_run_without_a_key_writes_only_to_its_folder(tmp_path: Path) -> None:
    done = track(tmp_path / "runs", tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "home").rglob("*"))
    (record,) = (tmp_path / "runs").rglob("run-*.wandb")
    written = record.read_bytes()
    assert b"ap50" in written
    assert list((tmp_path / "runs").rglob("media/images/*.png")), "the example page is missing"


def test_a_run_with_a_key_continues_offline_if_wandb_does_not_answer(tmp_path: Path) -> None:
    done = track(tmp_path / "runs", tmp_path / "home", code=SHORT_WAIT + RUN, WANDB_API_KEY="a" * 40)
    assert done.returncode == 0, done.stderr
    assert "W&B cannot be used" in done.stderr
    assert "a" * 40 not in done.stderr
    assert [path for path in (tmp_path / "runs").rglob("run-*.wandb") if b"ap50" in path.read_bytes()]


def test_an_exception_in_the_block_ends_the_run_and_is_raised(tmp_path: Path) -> None:
    done = track(tmp_path / "runs", tmp_path / "home", "fail")
    assert done.returncode == 1
    assert "the training failed" in done.stderr


@pytest.mark.parametrize("name", ["NoTracker", "WandbTracker"])
def test_every_tracker_has_the_same_methods(name: str) -> None:
    import redaction.tracking as tracking

    methods = {method for method in vars(tracking.Tracker) if method.startswith("log")}
    assert methods == {"log", "log_pages"} == {method for method in vars(getattr(tracking, name)) if method.startswith("log")}
