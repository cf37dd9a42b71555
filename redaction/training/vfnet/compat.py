"""What IceVision 0.12 (2022) needs before it can be imported beside the torch of today, without compiled mmcv or a network.

Four things stand in its way. mmcv's *lite* build has no ``mmcv._ext``, whose operators ``mmcv.ops`` asserts to exist at import.
VFNet's star convolution asks mmcv for a deformable convolution, which torchvision has too, with the same layout of offsets. And
IceVision downloads mmdet's configs and a font into ``~/.icevision`` at import, though both lie in packages that are installed.
Last, it imports a name from Python's `turtle` by mistake, and that needs Tk, which many servers' Pythons lack.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

MMDET_CONFIGS = "mmdetection_configs/mmdetection_configs-2.20.1"
"""Where IceVision 0.12 looks for mmdet's configs, below its root folder."""


def prepare_icevision() -> None:
    """Make ``import icevision`` work: no network, nothing in the user's home. A second call does nothing."""
    # OpenMP's threads spin while they wait for each other. Where anything else wants a core, the one that is waited for does not
    # get it, and the training crawls: an epoch of 25 s was seen to take minutes. Read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "icevision.utils.data_dir" in sys.modules:
        return
    root = Path(tempfile.mkdtemp(prefix="redaction-icevision-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    _quieten()
    _provide_turtle()
    with _caches_in(root):
        _provide_mmcv_operators()
        _provide_icevision_root(root)


def _quieten() -> None:
    """Hold back what says nothing to a person: mmcv's pages of initialization, IceVision's notes, old syntax in old packages."""
    from loguru import logger

    logger.disable("icevision")
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    for package in ("mmcv", "mmdet", "icevision", "fastai", "albumentations", "torch.functional"):
        warnings.filterwarnings("ignore", module=rf"{package}(\..*)?$")


@contextmanager
def _caches_in(root: Path) -> Iterator[None]:
    """While mmcv is imported, yapf (which it imports) keeps its grammar here and not in the user's home."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(root / "cache")
    try:
        yield
    finally:
        del os.environ["XDG_CACHE_HOME"]
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before


def _provide_turtle() -> None:
    try:
        importlib.import_module("turtle")
    except ImportError:
        turtle = ModuleType("turtle")
        vars(turtle)["back"] = None
        sys.modules["turtle"] = turtle


class _Operators(ModuleType):
    """Stands for mmcv's compiled module: whatever operator is asked for, it is there, and says so when it is really called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_: Any, **__: Any) -> Any:
            raise RuntimeError(f"mmcv's compiled operator {name!r} is not installed, and VFNet does not need it")

        return missing


def _provide_mmcv_operators() -> None:
    import mmcv
    from torchvision.ops import nms

    # else mmcv lists how each of some hundred tensors was initialized, and lets the root logger's handlers show errors only
    for name in ("mmcv", "mmdet"):
        mmcv.utils.logging.logger_initialized[name] = True
        logging.getLogger(name).setLevel(logging.ERROR)

    def nms_of_mmcv(boxes: Any, scores: Any, iou_threshold: float, offset: int) -> Any:
        if offset:
            raise ValueError("boxes whose right edge lies inside them (offset=1) are not supported")
        return nms(boxes, scores, iou_threshold)

    operators = _Operators("mmcv._ext")
    operators.nms = nms_of_mmcv  # type: ignore[attr-defined]
    sys.modules["mmcv._ext"] = operators
    mmcv._ext = operators
    vars(importlib.import_module("mmcv.ops.deform_conv"))["deform_conv2d"] = _deform_conv2d


def _deform_conv2d(input: Any, offset: Any, weight: Any, stride: Any, padding: Any, dilation: Any, *_: Any) -> Any:
    """A deformable convolution under mmcv's name: torchvision's where it is fast, sampling and a product on a CPU in training.

    torchvision computes the gradient on one core only, which made up half of a training step; `grid_sample` uses them all.
    """
    from torchvision.ops import deform_conv2d

    if input.is_cuda or not input.requires_grad:
        return deform_conv2d(input, offset, weight, stride=stride, padding=padding, dilation=dilation)
    return sampled_convolution(input, offset, weight)


def sampled_convolution(input: Any, offset: Any, weight: Any) -> Any:
    """Deformable 3 x 3 convolution with stride 1 and padding 1, by bilinear sampling; what lies outside the input counts as 0.

    Args:
        input: (n, c, height, width).
        offset: (n, 18, height, width), (y, x) for each of the nine taps, in pixels, added to the tap's regular place.
        weight: (out, c, 3, 3).
    """
    import torch
    from torch.nn.functional import grid_sample

    n, channels, height, width = input.shape
    taps = torch.arange(-1.0, 2.0, device=input.device, dtype=input.dtype)
    steps = offset.reshape(n, 9, 2, height, width)
    y = steps[:, :, 0] + taps.repeat_interleave(3).view(1, 9, 1, 1) + torch.arange(height, dtype=input.dtype).view(1, 1, -1, 1)
    x = steps[:, :, 1] + taps.repeat(3).view(1, 9, 1, 1) + torch.arange(width, dtype=input.dtype).view(1, 1, 1, -1)
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1).view(n, 9 * height, width, 2)
    sampled = grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    columns = sampled.reshape(n, channels * 9, height * width)
    return (weight.reshape(weight.shape[0], -1) @ columns).view(n, -1, height, width)


def _provide_icevision_root(root: Path) -> None:
    """Put a folder of this process in the place of ``~/.icevision``, with the configs and the font already in it."""
    import mmdet

    os.environ.setdefault("MPLCONFIGDIR", str(root / "matplotlib"))
    configs = root / MMDET_CONFIGS
    configs.mkdir(parents=True)
    (configs / "configs").symlink_to(Path(mmdet.__file__).parent / ".mim" / "configs")
    (root / "data").mkdir()
    (root / "fonts").mkdir()
    (root / "fonts" / "SpaceGrotesk-Medium.ttf").symlink_to(_some_font())
    data_dir = ModuleType("icevision.utils.data_dir")
    vars(data_dir).update(__all__=["get_data_dir", "get_root_dir"], get_root_dir=lambda: root, get_data_dir=lambda: root / "data")
    sys.modules["icevision.utils.data_dir"] = data_dir


def _some_font() -> Path:
    """matplotlib ships DejaVu Sans; found without importing matplotlib, which would look for its cache in the home folder."""
    import importlib.util

    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ImportError("matplotlib, which IceVision needs, is not installed")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
