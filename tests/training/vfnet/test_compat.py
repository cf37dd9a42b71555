"""IceVision can be imported without a network and Tk, writes nothing to the home folder, and its operators are correct."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

REPOSITORY = Path(__file__).parents[3]

WITHOUT_NETWORK_OR_TK = """
import logging, socket, sys
logging.basicConfig(level=logging.INFO)
sys.modules["tkinter"] = None
def refuse(*_): raise AssertionError("the network was used")
socket.socket.connect = socket.getaddrinfo = refuse
import redaction.training.vfnet
from icevision.all import *
from redaction.detection.profiles import PROFILES
from redaction.training.vfnet.model import build_model
build_model(PROFILES["base"])
import tempfile
print(*Path(tempfile.gettempdir()).glob("redaction-icevision-*"))
"""


def test_icevision_works_without_a_network_or_tk_and_leaves_no_files(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "MPLCONFIGDIR")}
    environment |= {"HOME": str(home), "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", WITHOUT_NETWORK_OR_TK]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "redaction-icevision-" in done.stdout, "the temporary folder was not there"
    assert not list(home.rglob("*"))
    assert not list(temporary.glob("redaction-icevision-*"))
    for library in ("mmcv", "matplotlib"):
        assert library not in done.stderr.lower(), f"{library} printed something"


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 12), st.integers(2, 12), st.integers(1, 3), st.floats(0, 6), st.integers(0, 99))
def test_sampling_computes_the_same_deformable_convolution_as_torchvision(
    height: int, width: int, batch: int, reach: float, seed: int
) -> None:
    import torch
    from torchvision.ops import deform_conv2d

    from redaction.training.vfnet.compat import sampled_convolution

    torch.manual_seed(seed)
    inputs = torch.randn(batch, 4, height, width, dtype=torch.float64, requires_grad=True)
    offset = (torch.randn(batch, 18, height, width, dtype=torch.float64) * reach).requires_grad_()
    weight = torch.randn(5, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    expected = deform_conv2d(inputs, offset, weight, padding=1)
    computed = sampled_convolution(inputs, offset, weight)
    torch.testing.assert_close(computed, expected)
    gradients = (torch.autograd.grad((out**2).sum(), (inputs, weight)) for out in (computed, expected))
    torch.testing.assert_close(*gradients)


def test_calling_a_missing_operator_raises_an_error_that_names_it() -> None:
    import mmcv

    import redaction.training.vfnet  # noqa: F401

    with pytest.raises(RuntimeError, match="'roi_align_forward' is not installed"):
        mmcv._ext.roi_align_forward()
