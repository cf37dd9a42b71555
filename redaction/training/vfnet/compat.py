"""Makes IceVision 0.12 (2022) work with current versions of torch, without compiled mmcv and without a network.

It fixes four problems:

- mmcv's *lite* build has no ``mmcv._ext``, but ``mmcv.ops`` asserts at import that its operators exist.
- VFNet's star convolution uses mmcv's deformable convolution; torchvision has the same, with the same layout of offsets.
- IceVision downloads mmdet's configs and a font into ``~/.icevision`` at import, though installed packages contain both.
- IceVision imports a name from Python's `turtle` by mistake, which needs Tk; many servers have none.
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
"""Path of mmdet's configs below IceVision's root folder."""


def prepare_icevision() -> None:
    """Make ``import icevision`` work without a network and without files in the home folder. Idempotent."""
    # By default OpenMP's threads spin while they wait for each other. When another process needs a core, the thread that they
    # wait for does not get one: an epoch of 25 s took minutes. torch reads this variable when it is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "icevision.utils.data_dir" in sys.modules:
        return
    root = Path(tempfile.mkdtemp(prefix="redaction-icevision-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    _silence_library_noise()
    _provide_turtle()
    with _caches_in(root):
        _provide_mmcv_operators()
        _provide_icevision_root(root)


def _silence_library_noise() -> None:
    """Silence log lines and warnings that are irrelevant to users, such as deprecated syntax in old packages."""
    from loguru import logger

    logger.disable("icevision")
    # matplotlib logs that it builds its font cache, which is new in each process (see `_provide_icevision_root`)
    for name in ("torch.utils.cpp_extension", "matplotlib.font_manager"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for package in ("mmcv", "mmdet", "icevision", "fastai", "albumentations", "torch.functional"):
        warnings.filterwarnings("ignore", module=rf"{package}(\..*)?$")


@contextmanager
def _caches_in(root: Path) -> Iterator[None]:
    """Keep the grammar cache of yapf, which mmcv imports, out of the home folder."""
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


class _OperatorStubs(ModuleType):
    """Replaces mmcv's compiled module: every operator exists, and raises an error when it is called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_: Any, **__: Any) -> Any:
            raise RuntimeError(f"mmcv's compiled operator {name!r} is not installed; VFNet does not need it")

        return missing


def _provide_mmcv_operators() -> None:
    import mmcv
    from torchvision.ops import nms

    # otherwise mmcv logs the initialization of each tensor, and raises the level of the root logger's handlers to ERROR
    for name in ("mmcv", "mmdet"):
        mmcv.utils.logging.logger_initialized[name] = True
        logging.getLogger(name).setLevel(logging.ERROR)

    def nms_of_mmcv(boxes: Any, scores: Any, iou_threshold: float, offset: int) -> Any:
        if offset:
            raise ValueError("boxes that include their right and bottom edges (offset=1) are not supported; use offset=0")
        return nms(boxes, scores, iou_threshold)

    operators = _OperatorStubs("mmcv._ext")
    operators.nms = nms_of_mmcv  # type: ignore[attr-defined]
    sys.modules["mmcv._ext"] = operators
    mmcv._ext = operators
    vars(importlib.import_module("mmcv.ops.deform_conv"))["deform_conv2d"] = _deform_conv2d


def _deform_conv2d(input: Any, offset: Any, weight: Any, stride: Any, padding: Any, dilation: Any, *_: Any) -> Any:
    """Replacement for mmcv's deformable convolution: torchvision's, or `sampled_convolution` when training on a CPU.

    torchvision computes the gradient on one core only, which took half of a training step; `grid_sample` uses all cores.
    """
    from torchvision.ops import deform_conv2d

    if input.is_cuda or not input.requires_grad:
        return deform_conv2d(input, offset, weight, stride=stride, padding=padding, dilation=dilation)
    return sampled_convolution(input, offset, weight)


def sampled_convolution(input: Any, offset: Any, weight: Any) -> Any:
    """Deformable 3 x 3 convolution with stride 1 and padding 1, by bilinear sampling; values outside the input are 0.

    Args:
        input: (n, c, height, width).
        offset: (n, 18, height, width), (y, x) of each of the nine taps, in pixels, added to the tap's regular position.
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
    """Replace ``~/.icevision`` by a temporary folder that already contains the configs and the font."""
    import mmdet

    os.environ.setdefault("MPLCONFIGDIR", str(root / "matplotlib"))
    configs = root / MMDET_CONFIGS
    configs.mkdir(parents=True)
    (configs / "configs").symlink_to(Path(mmdet.__file__).parent / ".mim" / "configs")
    (root / "data").mkdir()
    (root / "fonts").mkdir()
    (root / "fonts" / "SpaceGrotesk-Medium.ttf").symlink_to(_dejavu_font())
    data_dir = ModuleType("icevision.utils.data_dir")
    vars(data_dir).update(__all__=["get_data_dir", "get_root_dir"], get_root_dir=lambda: root, get_data_dir=lambda: root / "data")
    sys.modules["icevision.utils.data_dir"] = data_dir


def _dejavu_font() -> Path:
    """DejaVu Sans from matplotlib's files, without importing matplotlib, which would create a cache in the home folder."""
    import importlib.util

    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ImportError("matplotlib is not installed, but IceVision needs it; install the project's dependencies")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
