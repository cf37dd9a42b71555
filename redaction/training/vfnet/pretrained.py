"""The weights that a training starts from."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from icevision.models.mmdet import vfnet
from safetensors.torch import load_file
from torch import Tensor, nn

from redaction.detection.artifact import WEIGHTS, Detector
from redaction.detection.profiles import TrainingConfig
from redaction.detection.starter import STARTER_PROFILE, starter_detector
from redaction.errors import RedactionError
from redaction.files import sha256_of_file
from redaction.training.vfnet.model import build_model

logger = logging.getLogger(__name__)

SHARE_THAT_MUST_FIT = 0.9
"""Of all numbers in the network. The last layer of COCO's network scores 80 classes and never fits."""


def initial_model(config: TrainingConfig, downloads: Path) -> nn.Module:
    """The network of the config's profile, with the weights that `config.init` names.

    Args:
        downloads: folder for what is downloaded (only with ``init: coco``).

    Raises:
        RedactionError: the weights cannot be had, or belong to another profile.
    """
    torch.manual_seed(config.seed)
    if config.init == "scratch":
        return build_model(config.shape)
    coco = config.init == "coco"
    model = build_model(config.shape, pretrained=coco)
    weights = _coco_weights(config, downloads) if coco else load_file(_file_of(config))
    _load_what_fits(model, weights, config)
    return model


def initial_weights_digest(config: TrainingConfig) -> str:
    """SHA-256 of the file that the training starts from; empty where it starts from none, or from a download that is checked."""
    return "" if config.init in ("scratch", "coco") else sha256_of_file(_file_of(config))


def _coco_weights(config: TrainingConfig, downloads: Path) -> dict[str, Tensor]:
    if config.profile != "base":
        raise RedactionError(f"init: coco needs profile: base, not {config.profile}; use init: scratch, or a detector's folder.")
    url = vfnet.backbones.resnet50_fpn_mstrain_2x.weights_url
    try:
        # the file's name ends in the beginning of its SHA-256, which is checked; only tensors are read from it
        saved = torch.hub.load_state_dict_from_url(url, str(downloads), "cpu", False, check_hash=True, weights_only=True)
    except OSError as fault:
        raise RedactionError(f"mmdet's COCO weights cannot be fetched from {url} ({fault}); use init: scratch.") from fault
    weights: dict[str, Tensor] = saved["state_dict"]
    return weights


def _file_of(config: TrainingConfig) -> Path:
    if config.init == "starter":
        if config.profile != STARTER_PROFILE:
            raise RedactionError(
                f"init: starter needs profile: {STARTER_PROFILE}, not {config.profile}; give scratch, or a detector's folder."
            )
        return starter_detector().path(WEIGHTS)
    path = Path(config.init)
    if path.is_dir():
        path = Detector.load(path).path(WEIGHTS)
    if not path.is_file():
        known = "`starter`, `scratch`, `coco`, a detector's folder or a safetensors file"
        raise RedactionError(f"init: {path} is not there; give {known}.")
    if path.suffix != ".safetensors":
        raise RedactionError(f"init: {path} is not a .safetensors file; other formats can run code when they are read.")
    return path


def _load_what_fits(model: nn.Module, weights: dict[str, Tensor], config: TrainingConfig) -> None:
    wanted = model.state_dict()
    fitting = {name: tensor for name, tensor in weights.items() if name in wanted and wanted[name].shape == tensor.shape}
    share = sum(wanted[name].numel() for name in fitting) / sum(tensor.numel() for tensor in wanted.values())
    if share < SHARE_THAT_MUST_FIT:
        raise RedactionError(f"init: only {share:.0%} of the weights of {config.init} fit the profile {config.profile}.")
    model.load_state_dict(fitting, strict=False)
    logger.info("%d of %d tensors taken from %s", len(fitting), len(wanted), config.init)
